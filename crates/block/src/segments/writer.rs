use std::fmt;
use std::io::Write;
use std::sync::Arc;

use fluoro_model::SegmentId;
use fluoro_shape::{Model, Streams};
use parquet::data_type::{BoolType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};

use super::{
    GROUP_BYTES, GROUP_ROWS, MODEL_KEY, MODEL_LEVEL, PROPERTIES, SCHEMA, VERSION, VERSION_KEY,
};
use crate::column::{write as put, write_ids, write_optional, write_optional_texts, write_texts};
use crate::file::general;
use crate::row::{Body, SegmentRow};
use crate::{BlockError, annotations};

/// Writes a file of rows, which are held until a row group of them is complete.
pub struct SegmentsWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    /// How many rows a group has at most, and how much memory they take, roughly.
    group: (usize, usize),
    rows: Vec<SegmentRow>,
    /// How much memory they take, roughly.
    bytes: usize,
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
        Ok(Self {
            file,
            group: (GROUP_ROWS, GROUP_BYTES),
            rows: Vec::new(),
            bytes: 0,
        })
    }

    /// With row groups of fewer rows, which end when these take so much memory, roughly: less is held, and read at once.
    #[must_use]
    pub fn with_groups_of(self, rows: usize, bytes: usize) -> Self {
        let group = (rows.clamp(1, GROUP_ROWS), bytes.min(GROUP_BYTES));
        Self { group, ..self }
    }

    /// Where it writes to: what was written so far may be taken away.
    pub fn out(&mut self) -> &mut W {
        self.file.inner_mut()
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
        self.bytes += row.weight();
        self.rows.push(row);
        let (rows, bytes) = self.group;
        if self.rows.len() >= rows || self.bytes >= bytes {
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
        self.end(model)?;
        Ok(self.file.close()?)
    }

    /// As [`finish`](Self::finish), and returns where it wrote to.
    ///
    /// # Errors
    ///
    /// When `out` fails.
    pub fn into_out(mut self, model: &Model) -> std::result::Result<W, BlockError> {
        self.end(model)?;
        Ok(self.file.into_inner()?)
    }

    fn end(&mut self, model: &Model) -> Result<()> {
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
        Ok(())
    }

    fn end_group(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let mut group = self.file.next_row_group()?;
        write_columns(&mut group, &self.rows)?;
        group.close()?;
        self.rows.clear();
        self.bytes = 0;
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
    let id = |id: SegmentId| id.bits().to_be_bytes();
    let traces = rows.iter().map(|row| row.trace.bits().to_be_bytes());
    write_ids(group, traces.map(Some), false)?;
    write_ids(group, rows.iter().map(|row| Some(id(row.id))), false)?;
    write_ids(group, rows.iter().map(|row| row.parent.map(id)), true)?;
    put::<Int64Type>(group, rows.iter().map(|row| row.start.0))?;
    let durations = rows
        .iter()
        .map(|row| row.end.map(|end| end.0.wrapping_sub(row.start.0)));
    write_optional::<Int64Type>(group, durations)?;
    put::<Int64Type>(group, rows.iter().map(|row| row.received.0))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.number.cast_signed()))?;
    write_texts(group, rows.iter().map(|row| row.name.as_bytes()))?;
    let texts: [OptionalText; 3] = [
        |row| &row.origin,
        |row| &row.http_method,
        |row| &row.http_url,
    ];
    for of in texts {
        let texts = rows.iter().map(|row| of(row).as_deref());
        write_optional_texts(group, texts.map(|text| text.map(str::as_bytes)))?;
    }
    write_optional::<Int64Type>(group, rows.iter().map(|row| row.http_status))?;
    let users = rows.iter().map(|row| row.user.as_deref());
    write_optional_texts(group, users.map(|user| user.map(str::as_bytes)))?;
    put::<BoolType>(group, rows.iter().map(|row| row.fault))?;
    put::<BoolType>(group, rows.iter().map(|row| row.error))?;
    put::<BoolType>(group, rows.iter().map(|row| row.throttle))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.spans.cast_signed()))?;
    put::<Int32Type>(group, rows.iter().map(|row| row.bytes.cast_signed()))?;
    annotations::write(group, rows.iter().map(|row| &row.annotations[..]))?;
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
            Body::Coded(streams) => Some(of(streams).as_slice()),
            Body::Text(_) => None,
        });
        write_optional_texts(group, coded)?;
    }
    let documents = rows.iter().map(|row| match &row.stored.body {
        Body::Coded(_) => None,
        Body::Text(document) => Some(&**document),
    });
    write_optional_texts(group, documents)
}
