//! What is known of a row group without its rows: by statistics and bloom filters.

use std::ops::{Range, RangeInclusive};

use fluoro_filter::{
    ColumnTest, Columns, Flag, NodeRef, Number, NumberTest, RootCauseKind, Row, Text, TextTest,
    ValueTest,
};
use fluoro_model::TimestampMicros;
use parquet::bloom_filter::Sbbf;
use parquet::errors::Result;
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;

use super::{TracesFile, at};
use crate::file::{OpenFile, slices};

/// The times of a row group's rows: of each kind the first and the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTimes {
    /// How many rows there are.
    pub rows: usize,
    /// How many bytes their values take, unpacked.
    pub bytes: usize,
    /// `None` when no row has a start.
    pub start: Option<RangeInclusive<TimestampMicros>>,
    /// Whether a row may lack a start.
    pub without_start: bool,
    /// `None` when nothing of any row has ended.
    pub end: Option<RangeInclusive<TimestampMicros>>,
    /// When first documents came in.
    pub first_received: RangeInclusive<TimestampMicros>,
    /// When last documents came in.
    pub last_received: RangeInclusive<TimestampMicros>,
}

/// The bloom filters of a row group.
#[derive(Debug)]
pub(super) struct Filters {
    traces: Option<Sbbf>,
    service_names: Option<Sbbf>,
    service_types: Option<Sbbf>,
    users: Option<Sbbf>,
    annotation_keys: Option<Sbbf>,
    annotation_texts: Option<Sbbf>,
}

/// A row group in the place of a row: of any of its rows it says what it says.
struct GroupRow<'a, R> {
    file: &'a TracesFile<R>,
    group: usize,
}

/// What statistics say of numbers.
struct Numbers<T> {
    /// `None` when there are none.
    range: Option<RangeInclusive<T>>,
    /// Whether a row may have none.
    absent: bool,
}

// === impl GroupTimes ===

impl GroupTimes {
    /// The rows as ranges of some thousand, fewer where they are long, for [`TracesFile::rows`].
    pub fn slices(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        slices(self.rows, self.bytes)
    }
}

// === impl Filters ===

impl Filters {
    pub(super) fn read<R: ChunkReader + 'static>(file: &OpenFile<R>, group: usize) -> Result<Self> {
        let filter = |column| file.filter(group, column);
        Ok(Self {
            traces: filter(at::TRACE_ID)?,
            service_names: filter(at::SERVICE_NAME)?,
            service_types: filter(at::SERVICE_TYPE)?,
            users: filter(at::USER)?,
            annotation_keys: filter(at::ANNOTATION_KEY)?,
            annotation_texts: filter(at::ANNOTATION_TEXT)?,
        })
    }

    /// How many bytes of memory they take, roughly.
    pub(super) fn held_bytes(&self) -> usize {
        let all = [
            &self.traces,
            &self.service_names,
            &self.service_types,
            &self.users,
            &self.annotation_keys,
            &self.annotation_texts,
        ];
        let blocks = all.into_iter().flatten().map(Sbbf::num_blocks);
        size_of::<Self>() + 32 * blocks.sum::<usize>()
    }

    pub(super) fn may_have_trace(&self, id: &[u8]) -> bool {
        may_have(&self.traces, id)
    }

    fn may_have_service(&self, name: &str) -> bool {
        may_have(&self.service_names, name.as_bytes())
    }

    fn may_have_node(&self, node: &NodeRef) -> bool {
        let name = node.name.as_deref();
        let kind = node.kind.as_deref();
        name.is_none_or(|name| self.may_have_service(name))
            && kind.is_none_or(|kind| may_have(&self.service_types, kind.as_bytes()))
    }
}

fn may_have(filter: &Option<Sbbf>, value: &[u8]) -> bool {
    filter.as_ref().is_none_or(|filter| filter.check(value))
}

// === impl TracesFile ===

impl<R: ChunkReader + 'static> TracesFile<R> {
    /// The times of a row group's rows.
    #[must_use]
    pub fn times(&self, group: usize) -> GroupTimes {
        let (start, end) = (at::START_TIME, at::END_TIME);
        let start = self.int64(group, start);
        let range = |range: RangeInclusive<i64>| {
            TimestampMicros(*range.start())..=TimestampMicros(*range.end())
        };
        let received = |column| {
            let received = self.int64(group, column).range;
            range(received.unwrap_or(i64::MIN..=i64::MAX))
        };
        GroupTimes {
            rows: self.file.rows(group),
            bytes: self.file.bytes(group),
            without_start: start.absent,
            start: start.range.map(range),
            end: self.int64(group, end).range.map(range),
            first_received: received(at::FIRST_RECEIVED),
            last_received: received(at::LAST_RECEIVED),
        }
    }

    /// Whether some row of a row group may be meant, by what is known without reading it; `false` only when surely none is.
    #[must_use]
    pub fn may_admit(&self, group: usize, columns: &Columns) -> bool {
        columns.admit(&GroupRow { file: self, group })
    }

    /// Whether the flag may be set in some row.
    pub(super) fn some(&self, group: usize, column: usize) -> bool {
        match self.statistics(group, column) {
            Some(Statistics::Boolean(flags)) => flags.max_opt() != Some(&false),
            _ => true,
        }
    }

    /// Whether the flag is surely set in all rows.
    fn every(&self, group: usize, column: usize) -> bool {
        match self.statistics(group, column) {
            Some(Statistics::Boolean(flags)) => flags.min_opt() == Some(&true),
            _ => false,
        }
    }

    fn int64(&self, group: usize, column: usize) -> Numbers<i64> {
        match self.statistics(group, column) {
            Some(Statistics::Int64(numbers)) => {
                let absent = numbers.null_count_opt();
                let all = u64::try_from(self.file.rows(group)).ok();
                let range = match (numbers.min_opt(), numbers.max_opt()) {
                    (Some(least), Some(most)) => Some(*least..=*most),
                    _ if absent.is_some() && absent == all => None,
                    _ => Some(i64::MIN..=i64::MAX),
                };
                Numbers {
                    range,
                    absent: absent != Some(0),
                }
            }
            _ => Numbers {
                range: Some(i64::MIN..=i64::MAX),
                absent: true,
            },
        }
    }

    fn statistics(&self, group: usize, column: usize) -> Option<&Statistics> {
        let group = self.file.metadata().row_group(group);
        group.column(column).statistics()
    }
}

// === impl GroupRow ===

impl<R: ChunkReader + 'static> GroupRow<'_, R> {
    fn some(&self, column: usize) -> bool {
        self.file.some(self.group, column)
    }

    fn every(&self, column: usize) -> bool {
        self.file.every(self.group, column)
    }

    fn filters(&self) -> &Filters {
        &self.file.filters[self.group]
    }

    /// Of a column that has them by row.
    fn numbers(&self, number: NumberColumn) -> Numbers<f64> {
        let Numbers { range, absent } = self.file.int64(self.group, number.column());
        let range = range.map(|range| {
            let (least, most) = (number.meant(*range.start()), number.meant(*range.end()));
            *least.start()..=*most.end()
        });
        Numbers { range, absent }
    }

    fn may_annotation(&self, key: &str, test: Option<&ValueTest>) -> bool {
        let filters = self.filters();
        may_have(&filters.annotation_keys, key.as_bytes())
            && match test {
                Some(ValueTest::Text(TextTest::Equal(text))) => {
                    // In quotes, a boolean may be meant.
                    text.parse::<bool>().is_ok()
                        || may_have(&filters.annotation_texts, text.as_bytes())
                }
                Some(ValueTest::Number(test)) => {
                    let column = at::ANNOTATION_NUMBER;
                    match self.file.statistics(self.group, column) {
                        Some(Statistics::Double(numbers)) => {
                            let range = numbers.min_opt().zip(numbers.max_opt());
                            range.is_none_or(|(least, most)| test.may_hold(&(*least..=*most)))
                        }
                        _ => true,
                    }
                }
                _ => true,
            }
    }
}

impl<R: ChunkReader + 'static> Row for GroupRow<'_, R> {
    fn may(&self, test: &ColumnTest) -> bool {
        let fails = [at::FAULT, at::ERROR, at::THROTTLE];
        match test {
            ColumnTest::Flag(Flag::Ok) => !fails.into_iter().any(|column| self.every(column)),
            ColumnTest::Flag(flag) => root_flag(*flag).is_none_or(|column| self.some(column)),
            ColumnTest::Number(number, test) => NumberColumn::of(*number).is_none_or(|column| {
                let range = self.numbers(column).range;
                range.is_some_and(|range| test.is_none_or(|test| test.may_hold(&range)))
            }),
            ColumnTest::Text(Text::User, Some(TextTest::Equal(user))) => {
                may_have(&self.filters().users, user.as_bytes())
            }
            ColumnTest::Text(Text::Message, _) | ColumnTest::Exception(_) => {
                self.some(at::FAULT_CAUSE) || self.some(at::ERROR_CAUSE)
            }
            ColumnTest::Text(..) => true,
            ColumnTest::Annotation(key, test) => self.may_annotation(key, test.as_ref()),
            ColumnTest::Node(node) => self.filters().may_have_node(node),
            ColumnTest::Some(flag) => self.some_ended(*flag),
            ColumnTest::FailedService(flag, name) => {
                self.some_ended(*flag) && self.filters().may_have_service(name)
            }
            ColumnTest::FailedCall(flag, from, to) => {
                self.some_ended(*flag)
                    && self.filters().may_have_service(from)
                    && self.filters().may_have_service(to)
            }
            ColumnTest::LongestOf(name, test) => {
                let lasting = &self.file.lasting;
                let may_last = lasting.may(self.group, name, |longest| may_last(test, longest));
                may_last
                    && self.filters().may_have_service(name)
                    && self.may(&ColumnTest::Longest(*test))
            }
            ColumnTest::Longest(test) => {
                let Numbers { range, absent } = self.numbers(NumberColumn::Longest);
                range.is_some_and(|range| test.may_hold(&range))
                    || absent && test.holds(f64::NEG_INFINITY)
            }
            ColumnTest::Cause(kind) => self.some(cause(*kind)),
            ColumnTest::CauseNode(kind, node) => {
                self.some(cause(*kind)) && self.filters().may_have_node(node)
            }
        }
    }

    fn may_not(&self, test: &ColumnTest) -> bool {
        let fails = [at::FAULT, at::ERROR, at::THROTTLE];
        match test {
            ColumnTest::Flag(Flag::Ok) => fails.into_iter().any(|column| self.some(column)),
            ColumnTest::Flag(flag) => root_flag(*flag).is_none_or(|column| !self.every(column)),
            ColumnTest::Number(number, test) => NumberColumn::of(*number).is_none_or(|column| {
                let Numbers { range, absent } = self.numbers(column);
                absent
                    || range
                        .zip(*test)
                        .is_some_and(|(range, test)| test.may_fail(&range))
            }),
            ColumnTest::Cause(kind) => !self.every(cause(*kind)),
            _ => true,
        }
    }
}

impl<R: ChunkReader + 'static> GroupRow<'_, R> {
    fn some_ended(&self, flag: Flag) -> bool {
        some_flag(flag).is_none_or(|column| self.some(column))
    }
}

/// A column of numbers that filters compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NumberColumn {
    ResponseTime,
    Duration,
    Longest,
    HttpStatus,
}

// === impl NumberColumn ===

impl NumberColumn {
    /// `None` when rows do not have that number.
    pub(super) fn of(number: Number) -> Option<Self> {
        match number {
            Number::ResponseTime => Some(Self::ResponseTime),
            Number::Duration => Some(Self::Duration),
            Number::HttpStatus => Some(Self::HttpStatus),
            Number::Index | Number::Coverage => None,
        }
    }

    pub(super) fn column(self) -> usize {
        match self {
            Self::ResponseTime => at::RESPONSE_TIME,
            Self::Duration => at::DURATION,
            Self::Longest => at::LONGEST,
            Self::HttpStatus => at::HTTP_STATUS,
        }
    }

    /// Between which numbers that lies which a value stands for.
    pub(super) fn meant(self, value: i64) -> RangeInclusive<f64> {
        match self {
            Self::HttpStatus => value as f64..=value as f64,
            Self::ResponseTime | Self::Duration | Self::Longest => seconds(value),
        }
    }
}

/// The seconds that were rounded to these microseconds, and a little more on both sides: what doubles hide. What microseconds
/// cannot hold was clamped.
fn seconds(micros: i64) -> RangeInclusive<f64> {
    let seconds = TimestampMicros(micros).seconds();
    let hidden = 1e-6 + seconds.abs() * 1e-14;
    let least = match micros {
        i64::MIN => f64::NEG_INFINITY,
        _ => seconds - hidden,
    };
    let most = match micros {
        i64::MAX => f64::INFINITY,
        _ => seconds + hidden,
    };
    least..=most
}

/// Whether what took so long at most, in microseconds, may fulfil a test.
pub(super) fn may_last(test: &NumberTest, longest: i64) -> bool {
    let most = *NumberColumn::Longest.meant(longest).end();
    test.may_hold(&(f64::NEG_INFINITY..=most))
}

/// Where a flag of a trace stands; `None` when rows do not have it.
pub(super) fn root_flag(flag: Flag) -> Option<usize> {
    match flag {
        Flag::Error => Some(at::ERROR),
        Flag::Fault => Some(at::FAULT),
        Flag::Throttle => Some(at::THROTTLE),
        Flag::Partial => Some(at::PARTIAL),
        Flag::Inferred => Some(at::INFERRED),
        Flag::Ok | Flag::Root | Flag::First | Flag::Last | Flag::Remote => None,
    }
}

/// Where it stands that something of a trace ended so.
pub(super) fn some_flag(flag: Flag) -> Option<usize> {
    match flag {
        Flag::Error => Some(at::SOME_ERROR),
        Flag::Fault => Some(at::SOME_FAULT),
        Flag::Throttle => Some(at::SOME_THROTTLE),
        _ => None,
    }
}

/// Where the services stand that ended so.
pub(super) fn names_of_failed(flag: Flag) -> Option<usize> {
    match flag {
        Flag::Error => Some(at::ERRONEOUS),
        Flag::Fault => Some(at::FAULTY),
        Flag::Throttle => Some(at::THROTTLED),
        _ => None,
    }
}

pub(super) fn cause(kind: RootCauseKind) -> usize {
    match kind {
        RootCauseKind::Fault => at::FAULT_CAUSE,
        RootCauseKind::Error => at::ERROR_CAUSE,
        RootCauseKind::ResponseTime => at::TIME_CAUSE,
    }
}
