//! The number of what is shown, as an entity tag: told in `ETag`, read back from `If-Match` (RFC 9110, 8.8.3 and 13.1.1).
//!
//! Stays out: what a change does whose number is not that of the day.

use std::fmt::Display;
use std::str::FromStr;

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::fields::Mistake;

/// The number that a change is made for; `None` for whichever there is, `*`. It must be said.
///
/// # Errors
/// [`Mistake`] when it is not there, and as [`maybe_seen`].
pub(super) fn seen<N: FromStr>(headers: &HeaderMap, allowed: &'static str) -> Result<Option<N>, Mistake> {
    if !headers.contains_key(IF_MATCH) {
        return Err(Mistake::missing("If-Match", allowed));
    }
    maybe_seen(headers, allowed)
}

/// As [`seen`], of a change that may also say nothing.
///
/// # Errors
/// [`Mistake`] when it is no number in quotes, or there are several.
pub(super) fn maybe_seen<N: FromStr>(headers: &HeaderMap, allowed: &'static str) -> Result<Option<N>, Mistake> {
    let mut lines = headers.get_all(IF_MATCH).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line.to_str().unwrap_or_default().trim();
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let number =
        number.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit())).and_then(|text| text.parse().ok());
    match (number, lines.next()) {
        (Some(number), None) => Ok(Some(number)),
        (None, None) if text == "*" => Ok(None),
        (_, Some(another)) => Err(Mistake::bad("If-Match", another.to_str().unwrap_or_default(), allowed)),
        (None, None) => Err(Mistake::bad("If-Match", text, allowed)),
    }
}

/// With the number of what it shows, for a later `If-Match`.
pub(super) fn tagged(mut response: Response, number: impl Display) -> Response {
    if let Ok(tag) = HeaderValue::try_from(format!("\"{number}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: &str = "a number in quotes, or *";

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (IF_MATCH, HeaderValue::from_bytes(line.as_bytes()).unwrap())).collect()
    }

    #[test]
    fn what_was_told_is_read_back() {
        let told = tagged(Response::default(), 7);
        let back: HeaderMap = [(IF_MATCH, told.headers()[ETAG].clone())].into_iter().collect();
        assert_eq!(seen::<u64>(&back, ALLOWED), Ok(Some(7)));
        assert_eq!(seen::<u64>(&headers(&["*"]), ALLOWED), Ok(None));
        assert_eq!(maybe_seen::<u32>(&headers(&[]), ALLOWED), Ok(None));
        assert_eq!(seen::<u64>(&headers(&[]), ALLOWED), Err(Mistake::missing("If-Match", ALLOWED)));
    }

    #[test]
    fn what_is_no_number_in_quotes_is_refused() {
        for text in ["", "7", "\"\"", "\"+7\"", "\"-1\"", "\"7", "W/\"7\"", "\"7\", \"8\"", "\"4294967296\"", "\u{e9}"]
        {
            let wrong = maybe_seen::<u32>(&headers(&[text]), ALLOWED).unwrap_err();
            assert_eq!(wrong.field.as_deref(), Some("If-Match"), "{text}");
        }
        let wrong = maybe_seen::<u32>(&headers(&["\"7\"", "\"8\""]), ALLOWED).unwrap_err();
        assert_eq!(wrong.value.as_deref(), Some("\"8\""), "two lines are two numbers");
    }
}
