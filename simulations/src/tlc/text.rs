//! Trip records as comma-separated text (RFC 4180: quotes, doubled quotes, line breaks inside quotes).

use std::io::{BufRead, Read};
use std::path::PathBuf;

use super::columns::{self, Columns};
use super::{Places, Row, Rows, Skipped, TlcError};

/// No record of a trip is as long as this; a file without line breaks is not one, and must not fill the memory.
const RECORD_BYTES_MAX: u64 = 1 << 16;

/// The rows of a CSV file.
pub(super) struct TextRows {
    input: Box<dyn BufRead>,
    path: PathBuf,
    columns: Columns<usize>,
    record: Record,
    /// Records read, the header among them.
    read: u64,
}

impl TextRows {
    /// Reads the header.
    pub(super) fn open(input: Box<dyn BufRead>, path: PathBuf) -> Result<TextRows, TlcError> {
        let places = Places::Zones { pickup: 0, dropoff: 0 };
        let columns = Columns { pickup_at: 0, dropoff_at: 0, places };
        let mut rows = TextRows { input, path, columns, record: Record::default(), read: 0 };
        // An empty file has a header without columns.
        rows.read_record()?;
        let names: Vec<String> = (0..rows.record.ends.len())
            .map(|place| rows.record.field(place).trim_start_matches('\u{feff}').to_owned())
            .collect();
        rows.columns = Columns::find(&names, &rows.path)?;
        Ok(rows)
    }

    /// Reads the next record that is not an empty line; `false` at the end.
    fn read_record(&mut self) -> Result<bool, TlcError> {
        loop {
            self.record.clear();
            self.read += 1;
            let mut quoted = false;
            loop {
                let start = self.record.raw.len();
                let room = RECORD_BYTES_MAX - start as u64;
                let got = self.input.by_ref().take(room).read_until(b'\n', &mut self.record.raw);
                let line = match got {
                    Ok(_) => &self.record.raw[start..],
                    Err(problem) => return Err(self.damaged(problem.to_string())),
                };
                if line.is_empty() || line.last() != Some(&b'\n') {
                    if self.record.raw.len() as u64 == RECORD_BYTES_MAX {
                        return Err(self.damaged(format!("a record longer than {RECORD_BYTES_MAX} bytes")));
                    }
                    if self.record.raw.is_empty() {
                        return Ok(false);
                    }
                    break;
                }
                // A line break inside quotes belongs to the field. Doubled quotes cancel out.
                quoted ^= line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
                if !quoted {
                    break;
                }
            }
            if self.record.split() {
                return Ok(true);
            }
        }
    }

    fn damaged(&self, problem: String) -> TlcError {
        TlcError::Damaged { path: self.path.clone(), row: self.read, column: "-".to_owned(), problem }
    }
}

impl Rows for TextRows {
    fn next_row(&mut self) -> Option<Result<Row, TlcError>> {
        match self.read_record() {
            Err(error) => return Some(Err(error)),
            Ok(false) => return None,
            Ok(true) => {}
        }
        let record = &self.record;
        let Columns { pickup_at, dropoff_at, places } = self.columns.map(|place, contents| {
            let there = place < record.ends.len();
            if there { columns::field(record.field(place), contents) } else { Err(Skipped::Missing) }
        });
        Some(Ok(Row { pickup_at, dropoff_at, places }))
    }
}

/// One record, its buffers kept from one to the next.
#[derive(Default)]
struct Record {
    raw: Vec<u8>,
    /// The fields without their quotes, end to end.
    text: String,
    /// Where each field ends in `text`.
    ends: Vec<usize>,
    unquoted: Vec<u8>,
}

impl Record {
    fn clear(&mut self) {
        self.raw.clear();
        self.text.clear();
        self.ends.clear();
    }

    fn field(&self, place: usize) -> &str {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.text[start..self.ends[place]]
    }

    /// Splits `raw` into fields; `false` when it is an empty line, which is no record.
    fn split(&mut self) -> bool {
        let line = self.raw.strip_suffix(b"\n").unwrap_or(&self.raw);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            return false;
        }
        self.unquoted.clear();
        let mut quoted = false;
        let mut bytes = line.iter().copied().peekable();
        let mut end_field = |unquoted: &mut Vec<u8>| {
            // Bytes that are no UTF-8 make the field unreadable, not the file.
            self.text.push_str(&String::from_utf8_lossy(unquoted));
            self.ends.push(self.text.len());
            unquoted.clear();
        };
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' if quoted && bytes.peek() == Some(&b'"') => {
                    self.unquoted.push(b'"');
                    bytes.next();
                }
                b'"' => quoted = !quoted,
                b',' if !quoted => end_field(&mut self.unquoted),
                _ => self.unquoted.push(byte),
            }
        }
        end_field(&mut self.unquoted);
        true
    }
}
