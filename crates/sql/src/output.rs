//! Results as bytes, a batch after the other.

use std::io::Write;
use std::str::FromStr;

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::{EncoderOptions, NullableEncoder, make_encoder};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet_of_datafusion::arrow::ArrowWriter;
use parquet_of_datafusion::basic::Compression;
use parquet_of_datafusion::errors::ParquetError;
use parquet_of_datafusion::file::properties::WriterProperties;

use crate::error::SqlError;

/// How a result is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Lines of JSON: `{"columns": [{"name", "type"}]}`, then an array a row.
    #[default]
    Rows,
    /// Lines of JSON: an object a row.
    Lines,
    /// Comma-separated values with a head; what is nested is JSON text.
    Csv,
    /// A Parquet file.
    Parquet,
}

/// A name that no format has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected rows, lines, csv or parquet")]
pub struct UnknownFormat;

/// Writes a result.
pub(crate) struct Writer {
    schema: SchemaRef,
    form: Form,
    out: Vec<u8>,
}

enum Form {
    Rows,
    Lines,
    Csv,
    Parquet(Box<ArrowWriter<Vec<u8>>>),
}

/// A row group is written when it takes so much memory, or has so many rows.
const GROUP_BYTES: usize = 8 << 20;
const GROUP_ROWS: usize = 100_000;

// === impl Format ===

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rows, Self::Lines, Self::Csv, Self::Parquet];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Lines => "lines",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Rows | Self::Lines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let mut all = Self::ALL.into_iter();
        all.find(|format| format.name() == text)
            .ok_or(UnknownFormat)
    }
}

// === impl Writer ===

impl Writer {
    pub(crate) fn new(format: Format, schema: SchemaRef) -> Result<Self, SqlError> {
        let mut out = Vec::new();
        let form = match format {
            Format::Rows => {
                let columns = schema.fields().iter().map(|field| {
                    serde_json::json!({"name": field.name(), "type": field.data_type().to_string()})
                });
                let columns: Vec<_> = columns.collect();
                let head = serde_json::json!({ "columns": columns });
                out.extend_from_slice(head.to_string().as_bytes());
                out.push(b'\n');
                Form::Rows
            }
            Format::Lines => Form::Lines,
            Format::Csv => {
                let names = schema.fields().iter().map(|field| field.name().as_str());
                for (index, name) in names.enumerate() {
                    cell(&mut out, index, name);
                }
                out.extend_from_slice(b"\r\n");
                Form::Csv
            }
            Format::Parquet => {
                let properties = WriterProperties::builder()
                    .set_created_by(concat!("fluoro ", env!("CARGO_PKG_VERSION")).to_owned())
                    .set_compression(Compression::ZSTD(Default::default()))
                    .set_max_row_group_row_count(Some(GROUP_ROWS))
                    .build();
                let schema = schema.clone();
                let writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties));
                Form::Parquet(Box::new(writer.map_err(unwritable)?))
            }
        };
        Ok(Self { schema, form, out })
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), SqlError> {
        let out = &mut self.out;
        match &mut self.form {
            Form::Rows => {
                let options = options();
                let mut columns = encoders(&self.schema, batch, &options).map_err(unfit)?;
                for row in 0..batch.num_rows() {
                    for (index, column) in columns.iter_mut().enumerate() {
                        out.push(if index == 0 { b'[' } else { b',' });
                        encode(column, row, out);
                    }
                    if columns.is_empty() {
                        out.push(b'[');
                    }
                    out.extend_from_slice(b"]\n");
                }
            }
            Form::Lines => {
                let names = self.schema.fields().iter();
                let names: Vec<String> = names
                    .map(|field| serde_json::Value::from(field.name().as_str()).to_string())
                    .collect();
                let options = options();
                let mut columns = encoders(&self.schema, batch, &options).map_err(unfit)?;
                for row in 0..batch.num_rows() {
                    out.push(b'{');
                    for (index, (column, name)) in columns.iter_mut().zip(&names).enumerate() {
                        if index > 0 {
                            out.push(b',');
                        }
                        out.extend_from_slice(name.as_bytes());
                        out.push(b':');
                        encode(column, row, out);
                    }
                    out.extend_from_slice(b"}\n");
                }
            }
            Form::Csv => write_csv(&self.schema, batch, out).map_err(unfit)?,
            Form::Parquet(writer) => {
                writer.write(batch).map_err(unwritable)?;
                if writer.in_progress_size() > GROUP_BYTES {
                    writer.flush().map_err(unwritable)?;
                }
                self.out.append(writer.inner_mut());
            }
        }
        Ok(())
    }

    /// How much is written that was not taken.
    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// What was written since the last time.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// The rest.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, SqlError> {
        if let Form::Parquet(writer) = &mut self.form {
            writer.finish().map_err(unwritable)?;
            self.out.append(writer.inner_mut());
        }
        Ok(self.out)
    }
}

fn options() -> EncoderOptions {
    EncoderOptions::default().with_explicit_nulls(true)
}

fn encoders<'b>(
    schema: &'b SchemaRef,
    batch: &'b RecordBatch,
    options: &'b EncoderOptions,
) -> Result<Vec<NullableEncoder<'b>>, ArrowError> {
    let columns = schema.fields().iter().zip(batch.columns());
    columns
        .map(|(field, column)| make_encoder(field, column, options))
        .collect()
}

fn encode(column: &mut NullableEncoder<'_>, row: usize, out: &mut Vec<u8>) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
    } else {
        column.encode(row, out);
    }
}

fn write_csv(schema: &SchemaRef, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let (json, text) = (options(), FormatOptions::default());
    let mut nested = encoders(schema, batch, &json)?;
    let plain: Vec<Option<ArrayFormatter<'_>>> = batch
        .columns()
        .iter()
        .map(|column| {
            let is_plain = !column.data_type().is_nested();
            is_plain
                .then(|| ArrayFormatter::try_new(column, &text))
                .transpose()
        })
        .collect::<Result<_, _>>()?;
    let mut value = Vec::new();
    for row in 0..batch.num_rows() {
        for (index, (column, formatter)) in batch.columns().iter().zip(&plain).enumerate() {
            value.clear();
            match formatter {
                _ if column.is_null(row) => {}
                Some(formatter) => write!(value, "{}", formatter.value(row).try_to_string()?)?,
                None => nested[index].encode(row, &mut value),
            }
            cell(out, index, &String::from_utf8_lossy(&value));
        }
        out.extend_from_slice(b"\r\n");
    }
    Ok(())
}

/// A value of a line. RFC 4180.
fn cell(out: &mut Vec<u8>, index: usize, value: &str) {
    if index > 0 {
        out.push(b',');
    }
    if value.contains(['"', ',', '\r', '\n']) {
        out.push(b'"');
        out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(value.as_bytes());
    }
}

fn unfit(error: ArrowError) -> SqlError {
    SqlError::Output(error.to_string())
}

fn unwritable(error: ParquetError) -> SqlError {
    SqlError::Output(error.to_string())
}
