//! Columns of a row group, written from values and read as values again.

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{ByteArray, DataType, FixedLenByteArray};
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::SerializedRowGroupWriter;
use std::io::Write;

/// Writes the next column, whose values are all there.
pub(crate) fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = T::T>,
) -> Result<()> {
    let values: Vec<T::T> = values.collect();
    write_levels::<T>(group, &values, None, None)
}

/// Writes the next column, of which values may be absent.
pub(crate) fn write_optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<()> {
    let mut present = Vec::new();
    let levels: Vec<i16> = values
        .map(|value| {
            let is_there = value.is_some();
            present.extend(value);
            i16::from(is_there)
        })
        .collect();
    write_levels::<T>(group, &present, Some(&levels), None)
}

pub(crate) fn write_levels<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    definitions: Option<&[i16]>,
    repetitions: Option<&[i16]>,
) -> Result<()> {
    let mut column = group.next_column()?.ok_or_else(|| {
        ParquetError::General("the schema has fewer columns than are written".to_owned())
    })?;
    column
        .typed::<T>()
        .write_batch(values, definitions, repetitions)?;
    column.close()
}

/// Rows of a column.
#[derive(Debug)]
pub(crate) struct Levels<T> {
    /// Those that are there.
    pub(crate) values: Vec<T>,
    pub(crate) definitions: Vec<i16>,
    pub(crate) repetitions: Vec<i16>,
}

/// Reads so many rows, after so many others.
pub(crate) fn read_levels<T: DataType>(
    column: ColumnReader,
    skip: usize,
    rows: usize,
) -> Result<Levels<T::T>> {
    let mut column: ColumnReaderImpl<T> = get_typed_column_reader(column);
    let mut levels = Levels {
        values: Vec::with_capacity(rows),
        definitions: Vec::new(),
        repetitions: Vec::new(),
    };
    let skipped = column.skip_records(skip)?;
    let mut read = 0;
    while read < rows {
        let (records, _, found) = column.read_records(
            rows - read,
            Some(&mut levels.definitions),
            Some(&mut levels.repetitions),
            &mut levels.values,
        )?;
        if records == 0 && found == 0 {
            break;
        }
        read += records;
    }
    if skipped == skip && read == rows {
        Ok(levels)
    } else {
        Err(ParquetError::General(
            "a column has too few rows".to_owned(),
        ))
    }
}

pub(crate) fn read<T: DataType>(
    column: ColumnReader,
    skip: usize,
    rows: usize,
) -> Result<Vec<T::T>> {
    Ok(read_levels::<T>(column, skip, rows)?.values)
}

pub(crate) fn read_optional<T: DataType>(
    column: ColumnReader,
    skip: usize,
    rows: usize,
) -> Result<Vec<Option<T::T>>> {
    let levels = read_levels::<T>(column, skip, rows)?;
    let mut values = levels.values.into_iter();
    let definitions = levels.definitions.into_iter();
    Ok(definitions
        .map(|definition| if definition > 0 { values.next() } else { None })
        .collect())
}

pub(crate) fn text(text: &str) -> ByteArray {
    ByteArray::from(text)
}

pub(crate) fn fixed(bytes: Vec<u8>) -> FixedLenByteArray {
    ByteArray::from(bytes).into()
}

/// The text of a column that says it has text.
pub(crate) fn as_text(bytes: &ByteArray) -> Result<Box<str>> {
    Ok(bytes.as_utf8()?.into())
}

pub(crate) fn as_bytes(bytes: &ByteArray) -> Bytes {
    Bytes::copy_from_slice(bytes.data())
}
