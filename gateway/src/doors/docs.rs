//! The documents for people: the protocol as a page, with a reference of everything that is said over HTTP.
//!
//! Lives here: `PROTOCOL.md` as HTML, its names to jump to, the reference made of [`super::openapi`].
//! Stays out: what is said; see `PROTOCOL.md` and the doors.
//! Touch with care: errors point here by the name of their code (`/docs#busy`), so each must be a place on the page. The
//! page needs nothing from elsewhere: no script, no font, no style but its own.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde_json::Value;

use super::openapi::OPENAPI;
use crate::Code;

const PROTOCOL: &str = include_str!("../../PROTOCOL.md");
const STYLE: &str = include_str!("docs/style.css");

static PAGE: LazyLock<String> = LazyLock::new(page);

/// How to speak with this server: a page for browsers, Markdown for everybody else.
pub(super) async fn show(headers: HeaderMap) -> Response {
    let wanted = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let (media_type, text) = match wanted.contains("text/html") {
        true => ("text/html; charset=utf-8", PAGE.as_str()),
        false => ("text/markdown; charset=utf-8", PROTOCOL),
    };
    ([(CONTENT_TYPE, media_type), (VARY, "accept")], text).into_response()
}

fn page() -> String {
    let text = format!("{PROTOCOL}\n{}", reference(&serde_json::from_str(&OPENAPI).unwrap_or_default()));
    let mut contents = String::new();
    let mut body = String::new();
    let events = Parser::new_ext(&text, Options::ENABLE_TABLES).collect();
    html::push_html(&mut body, with_places(events, &mut contents).into_iter());
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hansom: how to speak with it</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>{STYLE}</style></head>\n\
         <body><nav>{contents}</nav><main>{body}</main></body></html>\n"
    )
}

/// Gives each heading, and each error code where it is first named in a table, a place to jump to; lists the headings.
fn with_places<'a>(events: Vec<Event<'a>>, contents: &mut String) -> Vec<Event<'a>> {
    let codes: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let mut named = HashSet::new();
    let (mut in_cell, mut out) = (false, Vec::with_capacity(events.len()));
    for (number, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::TableCell) => in_cell = true,
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let words = heading(&events[number + 1..]);
                let id = place(&words);
                let _ = writeln!(contents, "<a class=\"{level}\" href=\"#{id}\">{}</a>", escaped(&words));
                let (level, id) = (*level, Some(CowStr::from(id)));
                let heading = Tag::Heading { level, id, classes: classes.clone(), attrs: attrs.clone() };
                out.push(Event::Start(heading));
                continue;
            }
            Event::Code(name) if in_cell && codes.contains(name.as_ref()) && named.insert(name.to_string()) => {
                out.push(Event::InlineHtml(format!("<code id=\"{name}\">{name}</code>").into()));
                continue;
            }
            _ => {}
        }
        out.push(event.clone());
    }
    out
}

/// The words of the heading whose inside this begins with.
fn heading(events: &[Event<'_>]) -> String {
    let inside = events.iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    let words = inside.filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
        _ => None,
    });
    words.collect()
}

/// A heading as a place in the address: `The rider's socket` is `the-rider-s-socket`.
fn place(words: &str) -> String {
    let plain: String =
        words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    plain.split_whitespace().collect::<Vec<&str>>().join("-")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Everything that is said over HTTP, as Markdown.
fn reference(document: &Value) -> String {
    let mut text =
        String::from("## HTTP reference\n\nMade from `/openapi.json`, which programs are made from, too.\n\n");
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            operation_of(&mut text, method, path, operation);
        }
    }
    text.push_str("## What is sent and answered\n\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        schema_of(&mut text, name, schema);
    }
    text
}

fn operation_of(text: &mut String, method: &str, path: &str, operation: &Value) {
    let _ = writeln!(text, "### `{} {path}`\n", method.to_uppercase());
    for words in [&operation["summary"], &operation["description"]].into_iter().filter_map(Value::as_str) {
        let _ = writeln!(text, "{words}\n");
    }
    text.push_str("| | | |\n| --- | --- | --- |\n");
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, place) = (as_words(&parameter["name"]), as_words(&parameter["in"]));
        let kind = kind_of(&parameter["schema"]);
        let _ = writeln!(text, "| {place} | `{name}`: {kind} | {} |", as_words(&parameter["description"]));
    }
    for schema in schemas(&operation["requestBody"]) {
        let _ = writeln!(text, "| body | {} | |", kind_of(schema));
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let kinds: Vec<String> = schemas(response).map(kind_of).collect();
        let _ = writeln!(text, "| {status} | {} | {} |", kinds.join(", "), as_words(&response["description"]));
    }
    text.push('\n');
}

fn schemas(of: &Value) -> impl Iterator<Item = &Value> {
    of["content"].as_object().into_iter().flatten().map(|(_, content)| &content["schema"])
}

fn schema_of(text: &mut String, name: &str, schema: &Value) {
    let _ = writeln!(text, "### {name}\n\n{}\n", as_words(&schema["description"]));
    let parts = schema["allOf"].as_array().map_or(std::slice::from_ref(schema), Vec::as_slice);
    for part in parts.iter().filter(|part| part["$ref"].is_string()) {
        let _ = writeln!(text, "All of {}, and:\n", kind_of(part));
    }
    text.push_str("| field | | |\n| --- | --- | --- |\n");
    for part in parts {
        for (field, inner) in part["properties"].as_object().into_iter().flatten() {
            let needed = part["required"].as_array().is_some_and(|all| all.iter().any(|one| one == field));
            let maybe = if needed { "" } else { ", may be missing" };
            let _ = writeln!(text, "| `{field}` | {}{maybe} | {} |", kind_of(inner), as_words(&inner["description"]));
        }
    }
    text.push('\n');
}

/// A schema in a few words, with a link where it has a name.
fn kind_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return format!("[{name}](#{})", place(name));
    }
    if let Some(names) = schema["enum"].as_array() {
        let names: Vec<String> = names.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    for several in [&schema["oneOf"], &schema["anyOf"]] {
        let kinds = several.as_array().into_iter().flatten().filter(|one| one["type"] != "null").map(kind_of);
        let kinds: Vec<String> = kinds.collect();
        if !kinds.is_empty() {
            return kinds.join(" or ");
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => {
            kinds.iter().filter(|kind| *kind != "null").map(as_words).collect::<Vec<_>>().join(" or ")
        }
        kind => as_words(kind).to_owned(),
    };
    if kinds == "array" { format!("list of {}", kind_of(&schema["items"])) } else { kinds }
}

fn as_words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
