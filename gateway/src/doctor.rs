//! What is wrong with these settings on this machine, and what to do about it: `hansom doctor`.
//!
//! Lives here: one check for each thing a server needs, before it is started.
//! Stays out: how a finding is shown (the binary).
//! Touch with care: a check changes nothing and holds nothing afterwards. It may run beside a server that works.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use persistence::PostgresStore;
use redis::{AsyncConnectionConfig, Client};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::auth::{probe, public_keys};
use crate::config::{Mode, RedisUrl, SecretFrom, Settings};
use crate::files::{FILES_BESIDE_CONNECTIONS, raise_open_files};
use crate::problem::chain;
use crate::server::secret;
use crate::tls::{RENEW_WITHIN, load};
use crate::travel::{travel, worth};

/// How long a database may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Clocks that differ by more than this make tokens invalid and positions old.
const CLOCKS_APART: Duration = Duration::from_secs(1);

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// A server starts, but not as one for people.
    Doubtful,
    /// A server does not start, or does not work.
    Bad,
}

/// What was found about one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub about: &'static str,
    /// How bad it is.
    pub verdict: Verdict,
    /// What was found; never a secret.
    pub found: String,
    /// What to do, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Finding {
    fn good(about: &'static str, found: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Good, found: found.into(), advice: None }
    }

    fn doubtful(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Doubtful, found: found.into(), advice: Some(advice.into()) }
    }

    fn bad(about: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Finding {
        Finding { about, verdict: Verdict::Bad, found: found.into(), advice: Some(advice.into()) }
    }
}

/// Looks at everything a server with these settings needs. The settings themselves are checked already.
pub async fn diagnose(settings: &Settings) -> Vec<Finding> {
    let mut findings = tokens(settings).await;
    findings.extend([mode(settings), encryption(settings)]);
    findings.extend(open_to_all(settings));
    findings.extend([clock_rate(settings), address(settings).await, store(settings).await]);
    if let Some(url) = &settings.redis {
        findings.extend(redis("redis", url).await);
    }
    if let Some(url) = &settings.events.redis {
        findings.extend(redis("events.redis", url).await);
    }
    findings.extend([files(settings), open_files(settings), clock()]);
    findings
}

/// Whether tokens can be checked, and by what.
async fn tokens(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let issuer = &settings.tokens.issuer;
    if let Some(path) = &settings.tokens.public_key_file {
        findings.push(match public_keys(path) {
            Ok(keys) => Finding::good("tokens", format!("checked with {} public keys, issued by {issuer}", keys.len())),
            Err(wrong) => Finding::bad("tokens", chain(&wrong), "correct the setting jwt_public_key_file"),
        });
    }
    if let Some(from) = &settings.tokens.jwks {
        findings.push(match probe(from).await {
            Ok(keys) => Finding::good("tokens", format!("checked with the {keys} keys at {from}, issued by {issuer}")),
            Err(wrong) => {
                Finding::bad("tokens", chain(&wrong), "correct the setting jwt_jwks, or start who publishes it")
            }
        });
    }
    // A secret for development is not asked for: that would make it.
    findings.push(match &settings.secret {
        SecretFrom::Dev if settings.tokens.takes_the_secret() => Finding::doubtful(
            "tokens",
            "for development: whoever reads the data directory can be anybody",
            "for people, give a secret: jwt_secret_file, or HANSOM_JWT_SECRET_FILE",
        ),
        SecretFrom::Dev => Finding::doubtful(
            "quotes",
            "signed with a secret for development: a quote of one node is none of another's",
            "give all nodes one secret: jwt_secret_file, or HANSOM_JWT_SECRET_FILE",
        ),
        SecretFrom::Given(_) | SecretFrom::File(_) => match secret(settings) {
            Ok(_) => Finding::good("secret", format!("there is one; tokens are issued by {issuer}")),
            Err(wrong) => Finding::bad("secret", chain(&wrong), "make the file readable, 32 to 4096 bytes"),
        },
    });
    findings
}

fn mode(settings: &Settings) -> Finding {
    if settings.mode == Mode::Production {
        return Finding::good("mode", "production: what is unsafe for people stops the start");
    }
    Finding::doubtful("mode", "development: nothing unsafe is refused", "for people, set mode = \"production\"")
}

/// Whether what is said can be overheard.
fn encryption(settings: &Settings) -> Finding {
    match (&settings.tls.certificate, &settings.tls.key) {
        (Some(certificate), Some(key)) => match load(certificate, key) {
            Ok(pair) => ends(certificate, pair.ends_in_s()),
            Err(wrong) => Finding::bad("tls", chain(&wrong), "correct tls.certificate and tls.key"),
        },
        _ if settings.tls.behind_proxy => Finding::good("tls", "a proxy or a mesh in front encrypts"),
        _ => Finding::doubtful(
            "tls",
            "what is said goes in plain text, tokens and places among it",
            "set tls.certificate and tls.key, or tls.behind_proxy where a proxy or a mesh encrypts",
        ),
    }
}

/// Whether the certificate, which fits its key, is good for long enough.
fn ends(certificate: &Path, ends_in_s: i64) -> Finding {
    const RENEW: &str = "renew it; a server takes the new files up without a restart";
    let (shown, days) = (certificate.display(), ends_in_s / 86_400);
    match ends_in_s {
        ..=0 => Finding::bad("tls", format!("the certificate in {shown} has ended"), RENEW),
        _ if ends_in_s < RENEW_WITHIN.as_secs() as i64 => {
            Finding::doubtful("tls", format!("the certificate in {shown} ends in {days} days"), RENEW)
        }
        _ => Finding::good("tls", format!("the certificate in {shown} and its key fit, for {days} days to come")),
    }
}

/// Secrets in files that everybody on this machine may read.
fn open_to_all(settings: &Settings) -> Option<Finding> {
    let secret = match &settings.secret {
        SecretFrom::File(path) => Some(path),
        SecretFrom::Dev | SecretFrom::Given(_) => None,
    };
    let is_open = |path: &&PathBuf| std::fs::metadata(path).is_ok_and(|file| file.mode() & 0o007 != 0);
    let open = [secret, settings.tls.key.as_ref()].into_iter().flatten().find(is_open)?;
    let found = format!("{} can be read by everybody on this machine", open.display());
    Some(Finding::doubtful("secrets", found, "take that right away: chmod o= on the file"))
}

fn clock_rate(settings: &Settings) -> Finding {
    if settings.time_scale == 1.0 {
        return Finding::good("time_scale", "the city's clock runs as life does");
    }
    let found = format!("the city's clock runs {} times as fast as life", settings.time_scale);
    Finding::doubtful("time_scale", found, "leave time_scale out, unless it is a simulation")
}

async fn address(settings: &Settings) -> Finding {
    match TcpListener::bind(settings.listen).await {
        Ok(_) => Finding::good("listen", format!("{} is free", settings.listen)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Finding::doubtful(
            "listen",
            format!("{} is in use", settings.listen),
            "if no server of yours is at work there, choose another address, or stop who holds it",
        ),
        Err(error) => {
            let found = format!("{}: {error}", settings.listen);
            Finding::bad("listen", found, "choose an address of this machine, and a port you may listen at")
        }
    }
}

async fn store(settings: &Settings) -> Finding {
    let Some(url) = &settings.postgres else { return data_directory(&settings.data_dir) };
    let opened =
        timeout(ANSWERS_WITHIN, PostgresStore::open_with(url.address(), settings.postgres_async_standby)).await;
    match opened {
        Ok(Ok(store)) => {
            store.close().await;
            Finding::good("store", "Postgres answers, and its schema is that of this version")
        }
        Ok(Err(why)) => {
            Finding::bad("store", chain(&why), "see the cause; `hansom migrate` brings an older schema up to date")
        }
        Err(_) => Finding::bad("store", "Postgres does not answer", "start it, or correct the setting postgres"),
    }
}

/// Whether SQLite can work there. The file itself is not opened: a server may be at work on it.
fn data_directory(directory: &Path) -> Finding {
    let shown = directory.display();
    let existing = directory.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let probe = existing.join(format!(".hansom-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"probe").and_then(|()| std::fs::remove_file(&probe));
    match written {
        Ok(()) if directory.is_dir() => Finding::good("store", format!("SQLite in {shown}, which can be written")),
        Ok(()) => Finding::good("store", format!("SQLite in {shown}, which will be made")),
        Err(error) => {
            let found = format!("SQLite in {shown}: {} cannot be written: {error}", existing.display());
            Finding::bad("store", found, "make it writable for this user, or set data_dir")
        }
    }
}

/// Whether Redis answers, and whether its clock and ours agree.
async fn redis(about: &'static str, url: &RedisUrl) -> Vec<Finding> {
    let asked = async {
        let patience = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWERS_WITHIN))
            .set_response_timeout(Some(ANSWERS_WITHIN));
        let mut connection =
            Client::open(url.address())?.get_multiplexed_async_connection_with_config(&patience).await?;
        redis::cmd("TIME").query_async::<(u64, u64)>(&mut connection).await
    };
    match asked.await {
        Ok((seconds, micros)) => {
            let theirs = Duration::from_secs(seconds) + Duration::from_micros(micros);
            let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let apart = ours.abs_diff(theirs);
            let answers = Finding::good(about, "Redis answers");
            if apart <= CLOCKS_APART {
                return vec![answers];
            }
            let found = format!("this machine's clock and Redis's are {:.1} s apart", apart.as_secs_f64());
            vec![answers, Finding::doubtful("clock", found, "let both be set by NTP")]
        }
        // Without snapshots a recovery is only colder, and events wait: a server starts all the same.
        Err(error) => {
            let advice = format!("start it, or correct the setting {about}; a server works without, and says so");
            vec![Finding::doubtful(about, error.category().to_owned(), advice)]
        }
    }
}

fn files(settings: &Settings) -> Finding {
    match travel(settings).map(|_| ()).and_then(|()| worth(settings).map(|_| ())) {
        Ok(()) if settings.roads.is_none() && settings.worth.is_none() => {
            Finding::good("files", "none are needed: travel times are straight lines")
        }
        Ok(()) => Finding::good("files", "what the settings name can be read"),
        Err(wrong) => Finding::bad("files", chain(&wrong), "make it anew with hansom-sim import or hansom-sim learn"),
    }
}

fn open_files(settings: &Settings) -> Finding {
    let sockets = settings.limits.connections;
    match raise_open_files() {
        Ok(files) if files.hold(sockets, FILES_BESIDE_CONNECTIONS) => {
            Finding::good("open files", format!("enough for {sockets} connections"))
        }
        Ok(files) => {
            let most = files.now.unwrap_or(u64::MAX);
            let found = format!("at most {most}, too few for {sockets} connections (limits.connections)");
            Finding::doubtful(
                "open files",
                found,
                "raise the hard limit (ulimit -Hn, LimitNOFILE), or lower limits.connections",
            )
        }
        Err(error) => Finding::doubtful("open files", error.to_string(), "raise the limit (ulimit -n)"),
    }
}

/// Whether the clock was ever set: tokens are dated by it.
fn clock() -> Finding {
    /// The first of January 2025. Nothing of this version is older.
    const BUILT_AFTER: Duration = Duration::from_secs(1_735_689_600);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if now < BUILT_AFTER {
        return Finding::bad("clock", "the clock of this machine was never set", "set it by NTP: tokens are dated");
    }
    Finding::good("clock", "the clock of this machine is set")
}
