use std::cell::Cell;
use std::ops::Range;
use std::slice;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::projection::Outcome;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArrayType, Int32Type,
    Int64Type,
};
use parquet::errors::Result;
use parquet::file::reader::ChunkReader;

use super::group::Filters;
use super::lasting::Lasting;
use super::{Membership, SCHEMA, Service, TraceRow, VERSION, VERSION_KEY, at};
use crate::column::{Leaf, as_text};
use crate::file::{Kind, OpenFile, SLICE_BYTES, general, trace_id};
use crate::{BlockError, annotations};

/// A file of traces, open: its footer, page index and bloom filters are held, its rows are not.
#[derive(Debug)]
pub struct TracesFile<R> {
    pub(super) file: OpenFile<R>,
    /// By row group.
    pub(super) filters: Vec<Filters>,
    pub(super) lasting: Lasting,
}

static KIND: Kind = Kind {
    schema: &SCHEMA,
    version_key: VERSION_KEY,
    version: VERSION,
};

// === impl TracesFile ===

impl<R: ChunkReader + 'static> TracesFile<R> {
    /// Reads the footer and what finds traces.
    ///
    /// # Errors
    ///
    /// When the file is not one of ours, or is of a newer version.
    pub fn open(file: R) -> std::result::Result<Self, BlockError> {
        let (file, texts) = OpenFile::open(file, &KIND)?;
        let filters = (0..file.groups()).map(|group| Filters::read(&file, group));
        Ok(Self {
            filters: filters.collect::<Result<_>>()?,
            lasting: Lasting::of(&texts),
            file,
        })
    }

    /// How many bytes of memory it takes, roughly.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let filters = self.filters.iter().map(Filters::held_bytes);
        self.file.held_bytes() + filters.sum::<usize>() + self.lasting.held_bytes()
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

    /// The row groups, which are asked one by one: later ones have later starts.
    #[must_use]
    pub fn groups(&self) -> Range<usize> {
        0..self.file.groups()
    }

    /// A trace's row; `None` when it is not here.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn row(&self, trace: TraceId) -> std::result::Result<Option<TraceRow>, BlockError> {
        let Some((group, rows)) = self.place_of(trace)? else {
            return Ok(None);
        };
        let columns = Columns::of(&self.file, group, &rows);
        Ok(columns.rows(Parts::ALL)?.pop())
    }

    /// [`TraceRow::documents`] and [`TraceRow::bytes`] of a trace's row, without the rest of it; `None` when it is not here.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn amount(&self, trace: TraceId) -> std::result::Result<Option<(u32, u64)>, BlockError> {
        let Some((group, rows)) = self.place_of(trace)? else {
            return Ok(None);
        };
        let columns = Columns::of(&self.file, group, &rows);
        let documents = next(&mut columns.each::<Int32Type>(at::DOCUMENTS)?)?;
        let bytes = next(&mut columns.each::<Int64Type>(at::BYTES)?)?;
        Ok(Some((documents.cast_unsigned(), bytes.cast_unsigned())))
    }

    /// In which row group a trace has its row, and where there.
    fn place_of(&self, trace: TraceId) -> Result<Option<(usize, Range<usize>)>> {
        let id = trace.bits().to_be_bytes();
        for group in self.groups() {
            let is_in = self.file.may_span(group, at::TRACE_ID, &id);
            if !is_in || !self.filters[group].may_have_trace(&id) {
                continue;
            }
            for page in self.file.pages_with(group, at::TRACE_ID, &id) {
                let mut ids = self.file.ids(group, at::TRACE_ID, &page)?.into_iter();
                if let Some(place) = ids.position(|one| one == id) {
                    let row = page.start + place;
                    return Ok(Some((group, row..row + 1)));
                }
            }
        }
        Ok(None)
    }

    /// The traces that an older file has a row of.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn again(&self) -> std::result::Result<Vec<TraceId>, BlockError> {
        let mut traces = Vec::new();
        for group in self.groups() {
            if !self.some(group, at::AGAIN) {
                continue;
            }
            let rows = 0..self.file.rows(group);
            let again = self
                .file
                .leaf::<BoolType>(group, at::AGAIN, slice::from_ref(&rows))?;
            let again = again.required().into_iter();
            let ids = self.file.ids(group, at::TRACE_ID, &rows)?;
            let ids = ids.into_iter().zip(again).filter(|(_, again)| *again);
            traces.extend(ids.map(|(id, _)| TraceId::from_bits(u128::from_be_bytes(id))));
        }
        Ok(traces)
    }

    /// Of each trace: when its first document came in, and the groups that it is a member of. A row group after the other.
    pub fn members(&self) -> impl Iterator<Item = std::result::Result<Vec<Member>, BlockError>> {
        self.groups().map(|group| {
            let rows = 0..self.file.rows(group);
            let columns = Columns::of(&self.file, group, &rows);
            let traces = columns.each::<FixedLenByteArrayType>(at::TRACE_ID)?;
            let received = columns.each::<Int64Type>(at::FIRST_RECEIVED)?;
            let members = traces.zip(received).zip(columns.groups()?);
            let members = members.map(|((trace, received), groups)| {
                Ok((trace_id(&trace)?, TimestampMicros(received), groups))
            });
            Ok(members.collect::<Result<_>>()?)
        })
    }

    /// All rows, some thousand at a time, fewer where they are long.
    pub fn all(&self) -> impl Iterator<Item = std::result::Result<Vec<TraceRow>, BlockError>> {
        self.all_by(SLICE_BYTES)
    }

    /// The same, so many bytes of them at a time, roughly.
    pub(super) fn all_by(
        &self,
        bytes: usize,
    ) -> impl Iterator<Item = std::result::Result<Vec<TraceRow>, BlockError>> {
        self.file.batches(bytes, move |group, rows, most| {
            let mut columns = Columns::of(&self.file, group, rows);
            columns.most = most;
            (columns.rows(Parts::ALL), columns.bytes.get())
        })
    }

    /// Some rows of a row group, without the parts that nobody wants.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn rows(
        &self,
        group: usize,
        rows: &Range<usize>,
        parts: Parts,
    ) -> std::result::Result<Vec<TraceRow>, BlockError> {
        let columns = Columns::of(&self.file, group, rows);
        Ok(columns.rows(parts)?)
    }
}

/// Which of a row's parts are wanted that take long to read. Those that are not are empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// The root's name, and the texts of its request.
    pub texts: bool,
    /// Its services.
    pub services: bool,
    /// Its users.
    pub users: bool,
    /// Its annotations.
    pub annotations: bool,
    /// Its groups.
    pub groups: bool,
}

// === impl Parts ===

impl Parts {
    /// All of them.
    pub const ALL: Self = Self {
        texts: true,
        services: true,
        users: true,
        annotations: true,
        groups: true,
    };
}

/// A trace, when its first document came in, and its groups.
pub type Member = (TraceId, TimestampMicros, Vec<Membership>);

/// The columns of some rows.
struct Columns<'a, R> {
    file: &'a OpenFile<R>,
    group: usize,
    rows: &'a Range<usize>,
    /// How many bytes the values took that were read so far,
    bytes: Cell<usize>,
    /// and may take at most.
    most: usize,
}

// === impl Columns ===

impl<'a, R: ChunkReader + 'static> Columns<'a, R> {
    fn of(file: &'a OpenFile<R>, group: usize, rows: &'a Range<usize>) -> Self {
        Self {
            file,
            group,
            rows,
            bytes: Cell::new(0),
            most: usize::MAX,
        }
    }

    fn rows(&self, parts: Parts) -> Result<Vec<TraceRow>> {
        let traces = self.leaf::<FixedLenByteArrayType>(at::TRACE_ID)?.required();
        let mut revisions = self.each::<Int32Type>(at::REVISION)?;
        let mut first_received = self.each::<Int64Type>(at::FIRST_RECEIVED)?;
        let mut last_received = self.each::<Int64Type>(at::LAST_RECEIVED)?;
        let mut starts = self.perhaps::<Int64Type>(at::START_TIME)?;
        let mut ends = self.perhaps::<Int64Type>(at::END_TIME)?;
        let mut durations = self.perhaps::<Int64Type>(at::DURATION)?;
        let mut response_times = self.perhaps::<Int64Type>(at::RESPONSE_TIME)?;
        let mut longest = self.perhaps::<Int64Type>(at::LONGEST)?;
        let mut documents = self.each::<Int32Type>(at::DOCUMENTS)?;
        let mut bytes = self.each::<Int64Type>(at::BYTES)?;
        let mut again = self.each::<BoolType>(at::AGAIN)?;
        let mut complete = self.each::<BoolType>(at::COMPLETE)?;
        let mut partial = self.each::<BoolType>(at::PARTIAL)?;
        let mut inferred = self.each::<BoolType>(at::INFERRED)?;
        let mut outcomes = self.outcomes([at::FAULT, at::ERROR, at::THROTTLE])?;
        let mut some = self.outcomes([at::SOME_FAULT, at::SOME_ERROR, at::SOME_THROTTLE])?;
        let mut fault_causes = self.each::<BoolType>(at::FAULT_CAUSE)?;
        let mut error_causes = self.each::<BoolType>(at::ERROR_CAUSE)?;
        let mut time_causes = self.each::<BoolType>(at::TIME_CAUSE)?;
        let mut names = when(parts.texts, || self.texts(at::NAME))?;
        let mut methods = when(parts.texts, || self.texts(at::HTTP_METHOD))?;
        let mut urls = when(parts.texts, || self.texts(at::HTTP_URL))?;
        let mut user_agents = when(parts.texts, || self.texts(at::HTTP_USER_AGENT))?;
        let mut client_ips = when(parts.texts, || self.texts(at::HTTP_CLIENT_IP))?;
        let mut statuses = self.perhaps::<Int64Type>(at::HTTP_STATUS)?;
        let mut services = when(parts.services, || self.services())?;
        let mut users = when(parts.users, || self.users())?;
        let mut annotations = when(parts.annotations, || self.annotations())?;
        let mut groups = when(parts.groups, || self.groups())?;
        let mut rows = Vec::with_capacity(traces.len());
        for trace in &traces {
            rows.push(TraceRow {
                trace: trace_id(trace)?,
                revision: next(&mut revisions)?.cast_unsigned(),
                first_received: TimestampMicros(next(&mut first_received)?),
                last_received: TimestampMicros(next(&mut last_received)?),
                start: next(&mut starts)?.map(TimestampMicros),
                end: next(&mut ends)?.map(TimestampMicros),
                duration: next(&mut durations)?,
                response_time: next(&mut response_times)?,
                longest: next(&mut longest)?,
                documents: next(&mut documents)?.cast_unsigned(),
                bytes: next(&mut bytes)?.cast_unsigned(),
                again: next(&mut again)?,
                complete: next(&mut complete)?,
                partial: next(&mut partial)?,
                inferred: next(&mut inferred)?,
                outcome: next(&mut outcomes)?,
                some: next(&mut some)?,
                fault_cause: next(&mut fault_causes)?,
                error_cause: next(&mut error_causes)?,
                time_cause: next(&mut time_causes)?,
                name: next_of(&mut names)?.transpose()?.flatten(),
                http_method: next_of(&mut methods)?.transpose()?.flatten(),
                http_url: next_of(&mut urls)?.transpose()?.flatten(),
                http_user_agent: next_of(&mut user_agents)?.transpose()?.flatten(),
                http_client_ip: next_of(&mut client_ips)?.transpose()?.flatten(),
                http_status: next(&mut statuses)?,
                services: next_of(&mut services)?.unwrap_or_default(),
                users: next_of(&mut users)?.unwrap_or_default(),
                annotations: next_of(&mut annotations)?.unwrap_or_default(),
                groups: next_of(&mut groups)?.unwrap_or_default(),
            });
        }
        Ok(rows)
    }

    fn services(&self) -> Result<Vec<Vec<Service>>> {
        let names = self.leaf::<ByteArrayType>(at::SERVICE_NAME)?;
        let kinds = self.leaf::<ByteArrayType>(at::SERVICE_TYPE)?;
        let accounts = self.leaf::<ByteArrayType>(at::SERVICE_ACCOUNT_ID)?;
        let outcomes =
            self.outcomes([at::SERVICE_FAULT, at::SERVICE_ERROR, at::SERVICE_THROTTLE])?;
        let longest = self.leaf::<Int64Type>(at::SERVICE_LONGEST)?;
        let mut rows = vec![Vec::new(); names.rows()];
        let ended = outcomes.zip(longest.entries());
        let parts = kinds.entries().zip(accounts.entries()).zip(ended);
        for ((row, name), (((_, kind), (_, account)), (outcome, (_, longest)))) in
            names.entries().zip(parts)
        {
            rows[row].push(Service {
                name: as_text(name.ok_or_else(too_few)?)?,
                kind: kind.map(as_text).transpose()?,
                account_id: account.map(as_text).transpose()?,
                outcome,
                longest: longest.copied(),
            });
        }
        Ok(rows)
    }

    fn users(&self) -> Result<Vec<Vec<Box<str>>>> {
        let users = self.leaf::<ByteArrayType>(at::USER)?;
        let mut rows = vec![Vec::new(); users.rows()];
        for (row, user) in users.entries() {
            rows[row].push(as_text(user.ok_or_else(too_few)?)?);
        }
        Ok(rows)
    }

    fn groups(&self) -> Result<Vec<Vec<Membership>>> {
        let names = self.leaf::<ByteArrayType>(at::GROUP)?;
        let joined = self.each::<Int64Type>(at::GROUP_JOINED)?;
        let versions = self.each::<Int32Type>(at::GROUP_VERSION)?;
        let mut rows = vec![Vec::new(); names.rows()];
        for ((row, name), (joined, version)) in names.entries().zip(joined.zip(versions)) {
            rows[row].push(Membership {
                group: as_text(name.ok_or_else(too_few)?)?,
                joined: TimestampMicros(joined),
                version: version.cast_unsigned(),
            });
        }
        Ok(rows)
    }

    fn annotations(&self) -> Result<Vec<Vec<crate::Annotation>>> {
        let columns = annotations::Columns {
            keys: self.leaf::<ByteArrayType>(at::ANNOTATION_KEY)?,
            texts: self.leaf::<ByteArrayType>(at::ANNOTATION_TEXT)?,
            numbers: self.leaf::<DoubleType>(at::ANNOTATION_NUMBER)?,
            booleans: self.leaf::<BoolType>(at::ANNOTATION_BOOLEAN)?,
        };
        columns.rows()
    }

    fn outcomes(&self, columns: [usize; 3]) -> Result<impl Iterator<Item = Outcome> + use<R>> {
        let [faults, errors, throttles] = columns.map(|column| self.each::<BoolType>(column));
        let outcomes = faults?.zip(errors?).zip(throttles?);
        Ok(outcomes.map(|((fault, error), throttle)| Outcome {
            fault,
            error,
            throttle,
        }))
    }

    fn texts(
        &self,
        column: usize,
    ) -> Result<impl Iterator<Item = Result<Option<Box<str>>>> + use<R>> {
        let texts = self.perhaps::<ByteArrayType>(column)?;
        Ok(texts.map(|text: Option<ByteArray>| text.as_ref().map(as_text).transpose()))
    }

    fn each<T: DataType>(&self, column: usize) -> Result<std::vec::IntoIter<T::T>> {
        Ok(self.leaf::<T>(column)?.required().into_iter())
    }

    fn perhaps<T: DataType>(&self, column: usize) -> Result<std::vec::IntoIter<Option<T::T>>> {
        Ok(self.leaf::<T>(column)?.optional().into_iter())
    }

    fn leaf<T: DataType>(&self, column: usize) -> Result<Leaf<T::T>> {
        let rows = slice::from_ref(self.rows);
        let leaf = self.file.leaf::<T>(self.group, column, rows)?;
        self.bytes.set(self.bytes.get() + leaf.bytes());
        if self.bytes.get() > self.most {
            return Err(general("rows that are longer than was thought"));
        }
        Ok(leaf)
    }
}

fn next<T>(values: &mut impl Iterator<Item = T>) -> Result<T> {
    values.next().ok_or_else(too_few)
}

/// The values of a part that is wanted.
fn when<V: IntoIterator>(
    is_wanted: bool,
    read: impl FnOnce() -> Result<V>,
) -> Result<Option<V::IntoIter>> {
    let values = is_wanted.then(read).transpose()?;
    Ok(values.map(IntoIterator::into_iter))
}

/// The next value; `None` of a part that is not wanted.
fn next_of<T>(values: &mut Option<impl Iterator<Item = T>>) -> Result<Option<T>> {
    values.as_mut().map(next).transpose()
}

fn too_few() -> parquet::errors::ParquetError {
    general("a column has too few values")
}
