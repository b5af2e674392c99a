use std::ops::Range;
use std::sync::Arc;

use fluoro_model::document::AnnotationValue;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Model, Streams};
use parquet::bloom_filter::Sbbf;
use parquet::column::reader::{ColumnReader, get_column_reader};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::reader::ChunkReader;
use parquet::file::serialized_reader::SerializedPageReader;

use super::writer::level;
use super::{LARGEST_MODEL, MODEL_KEY, SCHEMA, VERSION, VERSION_KEY, at, general};
use crate::BlockError;
use crate::column::{self, Levels, as_bytes, as_text};
use crate::row::{Annotation, Body, SegmentRow, Stored};

/// A file of segments, open: its footer, page index and bloom filters are held, its rows are not.
#[derive(Debug)]
pub struct SegmentsFile<R> {
    file: Arc<R>,
    metadata: ParquetMetaData,
    /// Of the trace ids, by row group.
    filters: Vec<Option<Sbbf>>,
    model: Model,
}

/// Rows of a row group.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    group: usize,
    rows: Range<usize>,
}

// === impl SegmentsFile ===

impl<R: ChunkReader + 'static> SegmentsFile<R> {
    /// Reads the footer and what finds traces.
    ///
    /// # Errors
    ///
    /// When the file is not one of ours, or is of a newer version.
    pub fn open(file: R) -> std::result::Result<Self, BlockError> {
        let mut reader =
            ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Required);
        reader.try_parse(&file)?;
        let metadata = reader.finish()?;
        let about = metadata.file_metadata();
        let value = |key: &str| {
            let pairs = about.key_value_metadata().into_iter().flatten();
            let value = pairs
                .filter(|pair| pair.key == key)
                .find_map(|pair| pair.value.as_deref());
            value.ok_or(BlockError::Foreign("its footer does not say so"))
        };
        let found = value(VERSION_KEY)?;
        let found = found
            .parse()
            .map_err(|_| BlockError::Foreign("its version is no number"))?;
        if found > VERSION {
            return Err(BlockError::Newer {
                found,
                known: VERSION,
            });
        }
        if about.schema_descr().root_schema() != &**SCHEMA {
            return Err(BlockError::Foreign("it has other columns"));
        }
        let filters = metadata.row_groups().iter();
        let filters =
            filters.map(|group| Sbbf::read_from_column_chunk(group.column(at::TRACE_ID), &file));
        Ok(Self {
            filters: filters.collect::<Result<_>>()?,
            model: model(value(MODEL_KEY)?).ok_or(BlockError::Foreign("its model is damaged"))?,
            metadata,
            file: Arc::new(file),
        })
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        let rows = self
            .metadata
            .row_groups()
            .iter()
            .map(|group| group.num_rows());
        usize::try_from(rows.sum::<i64>()).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the documents are coded with.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// A trace's rows; none when it is not here.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn trace(&self, trace: TraceId) -> std::result::Result<Vec<SegmentRow>, BlockError> {
        let mut rows = Vec::new();
        for group in 0..self.filters.len() {
            if let Some(place) = self.place_of(group, trace)? {
                rows.extend(self.rows(&place)?);
            }
        }
        Ok(rows)
    }

    /// All rows, a row group after the other.
    pub fn all(&self) -> impl Iterator<Item = std::result::Result<Vec<SegmentRow>, BlockError>> {
        self.metadata
            .row_groups()
            .iter()
            .enumerate()
            .map(|(group, metadata)| {
                let end = usize::try_from(metadata.num_rows())
                    .map_err(|_| general("no number of rows"))?;
                self.rows(&Place {
                    group,
                    rows: 0..end,
                })
            })
    }

    /// Where in a row group a trace's rows lie.
    fn place_of(&self, group: usize, trace: TraceId) -> Result<Option<Place>> {
        let id = trace.bits().to_be_bytes();
        let filter = self.filters[group].as_ref();
        if filter.is_some_and(|filter| !filter.check(&id[..])) {
            return Ok(None);
        }
        let Some(pages) = self.pages_of(group, &id) else {
            return Ok(None);
        };
        let ids = self.column(group, at::TRACE_ID)?;
        let ids = column::read::<FixedLenByteArrayType>(ids, pages.start, pages.len())?;
        let begin = ids.partition_point(|one| one.data() < &id[..]);
        let count = ids[begin..].partition_point(|one| one.data() == id);
        let begin = pages.start + begin;
        let rows = begin..begin + count;
        Ok((!rows.is_empty()).then_some(Place { group, rows }))
    }

    /// The rows of the pages that may have this trace id.
    fn pages_of(&self, group: usize, id: &[u8]) -> Option<Range<usize>> {
        let rows = usize::try_from(self.metadata.row_group(group).num_rows()).ok()?;
        let pages = self.metadata.page_index_for_row_group(group);
        let locations = pages.page_locations(at::TRACE_ID)?;
        let ColumnIndexMetaData::FIXED_LEN_BYTE_ARRAY(index) = pages.column_index(at::TRACE_ID)?
        else {
            return Some(0..rows);
        };
        let may_have = |page: usize| {
            let (least, most) = (index.min_value(page), index.max_value(page));
            least.is_none_or(|least| least <= id) && most.is_none_or(|most| most >= id)
        };
        let begins = |page: usize| {
            let location = locations.get(page);
            location.map_or(Some(rows), |location| {
                usize::try_from(location.first_row_index).ok()
            })
        };
        let first = (0..locations.len()).find(|&page| may_have(page))?;
        let last = (first..locations.len())
            .take_while(|&page| may_have(page))
            .last()?;
        Some(begins(first)?..begins(last + 1)?)
    }

    fn column(&self, group: usize, column: usize) -> Result<ColumnReader> {
        let group_metadata = self.metadata.row_group(group);
        let pages = self.metadata.page_index_for_row_group(group);
        let reader = SerializedPageReader::new(
            Arc::clone(&self.file),
            group_metadata.column(column),
            usize::try_from(group_metadata.num_rows())?,
            pages.page_locations(column).cloned(),
        )?;
        let description = self.metadata.file_metadata().schema_descr().column(column);
        Ok(get_column_reader(description, Box::new(reader)))
    }

    fn rows(&self, place: &Place) -> std::result::Result<Vec<SegmentRow>, BlockError> {
        let columns = Columns { file: self, place };
        Ok(columns.rows()?)
    }
}

/// The columns of some rows.
struct Columns<'a, R> {
    file: &'a SegmentsFile<R>,
    place: &'a Place,
}

// === impl Columns ===

impl<R: ChunkReader + 'static> Columns<'_, R> {
    fn rows(&self) -> Result<Vec<SegmentRow>> {
        let starts = self.int64(at::START_TIME)?;
        let durations = self.optional::<Int64Type>(at::DURATION)?;
        let mut rows = Vec::with_capacity(starts.len());
        let ids = self.required::<FixedLenByteArrayType>(at::ID)?;
        let traces = self.required::<FixedLenByteArrayType>(at::TRACE_ID)?;
        let received = self.int64(at::RECEIVED)?;
        let numbers = self.required::<Int32Type>(at::NUMBER)?;
        let names = self.required::<ByteArrayType>(at::NAME)?;
        let spans = self.required::<Int32Type>(at::SPANS)?;
        let bytes = self.required::<Int32Type>(at::BYTES)?;
        let faults = self.required::<BoolType>(at::FAULT)?;
        let errors = self.required::<BoolType>(at::ERROR)?;
        let throttles = self.required::<BoolType>(at::THROTTLE)?;
        let checksums = self.required::<Int32Type>(at::CHECKSUM)?;
        let mut parents = self
            .optional::<FixedLenByteArrayType>(at::PARENT_ID)?
            .into_iter();
        let mut origins = self.texts(at::ORIGIN)?.into_iter();
        let mut methods = self.texts(at::HTTP_METHOD)?.into_iter();
        let mut urls = self.texts(at::HTTP_URL)?.into_iter();
        let mut statuses = self.optional::<Int64Type>(at::HTTP_STATUS)?.into_iter();
        let mut users = self.texts(at::USER)?.into_iter();
        let mut annotations = self.annotations()?.into_iter();
        let mut bodies = self.bodies()?.into_iter();
        for (index, start) in starts.into_iter().enumerate() {
            rows.push(SegmentRow {
                trace: trace_id(&traces[index])?,
                id: segment_id(&ids[index])?,
                parent: parents
                    .next()
                    .flatten()
                    .as_ref()
                    .map(segment_id)
                    .transpose()?,
                start: TimestampMicros(start),
                end: durations[index].map(|duration| TimestampMicros(start.wrapping_add(duration))),
                received: TimestampMicros(received[index]),
                number: numbers[index].cast_unsigned(),
                name: as_text(&names[index])?,
                origin: origins.next().flatten(),
                http_method: methods.next().flatten(),
                http_url: urls.next().flatten(),
                http_status: statuses.next().flatten(),
                user: users.next().flatten(),
                fault: faults[index],
                error: errors[index],
                throttle: throttles[index],
                spans: spans[index].cast_unsigned(),
                bytes: bytes[index].cast_unsigned(),
                annotations: annotations.next().unwrap_or_default(),
                stored: Stored {
                    checksum: checksums[index].cast_unsigned(),
                    body: bodies
                        .next()
                        .ok_or_else(|| general("a row without a document"))?,
                },
            });
        }
        Ok(rows)
    }

    fn annotations(&self) -> Result<Vec<Vec<Annotation>>> {
        let keys = self.levels::<ByteArrayType>(at::ANNOTATION_KEY)?;
        let texts = self.levels::<ByteArrayType>(at::ANNOTATION_TEXT)?;
        let numbers = self.levels::<DoubleType>(at::ANNOTATION_NUMBER)?;
        let booleans = self.levels::<BoolType>(at::ANNOTATION_BOOLEAN)?;
        let (mut key_values, mut text_values) = (keys.values.iter(), texts.values.iter());
        let (mut number_values, mut boolean_values) =
            (numbers.values.iter(), booleans.values.iter());
        let is_there = |levels: &[i16], index: usize| levels.get(index) == Some(&level::VALUE);
        let mut rows: Vec<Vec<Annotation>> = Vec::new();
        for (index, &definition) in keys.definitions.iter().enumerate() {
            if keys.repetitions.get(index) != Some(&level::SAME_ROW) {
                rows.push(Vec::new());
            }
            if definition == level::NO_ENTRY {
                continue;
            }
            let value = if is_there(&texts.definitions, index) {
                text_values
                    .next()
                    .map(as_text)
                    .transpose()?
                    .map(AnnotationValue::Text)
            } else if is_there(&numbers.definitions, index) {
                number_values.next().copied().map(AnnotationValue::Number)
            } else {
                boolean_values.next().copied().map(AnnotationValue::Boolean)
            };
            let key = key_values.next().map(as_text).transpose()?;
            let entry = key
                .zip(value)
                .ok_or_else(|| general("an annotation without a value"))?;
            let row = rows
                .last_mut()
                .ok_or_else(|| general("an annotation without a row"))?;
            row.push(entry);
        }
        Ok(rows)
    }

    fn bodies(&self) -> Result<Vec<Body>> {
        let [shapes, numbers, ids, text] =
            at::CODED.map(|column| self.optional::<ByteArrayType>(column));
        let streams = shapes?
            .into_iter()
            .zip(numbers?)
            .zip(ids?.into_iter().zip(text?));
        let documents = self.optional::<ByteArrayType>(at::DOCUMENT)?;
        let bodies = streams
            .zip(documents)
            .map(|(((shapes, numbers), (ids, text)), document)| {
                if let Some(document) = document {
                    return Ok(Body::Text(as_bytes(&document)));
                }
                let bytes = |stream: Option<ByteArray>| {
                    let stream = stream.ok_or_else(|| general("a row without a document"))?;
                    Ok::<_, parquet::errors::ParquetError>(stream.data().to_vec())
                };
                Ok(Body::Coded(Streams {
                    shapes: bytes(shapes)?,
                    numbers: bytes(numbers)?,
                    ids: bytes(ids)?,
                    text: bytes(text)?,
                }))
            });
        bodies.collect()
    }

    fn texts(&self, column: usize) -> Result<Vec<Option<Box<str>>>> {
        let texts = self.optional::<ByteArrayType>(column)?;
        texts
            .iter()
            .map(|text| text.as_ref().map(as_text).transpose())
            .collect()
    }

    fn int64(&self, column: usize) -> Result<Vec<i64>> {
        self.required::<Int64Type>(column)
    }

    fn required<T: parquet::data_type::DataType>(&self, column: usize) -> Result<Vec<T::T>> {
        let Place { group, rows } = self.place;
        column::read::<T>(self.file.column(*group, column)?, rows.start, rows.len())
    }

    fn optional<T: parquet::data_type::DataType>(
        &self,
        column: usize,
    ) -> Result<Vec<Option<T::T>>> {
        let Place { group, rows } = self.place;
        column::read_optional::<T>(self.file.column(*group, column)?, rows.start, rows.len())
    }

    fn levels<T: parquet::data_type::DataType>(&self, column: usize) -> Result<Levels<T::T>> {
        let Place { group, rows } = self.place;
        column::read_levels::<T>(self.file.column(*group, column)?, rows.start, rows.len())
    }
}

fn model(text: &str) -> Option<Model> {
    let compressed = hex::decode(text).ok()?;
    let journal = zstd::bulk::decompress(&compressed, LARGEST_MODEL).ok()?;
    Model::from_journal(&journal).ok()
}

fn trace_id(bytes: &FixedLenByteArray) -> Result<TraceId> {
    let bytes = bytes
        .data()
        .try_into()
        .map_err(|_| general("a trace id of another length"))?;
    Ok(TraceId::from_bits(u128::from_be_bytes(bytes)))
}

fn segment_id(bytes: &FixedLenByteArray) -> Result<SegmentId> {
    let bytes = bytes
        .data()
        .try_into()
        .map_err(|_| general("an id of another length"))?;
    Ok(SegmentId::from_bits(u64::from_be_bytes(bytes)))
}
