//! `hansom events`: dead letters, as an operator sees them.

use gateway::{Identity, Role};
use serde_json::Value;

use crate::asking::ask;
use crate::cli::{EventsCommand, EventsFlags, RowsAs};
use crate::ops::good;
use crate::{Failure, say};

/// Does what is asked about dead letters.
///
/// # Errors
/// [`Failure`] when the server is not reached, or says no.
pub(crate) fn events(flags: &EventsFlags) -> Result<(), Failure> {
    let settings = flags.layers()?.settings()?;
    let secret = gateway::secret(&settings).map_err(|wrong| Failure::of(2, &wrong))?;
    let keys = gateway::Keys::of_secret(&secret, &settings.tokens);
    let who = Identity::new(Role::Ops, "hansom-events").map_err(|wrong| Failure::of(1, &wrong))?;
    let token = keys.mint(&who, std::time::Duration::from_secs(60)).map_err(|wrong| Failure::of(1, &wrong))?;
    match &flags.command {
        EventsCommand::DeadLetters { json, output } => list(&flags.url, &token, *json || *output == RowsAs::Json),
        EventsCommand::Redeliver { id, all: _ } => {
            let which = id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
            let answer = good(ask(&flags.url, &format!("POST /v1/ops/dead-letters{which}/redeliver"), Some(&token))?)?;
            let due = answer["due"].as_u64().unwrap_or_default();
            Ok(say(&format!("{due} to be tried again\n"))?)
        }
    }
}

fn list(url: &str, token: &str, as_json: bool) -> Result<(), Failure> {
    let mut after = String::new();
    let mut all = Vec::new();
    loop {
        let page = good(ask(url, &format!("GET /v1/ops/dead-letters?limit=1000{after}"), Some(token))?)?;
        all.extend(page["dead_letters"].as_array().cloned().unwrap_or_default());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    if as_json {
        return Ok(say(&format!("{}\n", Value::Array(all)))?);
    }
    let text = |letter: &Value, field: &str| letter[field].as_str().unwrap_or_default().to_owned();
    for letter in &all {
        let due = if letter["due"] == true { " (due)" } else { "" };
        let (id, event, reason) = (text(letter, "id"), text(letter, "event"), text(letter, "reason"));
        say(&format!("{id:<28} {event} tried {} times: {reason}{due}\n", letter["attempts"]))?;
    }
    Ok(say(&format!("{} dead letters\n", all.len()))?)
}
