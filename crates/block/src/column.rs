//! Columns of a row group, written from values and read as values again.

use std::io::Write;
use std::ops::Range;

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::{
    AsBytes, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
};
use parquet::errors::Result;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescriptor;

use crate::file::general;

/// What the levels of a repeated column say: no entry; an entry; an entry whose value, which might be absent, is there.
mod level {
    pub(super) const NO_ENTRY: i16 = 0;
    pub(super) const ENTRY: i16 = 1;
    pub(super) const VALUE: i16 = 2;
    /// An entry of the same row as the one before.
    pub(super) const SAME_ROW: i16 = 1;
}

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

/// Writes the next column of texts, which are all there.
pub(crate) fn write_texts<'v>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = &'v [u8]>,
) -> Result<()> {
    write_levels::<ByteArrayType>(group, &packed(values), None, None)
}

/// Writes the next column of texts, of which some may be absent.
pub(crate) fn write_optional_texts<'v>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: impl Iterator<Item = Option<&'v [u8]>>,
) -> Result<()> {
    let mut levels = Vec::new();
    let present = values.filter_map(|value| {
        levels.push(i16::from(value.is_some()));
        value
    });
    let present = packed(present);
    write_levels::<ByteArrayType>(group, &present, Some(&levels), None)
}

/// Writes the next column of ids, of which some may be absent if the column is such.
pub(crate) fn write_ids<const N: usize>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    ids: impl Iterator<Item = Option<[u8; N]>>,
    is_optional: bool,
) -> Result<()> {
    let ids: Vec<Option<[u8; N]>> = ids.collect();
    let levels: Vec<i16> = ids.iter().map(|id| i16::from(id.is_some())).collect();
    let present = packed(ids.iter().flatten().map(<[u8; N]>::as_slice)).into_iter();
    let present: Vec<FixedLenByteArray> = present.map(FixedLenByteArray::from).collect();
    let levels = is_optional.then_some(&levels[..]);
    write_levels::<FixedLenByteArrayType>(group, &present, levels, None)
}

/// The values as parts of one piece of memory: an allocation for each would cost more than to copy it.
fn packed<'v>(values: impl Iterator<Item = &'v [u8]>) -> Vec<ByteArray> {
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for value in values {
        bytes.extend_from_slice(value);
        ends.push(bytes.len());
    }
    let bytes = Bytes::from(bytes);
    let mut start = 0;
    let parts = ends.into_iter().map(|end| {
        let part = bytes.slice(start..end);
        start = end;
        ByteArray::from(part)
    });
    parts.collect()
}

fn write_levels<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
    definitions: Option<&[i16]>,
    repetitions: Option<&[i16]>,
) -> Result<()> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| general("the schema has fewer columns than are written"))?;
    column
        .typed::<T>()
        .write_batch(values, definitions, repetitions)?;
    column.close()
}

/// The entries of a list or map of some rows, to be written column by column.
pub(crate) struct Entries<'r, E> {
    /// `None` stands for a row without any.
    entries: Vec<Option<&'r E>>,
    repetitions: Vec<i16>,
}

// === impl Entries ===

impl<'r, E> Entries<'r, E> {
    pub(crate) fn of(rows: impl Iterator<Item = &'r [E]>) -> Self {
        let mut all = Self {
            entries: Vec::new(),
            repetitions: Vec::new(),
        };
        for row in rows {
            if row.is_empty() {
                all.entries.push(None);
                all.repetitions.push(0);
            }
            for (index, entry) in row.iter().enumerate() {
                all.entries.push(Some(entry));
                all.repetitions
                    .push(if index == 0 { 0 } else { level::SAME_ROW });
            }
        }
        all
    }

    /// Writes the next column, which each entry has.
    pub(crate) fn write<T: DataType>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
        value: impl Fn(&'r E) -> T::T,
    ) -> Result<()> {
        let values: Vec<T::T> = self.entries.iter().flatten().copied().map(value).collect();
        self.write_all::<T>(group, &values)
    }

    /// The same, of texts.
    pub(crate) fn write_texts(
        &self,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
        value: impl Fn(&'r E) -> &'r str,
    ) -> Result<()> {
        let values = self.entries.iter().flatten().copied();
        let values = packed(values.map(|entry| value(entry).as_bytes()));
        self.write_all::<ByteArrayType>(group, &values)
    }

    fn write_all<T: DataType>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
        values: &[T::T],
    ) -> Result<()> {
        let definitions = self.entries.iter();
        let definitions: Vec<i16> = definitions
            .map(|entry| entry.map_or(level::NO_ENTRY, |_| level::ENTRY))
            .collect();
        write_levels::<T>(group, values, Some(&definitions), Some(&self.repetitions))
    }

    /// As [`write_optional`](Self::write_optional), of texts.
    pub(crate) fn write_optional_texts(
        &self,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
        value: impl Fn(&'r E) -> Option<&'r str>,
    ) -> Result<()> {
        let mut definitions = Vec::with_capacity(self.entries.len());
        let values = self.entries.iter().filter_map(|entry| {
            let value = entry.map(&value);
            definitions.push(match value {
                None => level::NO_ENTRY,
                Some(None) => level::ENTRY,
                Some(Some(_)) => level::VALUE,
            });
            value.flatten().map(str::as_bytes)
        });
        let values = packed(values);
        let repetitions = Some(&self.repetitions[..]);
        write_levels::<ByteArrayType>(group, &values, Some(&definitions), repetitions)
    }

    /// Writes the next column, which an entry may have.
    pub(crate) fn write_optional<T: DataType>(
        &self,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
        value: impl Fn(&'r E) -> Option<T::T>,
    ) -> Result<()> {
        let mut values = Vec::new();
        let mut definitions = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            definitions.push(match entry.map(&value) {
                None => level::NO_ENTRY,
                Some(None) => level::ENTRY,
                Some(Some(value)) => {
                    values.push(value);
                    level::VALUE
                }
            });
        }
        write_levels::<T>(group, &values, Some(&definitions), Some(&self.repetitions))
    }
}

/// Some rows of a column.
#[derive(Debug)]
pub(crate) struct Leaf<T> {
    /// Those that are there.
    pub(crate) values: Vec<T>,
    /// Empty where all are there.
    pub(crate) definitions: Vec<i16>,
    /// Empty unless rows have several.
    pub(crate) repetitions: Vec<i16>,
    /// The level of a value that is there.
    full: i16,
}

// === impl Leaf ===

impl<T> Leaf<T> {
    /// Reads the rows of these ranges, which are in order and apart.
    pub(crate) fn read<D: DataType<T = T>>(
        column: ColumnReader,
        about: &ColumnDescriptor,
        ranges: &[Range<usize>],
    ) -> Result<Self> {
        let mut column: ColumnReaderImpl<D> = get_typed_column_reader(column);
        let rows = ranges.iter().map(ExactSizeIterator::len).sum();
        let mut leaf = Self::empty(about);
        leaf.values.reserve(rows);
        let mut at = 0;
        for range in ranges {
            at += column.skip_records(range.start - at)?;
            if at == range.start {
                at += leaf.extend::<D>(&mut column, range.len())?;
            }
            if at != range.end {
                return Err(general("a column has too few rows"));
            }
        }
        leaf.checked()
    }

    /// No rows yet.
    pub(crate) fn empty(about: &ColumnDescriptor) -> Self {
        Self {
            values: Vec::new(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            full: about.max_def_level(),
        }
    }

    /// Itself, when its rows are whole.
    pub(crate) fn checked(self) -> Result<Self> {
        if self.repetitions.first().is_some_and(|first| *first != 0) {
            return Err(general("a column begins within a row"));
        }
        Ok(self)
    }

    /// Reads so many rows more, and says how many there were.
    fn extend<D: DataType<T = T>>(
        &mut self,
        column: &mut ColumnReaderImpl<D>,
        rows: usize,
    ) -> Result<usize> {
        let mut read = 0;
        while read < rows {
            let (records, _, found) = column.read_records(
                rows - read,
                Some(&mut self.definitions),
                Some(&mut self.repetitions),
                &mut self.values,
            )?;
            if records == 0 && found == 0 {
                break;
            }
            read += records;
        }
        Ok(read)
    }

    /// How many bytes the values take when each is a row's own, also where a page has one for several.
    pub(crate) fn bytes(&self) -> usize
    where
        T: AsBytes,
    {
        let own = self.values.iter().map(|value| value.as_bytes().len());
        size_of_val(&*self.values) + own.sum::<usize>()
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        if !self.repetitions.is_empty() {
            let firsts = self.repetitions.iter().filter(|level| **level == 0);
            return firsts.count();
        }
        self.levels()
    }

    fn levels(&self) -> usize {
        self.definitions.len().max(self.values.len())
    }

    /// The entries of rows that may have several, or the one of each row: the row, counted among those that were read, and
    /// the value unless it is absent.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (usize, Option<&T>)> {
        let mut values = self.values.iter();
        let mut rows = 0;
        (0..self.levels()).filter_map(move |index| {
            let definition = self.definitions.get(index).copied().unwrap_or(self.full);
            let repetition = self.repetitions.get(index);
            rows += usize::from(repetition.is_none_or(|level| *level == 0));
            if repetition.is_some() && definition == level::NO_ENTRY {
                return None;
            }
            let value = if definition == self.full {
                values.next()
            } else {
                None
            };
            Some((rows - 1, value))
        })
    }

    /// The values of a column that has one in each row.
    pub(crate) fn required(self) -> Vec<T> {
        self.values
    }

    /// The values of a column that may have one in each row.
    pub(crate) fn optional(self) -> Vec<Option<T>> {
        let full = self.full;
        let mut values = self.values.into_iter();
        let definitions = self.definitions.into_iter();
        definitions
            .map(|definition| {
                if definition == full {
                    values.next()
                } else {
                    None
                }
            })
            .collect()
    }
}

/// The text of a column that says it has text.
pub(crate) fn as_text(bytes: &ByteArray) -> Result<Box<str>> {
    Ok(bytes.as_utf8()?.into())
}

pub(crate) fn as_bytes(bytes: &ByteArray) -> Bytes {
    Bytes::copy_from_slice(bytes.data())
}
