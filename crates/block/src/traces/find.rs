//! Which rows of a row group a filter may mean: column by column, of each only the pages in which a row is left.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::slice;

use fluoro_filter::{
    ColumnTest, Columns, Flag, NodeRef, NumberTest, Text, TextTest, ValueTest, annotation_fulfils,
};
use fluoro_model::document::AnnotationValue;
use fluoro_model::{TimestampMicros, TraceId};
use parquet::data_type::{BoolType, DataType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::reader::ChunkReader;

use super::group::{NumberColumn, cause, may_last, names_of_failed, root_flag, some_flag};
use super::lasting::Lasting;
use super::{PAGE_ROWS, TracesFile, at};
use crate::BlockError;
use crate::column::Leaf;
use crate::file::OpenFile;

/// A row of a row group that was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The trace.
    pub trace: TraceId,
    /// Its start.
    pub start: Option<TimestampMicros>,
    /// Its latest end.
    pub end: Option<TimestampMicros>,
    /// When its first document came in.
    pub first_received: TimestampMicros,
    /// When its last document came in.
    pub last_received: TimestampMicros,
    /// Whether it may be meant; `false` only when it surely is not.
    pub admitted: bool,
}

/// A row that may be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meant {
    /// The trace.
    pub trace: TraceId,
    /// Its start.
    pub start: Option<TimestampMicros>,
}

// === impl TracesFile ===

impl<R: ChunkReader + 'static> TracesFile<R> {
    /// Some rows of a row group, in their order, and which of them may be meant.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    ///
    /// # Panics
    ///
    /// When the row group has fewer rows.
    pub fn find(
        &self,
        group: usize,
        rows: Range<usize>,
        columns: &Columns,
    ) -> std::result::Result<Vec<Found>, BlockError> {
        let search = self.search(group);
        let all = Rows::of(self.file.rows(group), rows);
        let admitted = search.admitted(columns, &all)?;
        Ok(search.found(&all, &admitted)?)
    }

    /// As [`find`](Self::find), but only those that may be meant, and less of them.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    ///
    /// # Panics
    ///
    /// When the row group has fewer rows.
    pub fn find_meant(
        &self,
        group: usize,
        rows: Range<usize>,
        columns: &Columns,
    ) -> std::result::Result<Vec<Meant>, BlockError> {
        let search = self.search(group);
        let admitted = search.admitted(columns, &Rows::of(self.file.rows(group), rows))?;
        Ok(search.meant(&admitted)?)
    }

    /// The start of a row.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn start(
        &self,
        group: usize,
        row: usize,
    ) -> std::result::Result<Option<TimestampMicros>, BlockError> {
        let rows = row..row + 1;
        let ranges = slice::from_ref(&rows);
        let start = self.file.leaf::<Int64Type>(group, at::START_TIME, ranges)?;
        Ok(start.values.first().copied().map(TimestampMicros))
    }

    /// Whether it is known without looking which of a row group's rows may be meant, or few of them.
    #[must_use]
    pub fn tells(&self, group: usize, columns: &Columns) -> bool {
        self.search(group).is_told(columns)
    }

    fn search(&self, group: usize) -> Search<'_, R> {
        Search {
            file: &self.file,
            lasting: &self.lasting,
            group,
            read: RefCell::default(),
        }
    }
}

/// Rows of a row group, a flag each.
#[derive(Debug, Clone)]
struct Rows(Vec<bool>);

/// A search through a row group, and the columns that were read for it.
struct Search<'f, R> {
    file: &'f OpenFile<R>,
    lasting: &'f Lasting,
    group: usize,
    read: RefCell<HashMap<usize, Rc<dyn Any>>>,
}

/// Rows of a column, of whole pages.
struct Read<T> {
    ranges: Vec<Range<usize>>,
    leaf: Leaf<T>,
    /// Which rows those are.
    rows: Vec<usize>,
}

/// Which rows fulfil a test.
enum Tested {
    /// These and no others.
    Exactly(Rows),
    /// At most these.
    Within(Rows),
}

// === impl Search ===

impl<R: ChunkReader + 'static> Search<'_, R> {
    /// Some rows.
    fn meant(&self, rows: &Rows) -> Result<Vec<Meant>> {
        if !rows.any() {
            return Ok(Vec::new());
        }
        let starts = self.read::<Int64Type>(at::START_TIME, rows)?;
        let traces = self.ids(rows)?.into_iter();
        let meant = traces.zip(starts.entries(rows));
        let meant = meant.map(|((_, trace), (_, start))| Meant {
            trace: TraceId::from_bits(u128::from_be_bytes(trace)),
            start: start.copied().map(TimestampMicros),
        });
        Ok(meant.collect())
    }

    fn ids(&self, rows: &Rows) -> Result<Vec<(usize, [u8; 16])>> {
        let mut traces = Vec::new();
        for page in rows.pages() {
            let ids = self.file.ids(self.group, at::TRACE_ID, &page)?;
            let ids = page.zip(ids).filter(|(row, _)| rows.0[*row]);
            traces.extend(ids);
        }
        Ok(traces)
    }

    /// Some rows, and whether they are among those that may be meant.
    fn found(&self, rows: &Rows, admitted: &Rows) -> Result<Vec<Found>> {
        let traces = self.ids(rows)?;
        let starts = self.read::<Int64Type>(at::START_TIME, rows)?;
        let ends = self.read::<Int64Type>(at::END_TIME, rows)?;
        let first_received = self.read::<Int64Type>(at::FIRST_RECEIVED, rows)?;
        let last_received = self.read::<Int64Type>(at::LAST_RECEIVED, rows)?;
        let times = starts.entries(rows).zip(ends.entries(rows));
        let received = first_received
            .entries(rows)
            .zip(last_received.entries(rows));
        let values = traces.iter().zip(times.zip(received));
        let found = values.map(|((row, trace), (times, received))| {
            let ((_, start), (_, end)) = times;
            let ((_, first_received), (_, last_received)) = received;
            Found {
                trace: TraceId::from_bits(u128::from_be_bytes(*trace)),
                start: start.copied().map(TimestampMicros),
                end: end.copied().map(TimestampMicros),
                first_received: TimestampMicros(first_received.copied().unwrap_or_default()),
                last_received: TimestampMicros(last_received.copied().unwrap_or_default()),
                admitted: admitted.0[*row],
            }
        });
        Ok(found.collect())
    }

    /// Which of some rows may be meant.
    fn admitted(&self, columns: &Columns, among: &Rows) -> Result<Rows> {
        match columns {
            Columns::Anything => Ok(among.clone()),
            Columns::Nothing => Ok(among.none()),
            Columns::All(parts) => {
                let mut left = among.clone();
                for part in self.cheapest_first(parts) {
                    left = self.admitted(part, &left)?;
                }
                Ok(left)
            }
            Columns::Some(parts) => {
                let mut left = among.clone();
                for part in self.cheapest_first(parts) {
                    left = left.without(&self.admitted(part, &left)?);
                }
                Ok(among.without(&left))
            }
            Columns::Is(ColumnTest::Number(number, test)) => {
                let Some(column) = NumberColumn::of(*number) else {
                    return Ok(among.clone());
                };
                self.rows_by_number(column, among, |value| {
                    value.is_some_and(|value| {
                        test.is_none_or(|test| test.may_hold(&column.meant(value)))
                    })
                })
            }
            Columns::IsNot(ColumnTest::Number(number, test)) => {
                let Some(column) = NumberColumn::of(*number) else {
                    return Ok(among.clone());
                };
                self.rows_by_number(column, among, |value| {
                    value.is_none_or(|value| {
                        test.is_some_and(|test| test.may_fail(&column.meant(value)))
                    })
                })
            }
            Columns::Is(test) => match self.tested(test, among)? {
                Tested::Exactly(rows) | Tested::Within(rows) => Ok(rows),
            },
            Columns::IsNot(test) => match self.tested(test, among)? {
                Tested::Exactly(rows) => Ok(among.without(&rows)),
                Tested::Within(_) => Ok(among.clone()),
            },
        }
    }

    fn tested(&self, test: &ColumnTest, among: &Rows) -> Result<Tested> {
        use Tested::{Exactly, Within};
        Ok(match test {
            ColumnTest::Flag(Flag::Ok) => {
                let failed = self.some_flagged([at::FAULT, at::ERROR, at::THROTTLE], among)?;
                Exactly(among.without(&failed))
            }
            ColumnTest::Flag(flag) => match root_flag(*flag) {
                Some(column) => Exactly(self.flagged(column, among)?),
                None => Within(among.clone()),
            },
            // Never exact, and told apart by whoever asks.
            ColumnTest::Number(..) => Within(among.clone()),
            ColumnTest::Text(Text::Message, _) | ColumnTest::Exception(_) => {
                Within(self.some_flagged([at::FAULT_CAUSE, at::ERROR_CAUSE], among)?)
            }
            ColumnTest::Text(text, test) => match text_column(*text) {
                Some(column) => Exactly(self.rows_with_text(column, test.as_ref(), among)?),
                None => Within(among.clone()),
            },
            ColumnTest::Annotation(key, test) => {
                Exactly(self.with_annotation(key, test.as_ref(), among)?)
            }
            ColumnTest::Node(node) => Exactly(self.with_node(node, among)?),
            ColumnTest::Some(flag) => match some_flag(*flag) {
                Some(column) => Exactly(self.flagged(column, among)?),
                None => Within(among.clone()),
            },
            ColumnTest::FailedService(flag, name) => match names_of_failed(*flag) {
                Some(column) => {
                    let test = TextTest::Equal(name.clone());
                    Exactly(self.rows_with_text(column, Some(&test), among)?)
                }
                None => Within(self.with_node(&named(name), among)?),
            },
            ColumnTest::FailedCall(flag, from, to) => {
                let left = self.some_ended(*flag, among)?;
                let left = self.with_node(&named(from), &left)?;
                Within(self.with_node(&named(to), &left)?)
            }
            ColumnTest::Longest(test) => {
                let column = NumberColumn::Longest;
                Within(self.rows_by_number(column, among, |value| match value {
                    Some(value) => test.may_hold(&column.meant(value)),
                    None => test.holds(f64::NEG_INFINITY),
                })?)
            }
            ColumnTest::LongestOf(name, test) => Within(self.with_lasting(name, test, among)?),
            ColumnTest::Cause(kind) => Exactly(self.flagged(cause(*kind), among)?),
            ColumnTest::CauseNode(kind, node) => {
                let left = self.flagged(cause(*kind), among)?;
                Within(self.with_node(node, &left)?)
            }
        })
    }

    /// The rows of which something ended so.
    fn some_ended(&self, flag: Flag, among: &Rows) -> Result<Rows> {
        match some_flag(flag) {
            Some(column) => self.flagged(column, among),
            None => Ok(among.clone()),
        }
    }

    fn some_flagged<const N: usize>(&self, columns: [usize; N], among: &Rows) -> Result<Rows> {
        let mut left = among.clone();
        for column in columns {
            left = left.without(&self.flagged(column, &left)?);
        }
        Ok(among.without(&left))
    }

    fn flagged(&self, column: usize, among: &Rows) -> Result<Rows> {
        self.rows_with::<BoolType>(column, among, |flag| *flag)
    }

    fn rows_by_number(
        &self,
        column: NumberColumn,
        among: &Rows,
        fits: impl Fn(Option<i64>) -> bool,
    ) -> Result<Rows> {
        if !among.any() {
            return Ok(among.none());
        }
        let column = self.read::<Int64Type>(column.column(), among)?;
        let numbers = column.entries(among);
        let fitting = numbers.filter(|(_, value)| fits(value.copied()));
        Ok(among.only(fitting.map(|(row, _)| row)))
    }

    /// The rows with a value, of perhaps several, that fits.
    fn rows_with<T: DataType>(
        &self,
        column: usize,
        among: &Rows,
        fits: impl Fn(&T::T) -> bool,
    ) -> Result<Rows> {
        if !among.any() {
            return Ok(among.none());
        }
        let column = self.read::<T>(column, among)?;
        let values = column.entries(among);
        let fitting = values.filter(|(_, value)| value.is_some_and(&fits));
        Ok(among.only(fitting.map(|(row, _)| row)))
    }

    fn rows_with_text(&self, column: usize, test: Option<&TextTest>, among: &Rows) -> Result<Rows> {
        if !among.any() {
            return Ok(among.none());
        }
        let (group, ranges) = (self.group, among.pages());
        let fits = |text: &[u8]| text_fulfils(text, test);
        let found = self.file.rows_with_text(group, column, &ranges, fits)?;
        Ok(among.only(found.into_iter().filter(|row| among.0[*row])))
    }

    /// The rows with a node that is meant.
    fn with_node(&self, node: &NodeRef, among: &Rows) -> Result<Rows> {
        let parts = [
            (at::SERVICE_NAME, &node.name),
            (at::SERVICE_TYPE, &node.kind),
            (at::SERVICE_ACCOUNT_ID, &node.account_id),
        ];
        let parts = parts.into_iter();
        let mut parts = parts.filter_map(|(column, part)| Some((column, part.as_deref()?)));
        let Some((column, first)) = parts.next().filter(|_| among.any()) else {
            return Ok(among.clone());
        };
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            let test = TextTest::Equal(first.to_owned());
            return self.rows_with_text(column, Some(&test), among);
        }
        let is = |column, wanted: &str| self.texts(column, among, |text| text == wanted.as_bytes());
        let firsts = is(column, first)?;
        let mut nodes: Vec<(usize, bool)> = firsts
            .entries(among)
            .map(|(row, fits)| (row, fits == Some(&true)))
            .collect();
        for (column, wanted) in parts {
            let values = is(column, wanted)?;
            for ((_, fits), (_, value)) in nodes.iter_mut().zip(values.entries(among)) {
                *fits &= value == Some(&true);
            }
        }
        let fitting = nodes.into_iter().filter(|(_, fits)| *fits);
        Ok(among.only(fitting.map(|(row, _)| row)))
    }

    /// The rows in which a service may have lasted so; `None` where only the column tells.
    fn lasting(&self, name: &str, test: &NumberTest) -> Option<&[u16]> {
        let fits = |longest| may_last(test, longest);
        self.lasting.rows(self.group, name, fits)
    }

    /// The rows with a service of this name that lasted so.
    fn with_lasting(&self, name: &str, test: &NumberTest, among: &Rows) -> Result<Rows> {
        if !among.any() {
            return Ok(among.none());
        }
        if let Some(rows) = self.lasting(name, test) {
            let rows = rows.iter().map(|row| usize::from(*row));
            return Ok(among.only(rows.filter(|row| among.0.get(*row) == Some(&true))));
        }
        let names = self.texts(at::SERVICE_NAME, among, |text| text == name.as_bytes())?;
        let longest = self.read::<Int64Type>(at::SERVICE_LONGEST, among)?;
        let services = names.entries(among).zip(longest.entries(among));
        let fitting = services.filter(|((_, is_named), (_, longest))| {
            let may_hold = |micros: &i64| test.may_hold(&NumberColumn::Longest.meant(*micros));
            *is_named == Some(&true) && longest.is_some_and(may_hold)
        });
        Ok(among.only(fitting.map(|((row, _), _)| row)))
    }

    fn with_annotation(&self, key: &str, test: Option<&ValueTest>, among: &Rows) -> Result<Rows> {
        // In quotes, a boolean may be meant.
        let boolean = match test {
            None | Some(ValueTest::Boolean(..)) => true,
            Some(ValueTest::Text(TextTest::Equal(text) | TextTest::NotEqual(text))) => {
                text.parse::<bool>().is_ok()
            }
            Some(ValueTest::Text(_) | ValueTest::Number(_)) => false,
        };
        let left = match test {
            Some(ValueTest::Text(test @ TextTest::Equal(_))) if !boolean => {
                self.rows_with_text(at::ANNOTATION_TEXT, Some(test), among)?
            }
            _ => among.clone(),
        };
        if !left.any() {
            return Ok(left);
        }
        let keys = self.texts(at::ANNOTATION_KEY, &left, |found| found == key.as_bytes())?;
        let keys = keys.entries(&left);
        let meant: Vec<bool> = keys.map(|(_, is_meant)| is_meant == Some(&true)).collect();
        let mut fitting = left.none();
        let mut add = |row: usize, fits: bool| fitting.0[row] |= fits;
        match test {
            None => {
                let booleans = self.read::<BoolType>(at::ANNOTATION_BOOLEAN, &left)?;
                for ((row, value), is_meant) in booleans.entries(&left).zip(&meant) {
                    add(row, *is_meant && value != Some(&false));
                }
            }
            Some(ValueTest::Number(_)) => {
                let numbers = self.read::<DoubleType>(at::ANNOTATION_NUMBER, &left)?;
                for ((row, value), is_meant) in numbers.entries(&left).zip(&meant) {
                    let value = value.map(|value| AnnotationValue::Number(*value));
                    let fits = value.is_some_and(|value| annotation_fulfils(&value, test));
                    add(row, *is_meant && fits);
                }
            }
            Some(ValueTest::Text(test)) => {
                let texts = self.texts(at::ANNOTATION_TEXT, &left, |text| {
                    text_fulfils(text, Some(test))
                })?;
                for ((row, fits), is_meant) in texts.entries(&left).zip(&meant) {
                    add(row, *is_meant && fits == Some(&true));
                }
            }
            Some(ValueTest::Boolean(..)) => {}
        }
        if boolean && test.is_some() {
            let booleans = self.read::<BoolType>(at::ANNOTATION_BOOLEAN, &left)?;
            for ((row, value), is_meant) in booleans.entries(&left).zip(&meant) {
                let value = value.map(|value| AnnotationValue::Boolean(*value));
                let fits = value.is_some_and(|value| annotation_fulfils(&value, test));
                add(row, *is_meant && fits);
            }
        }
        Ok(fitting)
    }

    /// In the order in which it is best to ask: what is small and tells much.
    fn cheapest_first<'c>(&self, parts: &'c [Columns]) -> Vec<&'c Columns> {
        let mut parts: Vec<&Columns> = parts.iter().collect();
        parts.sort_by_key(|part| self.cost(part));
        parts
    }

    fn cost(&self, columns: &Columns) -> u32 {
        match columns {
            Columns::Anything | Columns::Nothing => 0,
            Columns::All(parts) | Columns::Some(parts) => {
                let costs = parts.iter().map(|part| self.cost(part));
                costs.fold(0, u32::saturating_add)
            }
            _ if self.is_told(columns) => 0,
            Columns::Is(test) | Columns::IsNot(test) => cost(test),
        }
    }

    fn is_told(&self, columns: &Columns) -> bool {
        match columns {
            Columns::All(parts) => parts.iter().any(|part| self.is_told(part)),
            Columns::Is(ColumnTest::LongestOf(name, test)) => self.lasting(name, test).is_some(),
            _ => false,
        }
    }

    /// Which texts fit, in the pages of a column that have these rows.
    fn texts(
        &self,
        column: usize,
        among: &Rows,
        fits: impl Fn(&[u8]) -> bool,
    ) -> Result<Read<bool>> {
        let ranges = among.pages();
        let (rows, leaf) = self.file.texts(self.group, column, &ranges, fits)?;
        Ok(Read { ranges, leaf, rows })
    }

    /// The pages of a column that have these rows, unless they were read.
    fn read<T: DataType>(&self, column: usize, among: &Rows) -> Result<Rc<Read<T::T>>> {
        let ranges = among.pages();
        let known = self.read.borrow().get(&column).cloned();
        let known = known.and_then(|known| known.downcast::<Read<T::T>>().ok());
        if let Some(known) = known.filter(|known| known.has(&ranges)) {
            return Ok(known);
        }
        let leaf = self.file.leaf::<T>(self.group, column, &ranges)?;
        let rows = ranges.iter().cloned().flatten().collect();
        let read = Rc::new(Read { ranges, leaf, rows });
        let known = Rc::clone(&read);
        self.read.borrow_mut().insert(column, known);
        Ok(read)
    }
}

// === impl Rows ===

impl Rows {
    /// These of so many.
    fn of(count: usize, rows: Range<usize>) -> Self {
        let mut of = Self(vec![false; count]);
        of.0[rows].fill(true);
        of
    }

    fn any(&self) -> bool {
        self.0.contains(&true)
    }

    fn none(&self) -> Self {
        Self(vec![false; self.0.len()])
    }

    fn only(&self, rows: impl Iterator<Item = usize>) -> Self {
        let mut only = self.none();
        for row in rows {
            only.0[row] = true;
        }
        only
    }

    fn without(&self, others: &Self) -> Self {
        let flags = self.0.iter().zip(&others.0);
        Self(flags.map(|(flag, other)| *flag && !*other).collect())
    }

    /// The pages in which there is a row, those side by side together.
    fn pages(&self) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for (page, rows) in self.0.chunks(PAGE_ROWS).enumerate() {
            if !rows.contains(&true) {
                continue;
            }
            let begin = page * PAGE_ROWS;
            let end = begin + rows.len();
            match ranges.last_mut() {
                Some(last) if last.end == begin => last.end = end,
                _ => ranges.push(begin..end),
            }
        }
        ranges
    }
}

// === impl Read ===

impl<T> Read<T> {
    fn has(&self, ranges: &[Range<usize>]) -> bool {
        ranges.iter().all(|range| {
            let mut known = self.ranges.iter();
            known.any(|known| known.start <= range.start && range.end <= known.end)
        })
    }

    /// The values of some of the rows, or their entries where a row may have several.
    fn entries<'r>(&'r self, among: &'r Rows) -> impl Iterator<Item = (usize, Option<&'r T>)> {
        let entries = self.leaf.entries();
        let entries = entries.map(|(index, value)| (self.rows[index], value));
        entries.filter(|(row, _)| among.0[*row])
    }
}

fn cost(test: &ColumnTest) -> u32 {
    match test {
        ColumnTest::Flag(_)
        | ColumnTest::Some(_)
        | ColumnTest::Cause(_)
        | ColumnTest::Exception(_) => 1,
        ColumnTest::Number(..) | ColumnTest::Longest(_) => 2,
        ColumnTest::FailedService(..)
        | ColumnTest::FailedCall(..)
        | ColumnTest::LongestOf(..)
        | ColumnTest::CauseNode(..) => 5,
        ColumnTest::Text(..) => 10,
        ColumnTest::Node(_) => 20,
        ColumnTest::Annotation(..) => 50,
    }
}

fn text_column(text: Text) -> Option<usize> {
    match text {
        Text::HttpUrl => Some(at::HTTP_URL),
        Text::HttpMethod => Some(at::HTTP_METHOD),
        Text::HttpUserAgent => Some(at::HTTP_USER_AGENT),
        Text::HttpClientIp => Some(at::HTTP_CLIENT_IP),
        Text::User => Some(at::USER),
        Text::AvailabilityZone
        | Text::InstanceId
        | Text::ResourceArn
        | Text::Name
        | Text::Type
        | Text::Message
        | Text::AccountId => None,
    }
}

fn text_fulfils(text: &[u8], test: Option<&TextTest>) -> bool {
    match test {
        None => true,
        Some(TextTest::Equal(wanted)) => text == wanted.as_bytes(),
        // What is no text has no row, so that it may be meant.
        Some(test) => std::str::from_utf8(text).map_or(true, |text| test.holds(text)),
    }
}

fn named(name: &str) -> NodeRef {
    NodeRef {
        name: Some(name.to_owned()),
        ..NodeRef::default()
    }
}
