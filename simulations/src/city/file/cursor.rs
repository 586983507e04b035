//! Reads numbers from a slice of bytes and says what was missing when it ends too early.

use super::CityFileError;

/// A place in a slice of bytes. Numbers are little-endian.
pub(super) struct Cursor<'a> {
    left: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { left: bytes }
    }

    /// The next `count` bytes; `field` is what they hold.
    pub(super) fn bytes(&mut self, count: usize, field: &str) -> Result<&'a [u8], CityFileError> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            let found = format!("cut short after {} bytes", self.left.len());
            return Err(CityFileError::damaged(field, found, format!("{count} bytes")));
        };
        self.left = left;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &str) -> Result<[u8; N], CityFileError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N, field)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self, field: &str) -> Result<u8, CityFileError> {
        Ok(u8::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u16(&mut self, field: &str) -> Result<u16, CityFileError> {
        Ok(u16::from_le_bytes(self.array(field)?))
    }

    pub(super) fn u32(&mut self, field: &str) -> Result<u32, CityFileError> {
        Ok(u32::from_le_bytes(self.array(field)?))
    }

    pub(super) fn i32(&mut self, field: &str) -> Result<i32, CityFileError> {
        Ok(i32::from_le_bytes(self.array(field)?))
    }

    /// A length in one byte, then that many bytes of UTF-8.
    pub(super) fn text(&mut self, field: &str) -> Result<String, CityFileError> {
        let length = usize::from(self.u8(field)?);
        let bytes = self.bytes(length, field)?;
        let text = std::str::from_utf8(bytes)
            .map_err(|_| CityFileError::impossible(field, bytes.escape_ascii(), "UTF-8 text"))?;
        Ok(text.to_owned())
    }

    /// A signed number, zigzag and LEB128, of at most 5 bytes.
    pub(super) fn varint(&mut self, field: &str) -> Result<i64, CityFileError> {
        let mut value = 0_u64;
        for place in 0..5 {
            let byte = self.u8(field)?;
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(CityFileError::impossible(field, "longer than 5 bytes", "a number of up to 5 bytes"))
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.left.len()
    }

    /// All bytes that are left.
    pub(super) fn rest(self) -> &'a [u8] {
        self.left
    }

    /// Checks that nothing is left.
    pub(super) fn end(self, field: &str) -> Result<(), CityFileError> {
        if self.left.is_empty() {
            Ok(())
        } else {
            let found = format!("{} bytes too long", self.left.len());
            Err(CityFileError::impossible(field, found, "nothing after the last value"))
        }
    }
}
