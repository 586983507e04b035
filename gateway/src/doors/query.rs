//! What comes behind the question mark of an address.
//!
//! Stays out: which names an address knows.

use std::borrow::Cow;
use std::str::FromStr;

use crate::fields::Mistake;

/// The names and values of a query that were not taken yet.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pairs: Vec<(&'a str, Cow<'a, str>)>,
}

/// More than any address knows.
const PAIRS_MAX: usize = 16;

impl<'a> Query<'a> {
    /// Reads a query. Values may be percent-encoded.
    ///
    /// # Errors
    /// [`Mistake`] for a name that is there twice, for more names than any address knows, and for a value that is no text.
    pub(super) fn read(text: Option<&'a str>) -> Result<Query<'a>, Mistake> {
        let mut pairs: Vec<(&str, Cow<'_, str>)> = Vec::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if pairs.iter().any(|(known, _)| *known == name) || pairs.len() == PAIRS_MAX {
                return Err(Mistake::bad("query", name, "each name once"));
            }
            let value = decoded(value).ok_or_else(|| Mistake::bad("query", value, "percent-encoded UTF-8"))?;
            pairs.push((name, value));
        }
        Ok(Query { pairs })
    }

    /// Takes a value that may be there.
    ///
    /// # Errors
    /// [`Mistake`] when it is none of its kind.
    pub(super) fn maybe<T: FromStr>(
        &mut self,
        name: &'static str,
        allowed: &'static str,
    ) -> Result<Option<T>, Mistake> {
        let Some(place) = self.pairs.iter().position(|(known, _)| *known == name) else { return Ok(None) };
        let (_, text) = self.pairs.swap_remove(place);
        text.parse().map(Some).map_err(|_| Mistake::bad(name, &text, allowed))
    }

    /// Takes a number that may be there, from `least` to `most`.
    ///
    /// # Errors
    /// As [`Query::maybe`].
    pub(super) fn number<T>(
        &mut self,
        name: &'static str,
        (least, most): (T, T),
        allowed: &'static str,
    ) -> Result<Option<T>, Mistake>
    where
        T: FromStr + PartialOrd + ToString,
    {
        match self.maybe::<T>(name, allowed)? {
            Some(value) if value < least || value > most => Err(Mistake::bad(name, &value.to_string(), allowed)),
            // A number that is none compares with nothing.
            Some(value) if value.partial_cmp(&value).is_none() => Err(Mistake::bad(name, &value.to_string(), allowed)),
            value => Ok(value),
        }
    }

    /// Ends the reading: whatever was not taken is unknown.
    ///
    /// # Errors
    /// [`Mistake`] names the first of these.
    pub(super) fn done(self, allowed: &'static str) -> Result<(), Mistake> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => Err(Mistake::bad("query", name, allowed)),
        }
    }
}

/// A text without its percent signs; `None` when that is no text.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                16 * digit(rest.next()?)? + digit(rest.next()?)?
            }
            b'+' => b' ',
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_meant() {
        let mut query = Query::read(Some("driver=ann%40town&limit=5&cell=")).unwrap();
        assert_eq!(query.maybe::<String>("driver", "").unwrap().as_deref(), Some("ann@town"));
        assert_eq!(query.number("limit", (1, 500), "1 to 500").unwrap(), Some(5));
        assert_eq!(query.maybe::<u8>("state", "").unwrap(), None);
        let wrong = query.done("driver, limit").unwrap_err();
        assert_eq!((wrong.field.as_deref(), wrong.value.as_deref()), (Some("query"), Some("cell")));
    }

    #[test]
    fn what_is_no_query_is_named() {
        for text in ["a=%4", "a=%zz", "a=%ff", "a=1&a=2"] {
            assert!(Query::read(Some(text)).is_err(), "{text}");
        }
        for (text, field) in [("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("limit=", "limit")] {
            let wrong = Query::read(Some(text)).unwrap().number("limit", (1, 500), "1 to 500").unwrap_err();
            assert_eq!(wrong.field.as_deref(), Some(field), "{text}");
        }
        let nan = Query::read(Some("lat=NaN")).unwrap().number("lat", (-90.0, 90.0), "degrees");
        assert!(nan.is_err());
    }
}
