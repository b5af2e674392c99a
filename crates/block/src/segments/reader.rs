use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::{Model, Streams};
use parquet::bloom_filter::Sbbf;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray,
    FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::errors::Result;
use parquet::file::reader::ChunkReader;

use super::model::{SharedModel, journal};
use super::{MODEL_KEY, SCHEMA, VERSION, VERSION_KEY, at};
use crate::annotations::Annotation;
use crate::column::{Leaf, as_bytes, as_text};
use crate::file::{Kind, OpenFile, SLICE_BYTES, general, trace_id};
use crate::row::{Body, SegmentRow, Stored};
use crate::{BlockError, annotations};

/// A file of segments, open: its footer, page index and bloom filters are held, its rows are not.
#[derive(Debug)]
pub struct SegmentsFile<R> {
    file: OpenFile<R>,
    ids: Arc<TraceIds>,
    model: Arc<SharedModel>,
}

/// Which traces a file of segments may have: about four bytes a trace.
#[derive(Debug)]
pub struct TraceIds(Vec<IdsOfGroup>);

/// The same of a row group.
#[derive(Debug)]
struct IdsOfGroup {
    least: Option<[u8; 16]>,
    most: Option<[u8; 16]>,
    filter: Option<Sbbf>,
}

static KIND: Kind = Kind {
    schema: &SCHEMA,
    version_key: VERSION_KEY,
    version: VERSION,
};

/// So many rows are rather read than passed over.
const CLOSE: usize = 8;

// === impl SegmentsFile ===

impl<R: ChunkReader + 'static> SegmentsFile<R> {
    /// Reads the footer and what finds traces.
    ///
    /// # Errors
    ///
    /// When the file is not one of ours, or is of a newer version.
    pub fn open(file: R) -> std::result::Result<Self, BlockError> {
        Self::open_among(file, &Arc::default())
    }

    /// The same of a file among others that have a model together, if its own has grown with theirs.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    pub fn open_among(file: R, others: &Arc<SharedModel>) -> std::result::Result<Self, BlockError> {
        let (file, texts) = OpenFile::open(file, &KIND)?;
        let journal = journal(texts.value(MODEL_KEY)?)?;
        let mut model = Arc::clone(others);
        if !model.take_in(&journal)? {
            model = Arc::default();
            model.take_in(&journal)?;
        }
        Ok(Self {
            ids: Arc::new(TraceIds::of(&file)?),
            model,
            file,
        })
    }

    /// The same of a file that was open before, whose [`ids`](Self::ids) and [`shared_model`](Self::shared_model) are still held.
    ///
    /// # Errors
    ///
    /// As of [`open`](Self::open).
    pub fn open_again(
        file: R,
        ids: Arc<TraceIds>,
        model: Arc<SharedModel>,
    ) -> std::result::Result<Self, BlockError> {
        let (file, _) = OpenFile::open(file, &KIND)?;
        Ok(Self { file, ids, model })
    }

    /// How many bytes of memory it takes without its ids and its model, roughly.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.file.held_bytes()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the documents are coded with.
    #[must_use]
    pub fn model(&self) -> Arc<Model> {
        self.model.get()
    }

    /// The same, as other files have it, too.
    #[must_use]
    pub fn shared_model(&self) -> &Arc<SharedModel> {
        &self.model
    }

    /// A trace's rows; none when it is not here.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn trace(&self, trace: TraceId) -> std::result::Result<Vec<SegmentRow>, BlockError> {
        self.traces(&[trace])
    }

    /// Which traces there may be rows of.
    #[must_use]
    pub fn ids(&self) -> &Arc<TraceIds> {
        &self.ids
    }

    /// The rows of several traces, which are in ascending order, each once.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn traces(&self, traces: &[TraceId]) -> std::result::Result<Vec<SegmentRow>, BlockError> {
        self.rows_of(traces, Wanted::All)
    }

    /// The documents of several traces, which are in ascending order, each once.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn documents(
        &self,
        traces: &[TraceId],
    ) -> std::result::Result<Vec<StoredDocument>, BlockError> {
        let rows = self.rows_of(traces, Wanted::Document)?.into_iter();
        let model = self.model();
        let documents = rows.map(|row| StoredDocument {
            trace: row.trace,
            received: row.received,
            number: row.number,
            document: row.document(&model).ok(),
        });
        Ok(documents.collect())
    }

    fn rows_of(
        &self,
        traces: &[TraceId],
        wanted: Wanted,
    ) -> std::result::Result<Vec<SegmentRow>, BlockError> {
        let mut rows = Vec::new();
        for group in 0..self.ids.0.len() {
            let places = self.places_of(group, traces)?;
            if places.is_empty() {
                continue;
            }
            let columns = Columns {
                file: &self.file,
                group,
                places: &places,
                wanted,
                bytes: Cell::new(0),
                most: usize::MAX,
            };
            let found = columns.rows()?.into_iter();
            rows.extend(found.filter(|row| traces.binary_search(&row.trace).is_ok()));
        }
        Ok(rows)
    }

    /// Where in a row group the rows of these traces lie: in order, those together that lie close to each other.
    fn places_of(&self, group: usize, traces: &[TraceId]) -> Result<Vec<Range<usize>>> {
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut pages = 0..0;
        let mut ids: Vec<FixedLenByteArray> = Vec::new();
        for trace in traces {
            let id = trace.bits().to_be_bytes();
            if !self.ids.0[group].may_have(&id) {
                continue;
            }
            let Some(wanted) = self.pages_of(group, &id) else {
                continue;
            };
            if pages != wanted {
                let wanted_pages = std::slice::from_ref(&wanted);
                let leaf =
                    self.file
                        .leaf::<FixedLenByteArrayType>(group, at::TRACE_ID, wanted_pages)?;
                ids = leaf.required();
                pages = wanted;
            }
            let begin = ids.partition_point(|one| one.data() < &id[..]);
            let count = ids[begin..].partition_point(|one| one.data() == id);
            let rows = pages.start + begin..pages.start + begin + count;
            match places.last_mut() {
                _ if rows.is_empty() => {}
                Some(last) if rows.start <= last.end + CLOSE => last.end = rows.end,
                _ => places.push(rows),
            }
        }
        Ok(places)
    }

    /// All rows, some thousand at a time, fewer where they are long.
    pub fn all(&self) -> impl Iterator<Item = std::result::Result<Vec<SegmentRow>, BlockError>> {
        self.all_by(SLICE_BYTES)
    }

    /// The same, so many bytes of them at a time, roughly.
    pub(super) fn all_by(
        &self,
        bytes: usize,
    ) -> impl Iterator<Item = std::result::Result<Vec<SegmentRow>, BlockError>> {
        self.file.batches(bytes, move |group, rows, most| {
            let columns = Columns {
                file: &self.file,
                group,
                places: std::slice::from_ref(rows),
                wanted: Wanted::All,
                bytes: Cell::new(0),
                most,
            };
            (columns.rows(), columns.bytes.get())
        })
    }

    /// The rows of the pages that may have this trace id.
    fn pages_of(&self, group: usize, id: &[u8]) -> Option<Range<usize>> {
        let pages = self.file.pages_with(group, at::TRACE_ID, id);
        Some(pages.first()?.start..pages.last()?.end)
    }
}

// === impl TraceIds ===

impl TraceIds {
    fn of<R: ChunkReader + 'static>(file: &OpenFile<R>) -> Result<Self> {
        let groups = (0..file.groups()).map(|group| {
            let (least, most) = file.span(group, at::TRACE_ID);
            let whole = |id: &[u8]| id.try_into().ok();
            Ok(IdsOfGroup {
                least: least.and_then(whole),
                most: most.and_then(whole),
                filter: file.filter(group, at::TRACE_ID)?,
            })
        });
        Ok(Self(groups.collect::<Result<_>>()?))
    }

    /// Whether there may be rows of the trace; `false` only when there are none.
    #[must_use]
    pub fn may_have(&self, trace: TraceId) -> bool {
        let id = trace.bits().to_be_bytes();
        self.0.iter().any(|group| group.may_have(&id))
    }

    /// The same of several traces: what is known of each that is not `true` yet.
    pub fn may_have_each(&self, traces: &[TraceId], known: &mut [bool]) {
        // A filter stays in the processor's cache for all of them.
        for group in &self.0 {
            let unknown = traces.iter().zip(&mut *known);
            for (trace, known) in unknown.filter(|(_, known)| !**known) {
                *known = group.may_have(&trace.bits().to_be_bytes());
            }
        }
    }
}

// === impl IdsOfGroup ===

impl IdsOfGroup {
    fn may_have(&self, id: &[u8; 16]) -> bool {
        let is_in =
            self.least.is_none_or(|least| least <= *id) && self.most.is_none_or(|most| most >= *id);
        let filter = self.filter.as_ref();
        is_in && filter.is_none_or(|filter| filter.check(&id[..]))
    }
}

/// The columns of some rows of a row group.
struct Columns<'a, R> {
    file: &'a OpenFile<R>,
    group: usize,
    /// In order, and apart.
    places: &'a [Range<usize>],
    wanted: Wanted,
    /// How many bytes the values took that were read so far,
    bytes: Cell<usize>,
    /// and may take at most.
    most: usize,
}

/// What of a row is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// What its document is read with.
    Document,
}

/// A document, and when it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDocument {
    /// The trace that it belongs to.
    pub trace: TraceId,
    /// When it was received.
    pub received: TimestampMicros,
    /// Which of its delivery it is.
    pub number: u32,
    /// As it came; `None` when it is damaged.
    pub document: Option<Bytes>,
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
        let checksums = self.required::<Int32Type>(at::CHECKSUM)?;
        let parents = self.optional::<FixedLenByteArrayType>(at::PARENT_ID)?;
        let mut parents = parents.into_iter();
        let mut urls = self.texts(at::HTTP_URL)?.into_iter();
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
                name: Box::default(),
                origin: None,
                http_method: None,
                http_url: urls.next().flatten(),
                http_status: None,
                user: users.next().flatten(),
                fault: false,
                error: false,
                throttle: false,
                spans: 0,
                bytes: 0,
                annotations: annotations.next().unwrap_or_default(),
                stored: Stored {
                    checksum: checksums[index].cast_unsigned(),
                    body: bodies
                        .next()
                        .ok_or_else(|| general("a row without a document"))?,
                },
            });
        }
        match self.wanted {
            Wanted::All => self.fill(&mut rows)?,
            Wanted::Document => {}
        }
        Ok(rows)
    }

    /// Reads what documents are not read with.
    fn fill(&self, rows: &mut [SegmentRow]) -> Result<()> {
        let names = self.required::<ByteArrayType>(at::NAME)?;
        let spans = self.required::<Int32Type>(at::SPANS)?;
        let bytes = self.required::<Int32Type>(at::BYTES)?;
        let faults = self.required::<BoolType>(at::FAULT)?;
        let errors = self.required::<BoolType>(at::ERROR)?;
        let throttles = self.required::<BoolType>(at::THROTTLE)?;
        let mut origins = self.texts(at::ORIGIN)?.into_iter();
        let mut methods = self.texts(at::HTTP_METHOD)?.into_iter();
        let mut statuses = self.optional::<Int64Type>(at::HTTP_STATUS)?.into_iter();
        for (index, row) in rows.iter_mut().enumerate() {
            row.name = as_text(&names[index])?;
            row.origin = origins.next().flatten();
            row.http_method = methods.next().flatten();
            row.http_status = statuses.next().flatten();
            row.fault = faults[index];
            row.error = errors[index];
            row.throttle = throttles[index];
            row.spans = spans[index].cast_unsigned();
            row.bytes = bytes[index].cast_unsigned();
        }
        Ok(())
    }

    fn annotations(&self) -> Result<Vec<Vec<Annotation>>> {
        let columns = annotations::Columns {
            keys: self.leaf::<ByteArrayType>(at::ANNOTATION_KEY)?,
            texts: self.leaf::<ByteArrayType>(at::ANNOTATION_TEXT)?,
            numbers: self.leaf::<DoubleType>(at::ANNOTATION_NUMBER)?,
            booleans: self.leaf::<BoolType>(at::ANNOTATION_BOOLEAN)?,
        };
        columns.rows()
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

    fn required<T: DataType>(&self, column: usize) -> Result<Vec<T::T>> {
        Ok(self.leaf::<T>(column)?.required())
    }

    fn optional<T: DataType>(&self, column: usize) -> Result<Vec<Option<T::T>>> {
        Ok(self.leaf::<T>(column)?.optional())
    }

    fn leaf<T: DataType>(&self, column: usize) -> Result<Leaf<T::T>> {
        let leaf = self.file.leaf::<T>(self.group, column, self.places)?;
        self.bytes.set(self.bytes.get() + leaf.bytes());
        if self.bytes.get() > self.most {
            return Err(general("rows that are longer than was thought"));
        }
        Ok(leaf)
    }
}

fn segment_id(bytes: &FixedLenByteArray) -> Result<SegmentId> {
    let bytes = bytes
        .data()
        .try_into()
        .map_err(|_| general("an id of another length"))?;
    Ok(SegmentId::from_bits(u64::from_be_bytes(bytes)))
}
