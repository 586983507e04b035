//! Trip records as Parquet, in which the TLC has published all years since May 2022.
//!
//! Lives here: which Parquet types a trip's columns may have, and reading them in step, a batch of rows at a time.
//! Stays out: what the values mean for a trip.
//! Touch with care: a batch ends where a row group ends, so all columns must deliver the same number of rows.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::{ColumnDescriptor, SchemaDescPtr};

use super::columns::{self, Columns, Contents};
use super::{Field, Row, Rows, Skipped, TlcError};

/// Rows held in memory at a time.
const BATCH_ROWS: usize = 8192;

/// The rows of a Parquet file; of its columns only those that a trip needs are read.
pub(super) struct ColumnarRows {
    path: PathBuf,
    file: SerializedFileReader<File>,
    schema: SchemaDescPtr,
    columns: Columns<usize>,
    /// The columns in use, with how to read them.
    used: Vec<(usize, Reading)>,
    groups_opened: usize,
    /// By column: its reader in the current row group. `None` for columns that are not used.
    readers: Vec<Option<ColumnReader>>,
    /// By column: its fields in the current batch.
    batch: Vec<Vec<Field>>,
    batch_rows: usize,
    next_in_batch: usize,
    /// Rows before the current batch.
    rows_before: u64,
}

/// How the values of a column become fields.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reading {
    /// A count of units since 1970, so many of them in a millisecond.
    Time { units_per_ms: i64 },
    /// A day and a time of day in 12 bytes: the deprecated INT96.
    DayAndTime,
    /// Text, as in the files for 2009 and 2010.
    Text(Contents),
    /// A plain number.
    Number,
}

impl ColumnarRows {
    /// Reads the file's frame and checks the types of the columns.
    pub(super) fn open(file: File, path: PathBuf) -> Result<ColumnarRows, TlcError> {
        let file = guarded(|| SerializedFileReader::new(file))
            .and_then(|opened| opened.map_err(|problem| problem.to_string()))
            .map_err(|problem| damaged(&path, 0, "-", format!("not a whole Parquet file: {problem}")))?;
        let schema = file.metadata().file_metadata().schema_descr_ptr();
        let names: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
        let columns = Columns::find(&names, &path)?;
        let mut wanted = Vec::new();
        columns.map(|column, contents| wanted.push((column, contents)));
        let used = wanted
            .into_iter()
            .map(|(column, contents)| Ok((column, reading(&schema.column(column), contents, &path)?)))
            .collect::<Result<Vec<_>, TlcError>>()?;
        Ok(ColumnarRows {
            path,
            file,
            columns,
            used,
            groups_opened: 0,
            readers: names.iter().map(|_| None).collect(),
            batch: vec![Vec::new(); names.len()],
            schema,
            batch_rows: 0,
            next_in_batch: 0,
            rows_before: 0,
        })
    }

    /// Reads the next batch; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, TlcError> {
        self.rows_before += self.batch_rows as u64;
        (self.batch_rows, self.next_in_batch) = (0, 0);
        loop {
            if self.groups_opened > 0 {
                self.read_batch()?;
            }
            if self.batch_rows > 0 {
                return Ok(true);
            }
            if self.groups_opened == self.file.num_row_groups() {
                return Ok(false);
            }
            self.open_group()?;
        }
    }

    fn open_group(&mut self) -> Result<(), TlcError> {
        let group = self
            .file
            .get_row_group(self.groups_opened)
            .map_err(|problem| damaged(&self.path, self.rows_before + 1, "-", problem.to_string()))?;
        for &(column, _) in &self.used {
            let reader = group.get_column_reader(column).map_err(|problem| self.damaged(column, &problem))?;
            self.readers[column] = Some(reader);
        }
        self.groups_opened += 1;
        Ok(())
    }

    fn read_batch(&mut self) -> Result<(), TlcError> {
        let mut rows = None;
        for at in 0..self.used.len() {
            let (column, reading) = self.used[at];
            let Some(reader) = &mut self.readers[column] else { continue };
            let fields = &mut self.batch[column];
            fields.clear();
            read(reader, reading, self.schema.column(column).max_def_level(), fields)
                .map_err(|problem| self.damaged(column, &problem))?;
            let got = self.batch[column].len();
            if *rows.get_or_insert(got) != got {
                let problem = ParquetError::General(format!("{got} rows where other columns have {rows:?}"));
                return Err(self.damaged(column, &problem));
            }
        }
        self.batch_rows = rows.unwrap_or(0);
        Ok(())
    }

    fn damaged(&self, column: usize, problem: &ParquetError) -> TlcError {
        let name = self.schema.column(column).path().string();
        damaged(&self.path, self.rows_before + 1, &name, problem.to_string())
    }
}

impl Rows for ColumnarRows {
    fn next_row(&mut self) -> Option<Result<Row, TlcError>> {
        if self.next_in_batch == self.batch_rows {
            let row = self.rows_before + self.batch_rows as u64 + 1;
            match guarded(|| self.fill()) {
                Err(problem) => return Some(Err(damaged(&self.path, row, "-", problem))),
                Ok(Err(error)) => return Some(Err(error)),
                Ok(Ok(false)) => return None,
                Ok(Ok(true)) => {}
            }
        }
        let row = self.next_in_batch;
        self.next_in_batch += 1;
        let Columns { pickup_at, dropoff_at, places } = self.columns.map(|column, _| self.batch[column][row]);
        Some(Ok(Row { pickup_at, dropoff_at, places }))
    }
}

/// Runs `read` and turns a panic into a message. The parquet crate panics on about one damaged file in a thousand
/// (version 60; found by flipping bytes of the fixtures) where it should return an error. What `read` was working on
/// is not used again: after an error the trips end.
fn guarded<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        format!("the contents make no sense: {}", said.unwrap_or("no reason given"))
    })
}

fn damaged(path: &Path, row: u64, column: &str, problem: String) -> TlcError {
    TlcError::Damaged { path: path.to_path_buf(), row, column: column.to_owned(), problem }
}

/// How to read a column that is to hold `contents`, if its type allows.
fn reading(column: &ColumnDescriptor, contents: Contents, path: &Path) -> Result<Reading, TlcError> {
    let physical = column.physical_type();
    let flat = column.max_rep_level() == 0;
    let units_per_ms = match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(time)), _) => Some(match time.unit {
            TimeUnit::MILLIS => 1,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1_000_000,
        }),
        (_, ConvertedType::TIMESTAMP_MILLIS) => Some(1),
        (_, ConvertedType::TIMESTAMP_MICROS) => Some(1_000),
        _ => None,
    };
    let found = match (contents, physical, units_per_ms) {
        _ if !flat => None,
        (Contents::Time, Type::INT64, Some(units_per_ms)) => Some(Reading::Time { units_per_ms }),
        (Contents::Time, Type::INT96, _) => Some(Reading::DayAndTime),
        (_, Type::BYTE_ARRAY, _) => Some(Reading::Text(contents)),
        (Contents::Number, Type::INT32 | Type::INT64 | Type::FLOAT | Type::DOUBLE, None) => Some(Reading::Number),
        _ => None,
    };
    found.ok_or_else(|| TlcError::WrongType {
        path: path.to_path_buf(),
        column: column.path().string(),
        found: match column.logical_type_ref() {
            _ if !flat => "lists".to_owned(),
            Some(logical) => format!("{physical} as {logical:?}"),
            None => format!("{physical} without a logical type"),
        },
        allowed: match contents {
            Contents::Time => "INT64 as a timestamp, INT96, or text",
            Contents::Number => "INT32, INT64, FLOAT, DOUBLE, or text",
        },
    })
}

/// Appends the column's next fields, up to a batch.
fn read(
    reader: &mut ColumnReader,
    reading: Reading,
    max_def_level: i16,
    fields: &mut Vec<Field>,
) -> Result<(), ParquetError> {
    let whole = |value: i64| match reading {
        Reading::Time { units_per_ms } => Ok(value.div_euclid(units_per_ms) as f64),
        _ => Ok(value as f64),
    };
    let finite = |value: f64| if value.is_finite() { Ok(value) } else { Err(Skipped::Malformed) };
    match reader {
        ColumnReader::Int32ColumnReader(typed) => {
            read_typed(typed, max_def_level, fields, |&value| Ok(f64::from(value)))
        }
        ColumnReader::Int64ColumnReader(typed) => read_typed(typed, max_def_level, fields, |&value| whole(value)),
        ColumnReader::Int96ColumnReader(typed) => {
            read_typed(typed, max_def_level, fields, |value| Ok(value.to_millis() as f64))
        }
        ColumnReader::FloatColumnReader(typed) => {
            read_typed(typed, max_def_level, fields, |&value| finite(f64::from(value)))
        }
        ColumnReader::DoubleColumnReader(typed) => read_typed(typed, max_def_level, fields, |&value| finite(value)),
        ColumnReader::ByteArrayColumnReader(typed) => read_typed(typed, max_def_level, fields, |value| {
            let Reading::Text(contents) = reading else { return Err(Skipped::Malformed) };
            let text = std::str::from_utf8(value.data()).map_err(|_| Skipped::Malformed)?;
            columns::field(text, contents)
        }),
        // Unreachable: `reading` lets no other type through.
        _ => Err(ParquetError::General("a column changed its type".to_owned())),
    }
}

fn read_typed<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    max_def_level: i16,
    fields: &mut Vec<Field>,
    field: impl Fn(&T::T) -> Field,
) -> Result<(), ParquetError> {
    let (mut levels, mut values) = (Vec::new(), Vec::new());
    let (rows, _, _) = reader.read_records(BATCH_ROWS, Some(&mut levels), None, &mut values)?;
    let mut values = values.iter();
    // Where nothing can be null there are no levels. A value stands only where its level is the highest.
    for row in 0..rows {
        let there = max_def_level == 0 || levels.get(row) == Some(&max_def_level);
        let value = if there { values.next() } else { None };
        fields.push(value.map_or(Err(Skipped::Missing), &field));
    }
    Ok(())
}
