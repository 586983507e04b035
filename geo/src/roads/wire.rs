//! The wire format of protocol buffers, as much of it as OSM PBF files use.
//!
//! Lives here: numbers of variable length, fields, packed lists; taken apart and put together.
//! Stays out: what the fields mean (`pbf`, `osm`, `town`).
//! Touch with care: the bytes come from strangers. Nothing here may panic, or make room for a length it only read.

/// The bytes end, or stop making sense, in the midst of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Torn;

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// A number of variable length.
    Number(u64),
    /// Text, a message, or a packed list.
    Bytes(&'a [u8]),
    /// Four or eight bytes, which no field of interest has.
    Fixed,
}

impl<'a> Value<'a> {
    /// The number, if it is one.
    pub(super) fn number(self) -> Result<u64, Torn> {
        if let Value::Number(number) = self { Ok(number) } else { Err(Torn) }
    }

    /// The bytes, if there are some.
    pub(super) fn bytes(self) -> Result<&'a [u8], Torn> {
        if let Value::Bytes(bytes) = self { Ok(bytes) } else { Err(Torn) }
    }
}

/// The fields of a message that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The fields of the message in these bytes.
    pub(super) fn of(message: &'a [u8]) -> Fields<'a> {
        Fields { rest: message }
    }

    /// The next field: its number and what it holds.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, Torn> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let key = number(&mut self.rest)?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut self.rest)?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(number(&mut self.rest)?).map_err(|_| Torn)?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(Torn),
        };
        Ok(Some((key >> 3, value)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Torn> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Torn)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Takes a number of variable length off the front.
fn number(rest: &mut &[u8]) -> Result<u64, Torn> {
    let mut value = 0u64;
    for (place, &byte) in rest.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            *rest = &rest[place + 1..];
            return Ok(value);
        }
    }
    Err(Torn)
}

/// The numbers of a packed list, in order.
pub(super) fn packed(list: &[u8]) -> Result<Vec<u64>, Torn> {
    let mut rest = list;
    let mut numbers = Vec::new();
    while !rest.is_empty() {
        numbers.push(number(&mut rest)?);
    }
    Ok(numbers)
}

/// The numbers of a packed list of differences, summed up. A sum beyond 64 bits is [`Torn`].
pub(super) fn packed_deltas(list: &[u8]) -> Result<Vec<i64>, Torn> {
    let mut rest = list;
    let mut sums = Vec::new();
    let mut sum = 0i64;
    while !rest.is_empty() {
        sum = sum.checked_add(signed(number(&mut rest)?)).ok_or(Torn)?;
        sums.push(sum);
    }
    Ok(sums)
}

/// The signed number behind a zigzag one.
pub(super) fn signed(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// A message that is being put together.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a number.
    pub(super) fn number(mut self, field: u64, value: u64) -> Message {
        put(&mut self.0, field << 3);
        put(&mut self.0, value);
        self
    }

    /// Adds a signed number in zigzag form.
    #[cfg(test)]
    pub(super) fn signed(self, field: u64, value: i64) -> Message {
        self.number(field, zigzag(value))
    }

    /// Adds bytes: text, or another message.
    pub(super) fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        put(&mut self.0, field << 3 | 2);
        put(&mut self.0, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a packed list.
    pub(super) fn packed(self, field: u64, numbers: impl IntoIterator<Item = u64>) -> Message {
        let mut list = Vec::new();
        numbers.into_iter().for_each(|number| put(&mut list, number));
        self.bytes(field, &list)
    }

    /// Adds a packed list of the differences between these numbers.
    pub(super) fn packed_deltas(self, field: u64, numbers: impl IntoIterator<Item = i64>) -> Message {
        let mut before = 0;
        let deltas = numbers.into_iter().map(|number| zigzag(number - std::mem::replace(&mut before, number)));
        self.packed(field, deltas.collect::<Vec<_>>())
    }

    /// The finished message.
    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}
