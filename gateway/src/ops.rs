//! `hansom ops`: what a running server says of the city, and what is done about it.
//!
//! Stays out: what any of it means: the server says.

use std::fmt::Write;

use gateway::{Identity, Role};
use serde_json::{Value, json};

use crate::asking::{Answer, ask, send};
use crate::cli::{OpsCommand, OpsFlags, Paging, RowsAs};
use crate::{Failure, say};

/// How many rows a page has that is asked for.
const PAGE: usize = 500;

/// Does what is asked of a running server.
///
/// # Errors
/// [`Failure`] with exit code 1 when the server is not reached or says no, 2 when what was said here cannot be.
pub(crate) fn ops(flags: &OpsFlags) -> Result<(), Failure> {
    let token = match &flags.token {
        Some(token) => token.clone(),
        None => own_token(flags)?,
    };
    let desk = Desk { url: &flags.url, token: &token, output: flags.output };
    match &flags.command {
        OpsCommand::Drivers { availability, shard, cell, stale_ms, paging } => {
            let filters =
                [("availability", availability), ("shard", shard), ("cell", cell), ("stale_ms", &text(stale_ms))];
            let columns = ["driver", "availability", "trip", "position_age_ms", "matchable", "class", "shard"];
            desk.list("drivers", &query(&filters), paging, &columns)
        }
        OpsCommand::Trips { state, shard, cell, stale_ms, rider, driver, paging } => {
            let stale_ms = text(stale_ms);
            let filters = [
                ("state", state),
                ("shard", shard),
                ("cell", cell),
                ("stale_ms", &stale_ms),
                ("rider", rider),
                ("driver", driver),
            ];
            let columns = ["trip", "state", "version", "rider", "driver", "offers", "eta_ms", "shard"];
            desk.list("trips", &query(&filters), paging, &columns)
        }
        OpsCommand::Shards { paging } => {
            let columns =
                ["shard", "epoch", "drivers", "drivers_free", "trips", "trips_waiting", "surge_max", "policy"];
            desk.list("shards", "", paging, &columns)
        }
        OpsCommand::Explain { trip } => desk.show(&format!("GET /v1/trips/{}/explain", encoded(trip))),
        OpsCommand::WhyNot { driver, since_ms } => {
            let since = since_ms.map(|since| format!("?since={since}")).unwrap_or_default();
            desk.show(&format!("GET /v1/drivers/{}/why-not{since}", encoded(driver)))
        }
        OpsCommand::Drain { window_ms } => {
            let body = window_ms.map(|window| json!({"window_ms": window}));
            desk.tell("POST /v1/ops/drain", body, &[])
        }
        OpsCommand::Undrain => desk.tell("POST /v1/ops/undrain", None, &[]),
        OpsCommand::Policy { set, unset, reason, dry_run, revision } => {
            if set.is_empty() && unset.is_empty() {
                return desk.policy();
            }
            let changes = set.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            let changes: serde_json::Map<String, Value> =
                changes.chain(unset.iter().map(|name| (name.clone(), Value::Null))).collect();
            let body = json!({"changes": changes, "reason": reason.clone().unwrap_or_default(), "dry_run": dry_run});
            let tag = revision.map_or("*".to_owned(), |revision| format!("\"{revision}\""));
            desk.tell("PATCH /v1/ops/policy", Some(body), &[("If-Match", &tag)])
        }
        OpsCommand::PolicyHistory { paging } => {
            desk.list("policy/history", "", paging, &["revision", "at_ms", "by", "reason", "changed"])
        }
    }
}

/// A token of one's own making, for who has the server's secret.
fn own_token(flags: &OpsFlags) -> Result<String, Failure> {
    let settings = flags.layers()?.settings()?;
    let secret = gateway::secret(&settings).map_err(|wrong| Failure::of(2, &wrong))?;
    let keys = gateway::Keys::of_secret(&secret, &settings.tokens);
    let who = Identity::new(Role::Ops, "hansom-ops").map_err(|wrong| Failure::of(1, &wrong))?;
    keys.mint(&who, std::time::Duration::from_secs(60)).map_err(|wrong| Failure::of(1, &wrong))
}

struct Desk<'a> {
    url: &'a str,
    token: &'a str,
    output: RowsAs,
}

impl Desk<'_> {
    /// Lists rows, page after page.
    fn list(&self, what: &str, filters: &str, paging: &Paging, columns: &[&str]) -> Result<(), Failure> {
        let most = paging.limit.unwrap_or(usize::MAX);
        let mut after = paging.after.as_ref().map(|after| format!("&after={}", encoded(after))).unwrap_or_default();
        let (mut rows, mut silent) = (Vec::new(), Vec::new());
        let field = if what == "policy/history" { "revisions" } else { what };
        let next = loop {
            let limit = PAGE.min(most - rows.len());
            let page =
                good(ask(self.url, &format!("GET /v1/ops/{what}?limit={limit}{filters}{after}"), Some(self.token))?)?;
            rows.extend(page[field].as_array().cloned().unwrap_or_default());
            silent.extend(page["silent"].as_array().cloned().unwrap_or_default());
            let Some(next) = page.get("next").map(plain) else { break None };
            if rows.len() >= most {
                break Some(next);
            }
            after = format!("&after={}", encoded(&next));
        };
        match self.output {
            RowsAs::Json => {
                let mut all = json!({field: rows, "silent": silent});
                if let Some(next) = next {
                    all["next"] = next.into();
                }
                say_json(&all)
            }
            RowsAs::Table => {
                say(&table(&rows, columns))?;
                for shard in silent {
                    eprintln(&format!("shard {} did not answer: its part is missing", plain(&shard)));
                }
                next.into_iter().for_each(|next| eprintln(&format!("there is more: --after {next}")));
                Ok(())
            }
        }
    }

    fn show(&self, request: &str) -> Result<(), Failure> {
        let answer = good(ask(self.url, request, Some(self.token))?)?;
        match self.output {
            RowsAs::Json => say_json(&answer),
            RowsAs::Table => Ok(say(&outline(&answer, 0))?),
        }
    }

    fn tell(&self, request: &str, body: Option<Value>, headers: &[(&str, &str)]) -> Result<(), Failure> {
        let body = body.map(|body| body.to_string());
        let answer = good(send(self.url, request, Some(self.token), headers, body.as_deref())?)?;
        match self.output {
            RowsAs::Json => say_json(&answer),
            RowsAs::Table => Ok(say(&outline(&answer, 0))?),
        }
    }

    fn policy(&self) -> Result<(), Failure> {
        let answer = good(ask(self.url, "GET /v1/ops/policy", Some(self.token))?)?;
        if self.output == RowsAs::Json {
            return say_json(&answer);
        }
        let rows = answer["values"].as_array().cloned().unwrap_or_default();
        say(&table(&rows, &["name", "value", "origin"]))?;
        Ok(say(&format!("revision {}, version {}\n", answer["revision"], plain(&answer["version"])))?)
    }
}

fn text(number: &Option<u64>) -> Option<String> {
    number.map(|number| number.to_string())
}

/// The filters that are given, as they follow a query's first part.
fn query(filters: &[(&str, &Option<String>)]) -> String {
    let given = filters.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    given.map(|(name, value)| format!("&{name}={}", encoded(value))).collect()
}

/// A text as it may stand in an address.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// A value as people read it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn table(rows: &[Value], columns: &[&str]) -> String {
    let head: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|column| plain(&row[*column])).collect());
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

/// An object as lines, what is inside it further in.
fn outline(value: &Value, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let entry = |name: &str, value: &Value| match value {
        Value::Object(_) => format!("{pad}{name}:\n{}", outline(value, depth + 1)),
        Value::Array(all) if all.iter().any(Value::is_object) => {
            let inner = all.iter().map(|one| format!("{}\n", outline(one, depth + 1).trim_end()));
            format!("{pad}{name}:\n{}", inner.collect::<Vec<_>>().join(&format!("{pad}  --\n")))
        }
        other => format!("{pad}{name}: {}\n", plain(other)),
    };
    match value {
        Value::Object(object) => object.iter().map(|(name, value)| entry(name, value)).collect(),
        other => format!("{pad}{}\n", plain(other)),
    }
}

fn eprintln(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "hansom: {text}");
}

fn say_json(value: &Value) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    Ok(say(&format!("{text}\n"))?)
}

/// The body of a good answer; a problem in its own words.
pub(crate) fn good(answer: Answer) -> Result<Value, Failure> {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if answer.is_good() {
        return Ok(body);
    }
    let detail = body["detail"].as_str().unwrap_or(&answer.status).to_owned();
    Err(Failure { code: 1, message: detail })
}
