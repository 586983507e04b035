//! Commands that only look: the settings, the machine, and how to speak with this program.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;
use gateway::{Finding, Settings, Shown, Verdict};

use crate::cli::{Cli, ConfigCommand, ConfigFlags, Doctor, Output};
use crate::{Failure, say};

/// `hansom config print` and `hansom config check`.
pub(crate) fn config(flags: &ConfigFlags) -> Result<(), Failure> {
    match &flags.command {
        ConfigCommand::Check { serve } => {
            serve.layers()?.settings()?;
            Ok(say("the settings can be\n")?)
        }
        ConfigCommand::Print { origin, stored, given, output, serve } => {
            let layers = serve.layers()?;
            let mut shown = layers.shown()?;
            if *stored {
                lay_stored(&layers.settings()?, &mut shown)?;
            }
            shown.retain(|setting| !*given || setting.origin.is_some());
            match output {
                Output::Json => say_json(&shown),
                Output::Text => Ok(say(&shown.iter().map(|setting| line(setting, *origin)).collect::<String>())?),
            }
        }
    }
}

/// What was changed while a server was at work counts before everything that is given.
fn lay_stored(settings: &Settings, shown: &mut [Shown]) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stored = runtime.block_on(gateway::stored_policy(settings)).map_err(|why| Failure::of(1, &why))?;
    let Some((revision, overrides)) = stored else { return Ok(()) };
    for setting in shown {
        if let Some(value) = overrides.get(setting.name) {
            (setting.value, setting.origin) = (value.clone(), Some(format!("the store, revision {revision}")));
        }
    }
    Ok(())
}

fn line(setting: &Shown, origin: bool) -> String {
    let Shown { name, value, origin: from } = setting;
    if origin {
        return format!("{name:<36} {value:<32} {}\n", from.as_deref().unwrap_or("default"));
    }
    format!("{name:<36} {value}\n")
}

/// `hansom doctor`.
pub(crate) fn doctor(flags: &Doctor) -> Result<(), Failure> {
    let settings = flags.serve.layers()?.settings()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let findings = runtime.block_on(gateway::diagnose(&settings));
    match flags.output {
        Output::Json => say_json(&findings)?,
        Output::Text => say(&findings.iter().map(found).collect::<String>())?,
    }
    let worst = findings.iter().map(|finding| finding.verdict).max();
    if worst < Some(Verdict::Bad) {
        return Ok(());
    }
    Err(Failure { code: 1, message: "a server would not work so".to_owned() })
}

fn found(finding: &Finding) -> String {
    let Finding { about, verdict, found, advice } = finding;
    let mark = match verdict {
        Verdict::Good => "ok  ",
        Verdict::Doubtful => "look",
        Verdict::Bad => "BAD ",
    };
    let advice = advice.as_ref().map(|advice| format!("{:>20} do: {advice}\n", "")).unwrap_or_default();
    format!("{mark}  {about:<14} {found}\n{advice}")
}

/// `hansom completions`.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hansom", &mut script);
    Ok(say(&String::from_utf8_lossy(&script))?)
}

/// `hansom man`.
pub(crate) fn manual() -> Result<(), Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(say(&String::from_utf8_lossy(&page))?)
}

fn say_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::from)?;
    Ok(say(&format!("{text}\n"))?)
}
