//! The header `Forwarded` (RFC 7239), as far as it says for whom a proxy asks.
//!
//! Stays out: which proxies are believed.
//! Touch with care: a client may have written the beginning of a line. It is read from its end, so that an open quotation mark
//! of a stranger's cannot swallow what the nearest proxy has put behind it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The elements of a line, one for each proxy, the last first.
pub(super) fn elements(line: &str) -> impl Iterator<Item = &str> {
    parts_from_the_end(line, b',')
}

/// For whom an element says that its proxy asks. `None` when it does not say, or not by an address.
pub(super) fn asks_for(element: &str) -> Option<IpAddr> {
    let mut node = None;
    for pair in parts_from_the_end(element, b';').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        let value = unquoted(value).filter(|_| is_token(name))?;
        if name.eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return None;
        }
    }
    address(&node?)
}

/// What is between marks that are not in quotation marks, the last part first.
fn parts_from_the_end(text: &str, mark: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (before, part) = match last_unquoted(text.as_bytes(), mark) {
            Some(place) => (Some(&text[..place]), &text[place + 1..]),
            None => (None, text),
        };
        rest = before;
        Some(part.trim())
    })
}

fn last_unquoted(bytes: &[u8], mark: u8) -> Option<usize> {
    let mut quoted = false;
    for place in (0..bytes.len()).rev() {
        match bytes[place] {
            b'"' if !is_escaped(&bytes[..place]) => quoted = !quoted,
            byte if byte == mark && !quoted => return Some(place),
            _ => {}
        }
    }
    None
}

/// Whether what follows these bytes is only one more letter between quotation marks: an odd number of backslashes is before it.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// A value without its quotation marks. Without any it may hold what RFC 7239 wants quoted, too: a port, or IPv6.
fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let Some(rest) = value.strip_prefix('"') else {
        let plain = |byte: u8| is_token_byte(byte) || b"[]:".contains(&byte);
        return (!value.is_empty() && value.bytes().all(plain)).then_some(Cow::Borrowed(value));
    };
    let inside = rest.strip_suffix('"').filter(|inside| !is_escaped(inside.as_bytes()))?;
    let mut text = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => text.push(letters.next()?),
            plain => text.push(plain),
        }
    }
    Some(Cow::Owned(text))
}

/// A token of HTTP (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The address of a node (RFC 7239, 6), with or without a port. One that is unknown or made up has none.
fn address(node: &str) -> Option<IpAddr> {
    let (address, port) = match node.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (IpAddr::V6(address.parse::<Ipv6Addr>().ok()?), port)
        }
        None => {
            let (address, port) = node.split_at(node.find(':').unwrap_or(node.len()));
            (IpAddr::V4(address.parse::<Ipv4Addr>().ok()?), port)
        }
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| address.to_canonical())
}

/// A port, or a name that a proxy has made up for one.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(line: &str) -> Option<String> {
        elements(line).next().and_then(asks_for).map(|address| address.to_string())
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for (line, address) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", Some("192.0.2.60")),
            ("For=\"[2001:db8:cafe::17]:4711\"", Some("2001:db8:cafe::17")),
            ("for=192.0.2.43, for=198.51.100.17", Some("198.51.100.17")),
            ("for=\"192.0.2.43:47011\"", Some("192.0.2.43")),
            ("for=\"192.0.2.43:_gazonk\"", Some("192.0.2.43")),
            ("for=\"_gazonk\"", None),
            ("for=unknown", None),
            ("for=_hidden, for=_SEVKISEK", None),
            ("proto=https;by=10.0.0.1", None),
        ] {
            assert_eq!(last(line).as_deref(), address, "{line}");
        }
    }

    #[test]
    fn what_proxies_write_a_little_wrong_is_read_too() {
        for (line, address) in [
            ("for=192.0.2.43:80", "192.0.2.43"),
            ("for=[2001:db8::1]", "2001:db8::1"),
            ("FOR=192.0.2.43 ; proto=https;", "192.0.2.43"),
            ("by=\"a, \\\"b\\\"; for=1.1.1.1\";for=192.0.2.43", "192.0.2.43"),
            ("for=\"::ffff:192.0.2.43\", for=\"[::ffff:192.0.2.43]\"", "192.0.2.43"),
        ] {
            assert_eq!(last(line).as_deref(), Some(address), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        for line in [
            "",
            ",",
            ";",
            "for",
            "for=",
            "for=\"",
            "for=\"\"",
            "for=\"\\\"",
            "for=\"192.0.2.43",
            "for=192.0.2.43\"",
            "for=\"192.0.2.43\\\"",
            "for=\"192.0.2\".43",
            "for=\"192.0.2.43\"x",
            "for =192.0.2.43",
            "for= 192.0.2.43",
            "f\"o\"r=192.0.2.43",
            "for=192.0.2.43;for=192.0.2.43",
            "for=192.0.2.43 proto=https",
            "for=192.0.2.43:123456",
            "for=192.0.2.43:",
            "for=\"192.0.2.43:_\"",
            "for=192.0.2.43:80:80",
            "for=2001:db8::1",
            "for=\"2001:db8::1\"",
            "for=[192.0.2.43]",
            "for=[2001:db8::1",
            "for=2001:db8::1]",
            "for=[2001:db8::1]80",
            "for=192.0.2.43;\u{e9}=1",
            "192.0.2.43",
            "for=192.0.2.43,",
        ] {
            assert_eq!(last(line), None, "{line}");
        }
    }

    #[test]
    fn every_element_is_seen_once_and_marks_in_quotes_divide_nothing() {
        let line = "for=\"a,b;c\\\"\" , by=x;for=y,\"\\\\\",z";
        assert_eq!(elements(line).collect::<Vec<_>>(), ["z", "\"\\\\\"", "by=x;for=y", "for=\"a,b;c\\\"\""]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_client_wrote_the_last_word_is_the_proxys(client in "[ -~]{0,60}|[\",;\\\\= for]{0,20}") {
            for (written, address) in [
                ("for=198.51.100.7", "198.51.100.7"),
                ("for=\"[2001:db8::7]:80\";proto=https", "2001:db8::7"),
                ("by=\"a\\\"b,c\";for=198.51.100.7", "198.51.100.7"),
            ] {
                let line = format!("{client}, {written}");
                proptest::prop_assert_eq!(last(&line), Some(address.to_owned()), "{}", line);
            }
        }
    }
}
