use std::fmt;
use std::io::Write;
use std::sync::Arc;

use fluoro_model::SegmentId;
use fluoro_model::document::AnnotationValue;
use fluoro_shape::{Model, Streams};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::{
    GROUP_ROWS, MODEL_KEY, MODEL_LEVEL, PROPERTIES, SCHEMA, VERSION, VERSION_KEY, general,
};
use crate::BlockError;
use crate::column::{fixed, text, write as put, write_levels, write_optional};
use crate::row::{Body, SegmentRow};

/// Writes a file of rows, which are held until a row group of them is complete.
pub struct SegmentsWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    rows: Vec<SegmentRow>,
}

// === impl SegmentsWriter ===

impl<W: Write + Send> SegmentsWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn new(out: W) -> std::result::Result<Self, BlockError> {
        let file = SerializedFileWriter::new(out, Arc::clone(&SCHEMA), Arc::clone(&PROPERTIES))?;
        let rows = Vec::new();
        Ok(Self { file, rows })
    }

    /// Takes the next row: rows come in order of [`SegmentRow::place`].
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn push(&mut self, row: SegmentRow) -> std::result::Result<(), BlockError> {
        debug_assert!(
            self.rows
                .last()
                .is_none_or(|last| last.place() <= row.place())
        );
        self.rows.push(row);
        if self.rows.len() == GROUP_ROWS {
            self.end_group()?;
        }
        Ok(())
    }

    /// Ends the file, whose documents were coded with this model or what it was before it grew.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn finish(mut self, model: &Model) -> std::result::Result<ParquetMetaData, BlockError> {
        self.end_group()?;
        let journal = zstd::bulk::compress(model.journal(), MODEL_LEVEL)
            .map_err(|error| general(format!("a model cannot be compressed: {error}")))?;
        for (key, value) in [
            (VERSION_KEY, VERSION.to_string()),
            (MODEL_KEY, hex::encode(journal)),
        ] {
            self.file
                .append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        Ok(self.file.close()?)
    }

    fn end_group(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        write_columns(&mut group, &self.rows)?;
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

impl<W: Write + Send> fmt::Debug for SegmentsWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentsWriter").finish_non_exhaustive()
    }
}

type OptionalText = fn(&SegmentRow) -> &Option<Box<str>>;

fn write_columns(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[SegmentRow],
) -> Result<()> {
    let id = |id: SegmentId| fixed(id.bits().to_be_bytes().to_vec());
    let traces = rows
        .iter()
        .map(|row| fixed(row.trace.bits().to_be_bytes().to_vec()));
    put::<FixedLenByteArrayType>(group, traces)?;
    put::<FixedLenByteArrayType>(group, rows.iter().map(|row| id(row.id)))?;
    write_optional::<FixedLenByteArrayType>(group, rows.iter().map(|row| row.parent.map(id)))?;
    put::<Int64Type>(group, rows.iter().map(|row| row.start.0))?;
    let durations = rows
        .iter()
        .map(|row| row.end.map(|end| end.0.wrapping_sub(row.start.0)));
    write_optional::<Int64Type>(group, durations)?;
    put::<Int64Type>(group, rows.iter().map(|row| row.received.0))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.number.cast_signed()))?;
    put::<ByteArrayType>(group, rows.iter().map(|row| text(&row.name)))?;
    let texts: [OptionalText; 3] = [
        |row| &row.origin,
        |row| &row.http_method,
        |row| &row.http_url,
    ];
    for of in texts {
        write_optional::<ByteArrayType>(
            group,
            rows.iter().map(|row| of(row).as_deref().map(text)),
        )?;
    }
    write_optional::<Int64Type>(group, rows.iter().map(|row| row.http_status))?;
    write_optional::<ByteArrayType>(group, rows.iter().map(|row| row.user.as_deref().map(text)))?;
    put::<BoolType>(group, rows.iter().map(|row| row.fault))?;
    put::<BoolType>(group, rows.iter().map(|row| row.error))?;
    put::<BoolType>(group, rows.iter().map(|row| row.throttle))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.spans.cast_signed()))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.bytes.cast_signed()))?;
    write_annotations(group, rows)?;
    put::<Int32Type>(
        group,
        rows.iter().map(|row| row.stored.checksum.cast_signed()),
    )?;
    let streams: [fn(&Streams) -> &Vec<u8>; 4] = [
        |coded| &coded.shapes,
        |coded| &coded.numbers,
        |coded| &coded.ids,
        |coded| &coded.text,
    ];
    for of in streams {
        let coded = rows.iter().map(|row| match &row.stored.body {
            Body::Coded(streams) => Some(ByteArray::from(of(streams).as_slice())),
            Body::Text(_) => None,
        });
        write_optional::<ByteArrayType>(group, coded)?;
    }
    let documents = rows.iter().map(|row| match &row.stored.body {
        Body::Coded(_) => None,
        Body::Text(document) => Some(ByteArray::from(document.clone())),
    });
    write_optional::<ByteArrayType>(group, documents)
}

/// What a map's levels say: no entry; an entry; an entry whose value of this kind is there.
pub(super) mod level {
    pub(in super::super) const NO_ENTRY: i16 = 0;
    pub(in super::super) const ENTRY: i16 = 1;
    pub(in super::super) const VALUE: i16 = 2;
    /// An entry of the same row as the one before.
    pub(in super::super) const SAME_ROW: i16 = 1;
}

fn write_annotations(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    rows: &[SegmentRow],
) -> Result<()> {
    let mut entries = Vec::new();
    let mut repetitions = Vec::new();
    for row in rows {
        if row.annotations.is_empty() {
            entries.push(None);
            repetitions.push(0);
        }
        for (index, entry) in row.annotations.iter().enumerate() {
            entries.push(Some(entry));
            repetitions.push(if index == 0 { 0 } else { level::SAME_ROW });
        }
    }
    let definitions = |is_there: fn(&AnnotationValue) -> bool| -> Vec<i16> {
        let levels = entries.iter().map(|entry| match entry {
            None => level::NO_ENTRY,
            Some((_, value)) if is_there(value) => level::VALUE,
            Some(_) => level::ENTRY,
        });
        levels.collect()
    };
    let values = || entries.iter().flatten().map(|(_, value)| value);

    let keys: Vec<ByteArray> = entries.iter().flatten().map(|(key, _)| text(key)).collect();
    let of_keys = definitions(|_| false);
    write_levels::<ByteArrayType>(group, &keys, Some(&of_keys), Some(&repetitions))?;
    let texts = values().filter_map(|value| match value {
        AnnotationValue::Text(value) => Some(text(value)),
        _ => None,
    });
    let of_texts = definitions(|value| matches!(value, AnnotationValue::Text(_)));
    write_levels::<ByteArrayType>(
        group,
        &texts.collect::<Vec<_>>(),
        Some(&of_texts),
        Some(&repetitions),
    )?;
    let numbers = values().filter_map(|value| match value {
        AnnotationValue::Number(value) => Some(*value),
        _ => None,
    });
    let of_numbers = definitions(|value| matches!(value, AnnotationValue::Number(_)));
    write_levels::<DoubleType>(
        group,
        &numbers.collect::<Vec<_>>(),
        Some(&of_numbers),
        Some(&repetitions),
    )?;
    let booleans = values().filter_map(|value| match value {
        AnnotationValue::Boolean(value) => Some(*value),
        _ => None,
    });
    let of_booleans = definitions(|value| matches!(value, AnnotationValue::Boolean(_)));
    write_levels::<BoolType>(
        group,
        &booleans.collect::<Vec<_>>(),
        Some(&of_booleans),
        Some(&repetitions),
    )
}
