//! The binary `hansom`: serves a city, mints tokens, lists settings.
//!
//! Lives here: commands, flags, the banner, signals, exit codes.
//! Stays out: everything else; see the library.
//! Touch with care: exit codes. 0 stopped as asked, 1 something outside is wrong, 2 what was said to it is wrong.

mod asking;
mod cli;
mod comfort;
mod letters;
mod ops;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use gateway::{BadSetting, Given, Mode, SecretFrom, ServeError, Server, Settings, describe_keys};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use asking::ask;
use cli::{Cli, Command, Copying, Health, Migrate, Serve, Token};

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(flags) => serve(&flags),
        Command::Token(flags) => token(&flags),
        Command::Health(flags) => health(&flags),
        Command::Migrate(flags) => migrate(&flags),
        Command::Backup(flags) => copying(&flags, true),
        Command::Restore(flags) => copying(&flags, false),
        Command::Events(flags) => letters::events(&flags),
        Command::Ops(flags) => ops::ops(&flags),
        Command::Settings => say(&describe_keys()).map_err(Failure::from),
        Command::Config(flags) => comfort::config(&flags),
        Command::Doctor(flags) => comfort::doctor(&flags),
        Command::Completions { shell } => comfort::completions(shell),
        Command::Man => comfort::manual(),
        Command::Openapi => say(gateway::openapi()).map_err(Failure::from),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { code, message }) => {
            let _ = writeln!(io::stderr(), "hansom: {message}");
            ExitCode::from(code)
        }
    }
}

/// Why the process ends, in words and as an exit code.
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn of(code: u8, error: &dyn Error) -> Failure {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Failure { code, message }
    }
}

impl From<BadSetting> for Failure {
    fn from(bad: BadSetting) -> Failure {
        Failure::of(2, &bad)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::of(1, &error)
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Failure {
        let code = match &error {
            ServeError::Setting(_)
            | ServeError::Secret(_)
            | ServeError::Keys(_)
            | ServeError::Tls(_)
            | ServeError::File(_)
            | ServeError::Policy(_) => 2,
            ServeError::Chance
            | ServeError::Listen { .. }
            | ServeError::Store(_)
            | ServeError::City(_)
            | ServeError::Metrics(_)
            | ServeError::Events(_) => 1,
        };
        Failure::of(code, &error)
    }
}

// ---- hansom serve ------------------------------------------------------------------------------------------------

fn serve(flags: &Serve) -> Result<(), Failure> {
    let layers = flags.layers()?;
    let settings = layers.settings()?;
    gateway::start_logs(&settings);
    raise_open_files(&settings);
    if settings.secret == SecretFrom::Dev {
        warn_of_dev_mode(&settings);
    } else if settings.mode == Mode::Development {
        warn!("development mode: --mode production, or mode = \"production\", refuses what is unsafe for people");
    }
    // The doors have a runtime of their own; the actors bring their own threads.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(settings.door_threads).enable_all().thread_name("doors").build()?;
    runtime.block_on(async {
        // Before anything is opened, so that no signal finds the process without an ear for it.
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut hang_up = signal(SignalKind::hangup())?;
        let server = tokio::select! {
            server = gateway::serve(settings.clone(), Given { layers: Some(layers), ..Given::default() }) => server?,
            () = either(&mut terminate, &mut interrupt) => return Ok(()),
        };
        if let Err(error) = say(&banner(&server, &settings)) {
            warn!(%error, "nobody reads the banner");
        }
        loop {
            tokio::select! {
                () = either(&mut terminate, &mut interrupt) => break,
                _ = hang_up.recv() => reread(flags, &server).await,
            }
        }
        info!("told to stop; a second signal stops at once");
        let leave = async {
            server.drain(settings.drain_window).await;
            server.stop().await;
        };
        tokio::select! {
            () = leave => Ok(()),
            () = either(&mut terminate, &mut interrupt) => {
                warn!("told to stop at once: what was acknowledged is in the store");
                Err(Failure { code: 1, message: "stopped at once".to_owned() })
            }
        }
    })
}

/// Reads the settings anew, as they are asked to be by SIGHUP. What is wrong with them changes nothing.
async fn reread(flags: &Serve, server: &Server) {
    match flags.layers() {
        Ok(layers) => match server.reread(layers).await {
            Ok(changed) => info!(changed, "the settings are read anew: those of the policy count"),
            Err(why) => warn!(%why, "the settings were read anew, and cannot be: nothing is changed"),
        },
        Err(why) => warn!(%why, "the settings cannot be read anew: nothing is changed"),
    }
}

/// Each connection is an open file: the limit is raised as far as the system lets us.
fn raise_open_files(settings: &Settings) {
    match gateway::raise_open_files() {
        Ok(files) if files.hold(settings.limits.connections, gateway::FILES_BESIDE_CONNECTIONS) => {
            info!(before = ?files.before, now = ?files.now, "open files");
        }
        Ok(files) => warn!(
            now = ?files.now,
            "limits.connections is {}, but fewer files may be open: raise the hard limit (ulimit -Hn, LimitNOFILE)",
            settings.limits.connections
        ),
        Err(error) => warn!(%error, "the limit of open files cannot be raised"),
    }
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn warn_of_dev_mode(settings: &Settings) {
    let path = settings.data_dir.join("dev-secret");
    let stars = "*".repeat(70);
    let said = [
        "DEVELOPMENT TOKENS ARE ON. Whoever can read the file below can",
        "be any driver, any rider, and ops. Never serve people like this:",
        "give a secret with HANSOM_JWT_SECRET_FILE.",
    ];
    let said = said.map(|line| format!("  ** {line:<64} **")).join("\n");
    let _ = writeln!(io::stderr(), "\n  {stars}\n{said}\n  {stars}\n  {}\n", path.display());
}

/// How what is said comes and goes.
fn wire(settings: &Settings) -> &'static str {
    if settings.tls.certificate.is_some() { "over TLS" } else { "in plain text from a proxy that encrypts" }
}

fn banner(server: &Server, settings: &Settings) -> String {
    let (url, data) = (server.url(), settings.data_dir.display());
    let dev = settings.secret == SecretFrom::Dev;
    let (mode, issuer) = (settings.mode.as_str(), &settings.tokens.issuer);
    let mode = match (settings.mode, dev, settings.time_scale) {
        (Mode::Development, true, 1.0) => format!("{mode}: tokens of this machine are taken"),
        (Mode::Development, true, scale) => format!("{mode}: the city's clock runs {scale} times as fast as life"),
        (Mode::Development, false, _) => {
            format!("{mode}: tokens issued by {issuer} are taken; --mode production refuses what is unsafe")
        }
        (Mode::Production, ..) => format!("{mode}: tokens issued by {issuer} are taken, {}", wire(settings)),
    };
    let store = if settings.postgres.is_some() { "Postgres".to_owned() } else { format!("SQLite in {data}") };
    let store = if settings.redis.is_some() { format!("{store}, snapshots in Redis") } else { store };
    let version = env!("CARGO_PKG_VERSION");
    let mint = if dev {
        format!("hansom token --driver ann --data-dir {data}")
    } else {
        "hansom token --driver ann".to_owned()
    };
    format!(
        "hansom {version} listens at {url}\nstore    {store}\nmode     {mode}\ndocs     {url}/docs\ntoken    {mint}\n"
    )
}

// ---- hansom migrate ----------------------------------------------------------------------------------------------

fn migrate(flags: &Migrate) -> Result<(), Failure> {
    let settings = flags.layers()?.settings()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(gateway::migrate(&settings)).map_err(|why| Failure::of(1, &why))?;
    say("the schema is that of this version\n")?;
    Ok(())
}

// ---- hansom backup, hansom restore ---------------------------------------------------------------------------------

fn copying(flags: &Copying, out: bool) -> Result<(), Failure> {
    let settings = flags.store.layers()?.settings()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        if out { gateway::backup(&settings, &flags.file).await } else { gateway::restore(&settings, &flags.file).await }
    });
    done.map_err(|why| Failure::of(1, &why))?;
    let file = flags.file.display();
    Ok(say(&if out { format!("the store is copied to {file}\n") } else { format!("the store is that of {file}\n") })?)
}

// ---- hansom token ------------------------------------------------------------------------------------------------

fn token(flags: &Token) -> Result<(), Failure> {
    let who = flags.who().map_err(|wrong| Failure::of(2, &wrong))?;
    let settings = flags.layers()?.settings()?;
    let secret = gateway::secret(&settings).map_err(|wrong| Failure::of(2, &wrong))?;
    if !settings.tokens.takes_the_secret() {
        warn_of_other_signers(&settings);
    }
    let keys = gateway::Keys::of_secret(&secret, &settings.tokens);
    let token = keys.mint(&who, flags.ttl.0).map_err(|wrong| Failure::of(1, &wrong))?;
    Ok(say(&format!("{token}\n"))?)
}

fn warn_of_other_signers(settings: &Settings) {
    let taken: Vec<&str> = settings.tokens.taken().iter().map(|algorithm| algorithm.as_str()).collect();
    let taken = taken.join(", ");
    let _ = writeln!(
        io::stderr(),
        "hansom: a server of these settings takes tokens signed with {taken}, made by whoever holds the private key; \
         this one is signed with HS256, and taken only where jwt_algorithms names that, too"
    );
}

// ---- hansom health -----------------------------------------------------------------------------------------------

fn health(flags: &Health) -> Result<(), Failure> {
    let answer = ask(&flags.url, "GET /readyz", None)?;
    if answer.is_good() {
        return Ok(say("ready\n")?);
    }
    Err(Failure { code: 1, message: format!("{} is not ready: {}", asking::host(&flags.url)?, answer.status) })
}

/// What a command has to say goes to standard output, where it can be piped on; everything else to standard error.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
