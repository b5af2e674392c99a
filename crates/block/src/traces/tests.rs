use std::sync::LazyLock;

use bytes::Bytes;
use fluoro_filter::arbitrary;
use fluoro_filter::fixture::{entity, failed, handled, projection};
use fluoro_filter::{Columns, Digest, Filter, KnownAnnotations, NoGroups, parse};
use fluoro_model::document::AnnotationValue;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Outcome;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::BlockError;
use crate::checked::{CHUNK, Checked, Sums};
use crate::merge::share;
use crate::segments::SegmentsFile;

fn written(rows: &[TraceRow]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = TracesWriter::new(&mut file).unwrap();
    writer.group = (10_000, usize::MAX);
    for row in rows {
        writer.push(row.clone()).unwrap();
    }
    writer.finish().unwrap();
    file
}

fn opened(file: Vec<u8>) -> TracesFile<Checked<Bytes>> {
    let sums = Sums::of(&file);
    TracesFile::open(Checked::new(Bytes::from(file), sums).unwrap()).unwrap()
}

fn file_of(rows: &[TraceRow]) -> TracesFile<Checked<Bytes>> {
    opened(written(rows))
}

fn all(file: &TracesFile<Checked<Bytes>>) -> Vec<TraceRow> {
    file.all().flat_map(Result::unwrap).collect()
}

fn columns(text: &str) -> Columns {
    let filter = Filter::new(&parse(text).unwrap(), &NoGroups).unwrap();
    filter.columns()
}

fn trace(number: u128) -> TraceId {
    TraceId::from_bits(1 << 96 | number)
}

/// Rows of so many traces a millisecond apart, all as the one of the worked examples that failed, but for their ids, times, one
/// annotation and one user; every tenth again.
fn rows(count: u32) -> Vec<TraceRow> {
    let one = TraceRow::of(&failed(), 5, 4_321, false);
    let lasting = |micros: i64| {
        let services = one.services.iter().cloned();
        let lasting = services.map(|service| Service {
            longest: Some(micros),
            ..service
        });
        lasting.collect()
    };
    let rows = (0..count).map(|number| TraceRow {
        trace: trace(u128::from(number)),
        start: Some(TimestampMicros(
            1_728_000_000_000_000 + i64::from(number) * 1_000,
        )),
        longest: Some(i64::from(number) * 1_000),
        services: lasting(i64::from(number) * 1_000),
        again: number % 10 == 3,
        users: vec![format!("u-{number}").into()],
        annotations: vec![
            (
                "request".into(),
                AnnotationValue::Text(format!("r-{number}").into()),
            ),
            ("total".into(), AnnotationValue::Number(f64::from(number))),
        ],
        ..one.clone()
    });
    rows.collect()
}

/// The traces of a group that may be meant.
fn admitted(file: &TracesFile<Checked<Bytes>>, text: &str) -> Vec<u128> {
    let columns = columns(text);
    let found = file.groups().flat_map(|group| {
        let found = file
            .find(group, 0..file.times(group).rows, &columns)
            .unwrap();
        let some = found.iter().any(|row| row.admitted);
        assert!(!some || file.may_admit(group, &columns), "{text}");
        found
    });
    let admitted = found.filter(|row| row.admitted);
    admitted.map(|row| row.trace.bits() - (1 << 96)).collect()
}

/// Traces with ids and starts that are their own, in the order of a file.
fn placed(mut traces: Vec<Projection>) -> Vec<Projection> {
    for (number, trace) in (0_u128..).zip(&mut traces) {
        trace.id = TraceId::from_bits(number << 64 | 77);
        trace.revision = u32::try_from(number).unwrap() + 3;
    }
    traces.sort_by_key(|trace| TraceRow::of(trace, 0, 0, false).place());
    traces
}

fn rows_of(traces: &[Projection]) -> Vec<TraceRow> {
    let rows = (1_u32..).zip(traces);
    let rows = rows.map(|(number, trace)| {
        let bytes = u64::from(number) << 33;
        TraceRow::of(trace, number, bytes, number % 3 == 0)
    });
    rows.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// The promise: a search keeps every trace that the filter finds, and a row group in which it keeps one is not passed over.
    #[test]
    fn no_trace_is_lost(
        expressions in vec(arbitrary::expression(), 1..12),
        traces in vec(arbitrary::trace(), 1..12),
    ) {
        let traces = placed(traces);
        let file = file_of(&rows_of(&traces));
        for expression in expressions {
            let filter = Filter::new(&expression, &NoGroups).unwrap();
            let columns = filter.columns();
            let found = file.find(0, 0..file.len(), &columns).unwrap();
            let may_admit = file.may_admit(0, &columns);
            prop_assert_eq!(found.len(), traces.len());
            for (trace, found) in traces.iter().zip(found) {
                prop_assert_eq!(found.trace, trace.id);
                prop_assert!(found.admitted || !filter.matches(trace), "{expression}");
                prop_assert!(may_admit || !found.admitted, "{expression}");
            }
        }
    }

    #[test]
    fn what_is_written_comes_back(traces in vec(arbitrary::trace(), 0..20)) {
        let rows = rows_of(&placed(traces));
        let file = file_of(&rows);
        prop_assert_eq!(&all(&file), &rows);
        for row in &rows {
            let found = file.row(row.trace).unwrap();
            prop_assert_eq!(found.as_ref(), Some(row));
            let amount = file.amount(row.trace).unwrap();
            prop_assert_eq!(amount, Some((row.documents, row.bytes)));
        }
        let again = rows.iter().filter(|row| row.again).map(|row| row.trace);
        prop_assert_eq!(file.again().unwrap(), again.collect::<Vec<_>>());
    }

    /// What the columns keep exactly they tell as a digest does.
    #[test]
    fn exact_columns_tell_what_digests_tell(traces in vec(arbitrary::trace(), 1..8)) {
        let traces = placed(traces);
        let file = file_of(&rows_of(&traces));
        for text in [
            "ok", "!ok", "fault", "!fault", "error", "throttle", "partial", "!partial", "inferred", "!inferred",
            "http.status", "!http.status", "http.status >= 429", "!(http.status = 200)", "duration", "!duration",
            "responsetime > 1.5", "!(responsetime > 1.5)", "user", "!user", "http.url", "!http.url",
            "edge() { fault }", "service() { throttle }", "rootcause.fault.service", "!rootcause.fault.service",
            "rootcause.responsetime.entity", "service() { duration > 2 }", "annotation.tenant", "!annotation.tenant",
        ] {
            let columns = columns(text);
            for (trace, found) in traces.iter().zip(file.find(0, 0..file.len(), &columns).unwrap()) {
                let mut known = KnownAnnotations::default();
                let digest = Digest::of(trace, &mut known);
                let told = columns.admit(&known.row(&digest));
                // Of an annotation that no trace has, a digest cannot tell.
                prop_assert!(found.admitted == told || text == "!annotation.tenant", "{text}");
            }
        }
    }
}

#[test]
fn a_row_says_what_the_trace_says() {
    let trace = failed();
    let row = TraceRow::of(&trace, 3, 700, true);
    assert_eq!((row.documents, row.bytes, row.again), (3, 700, true));
    assert_eq!((row.trace, row.revision), (trace.id, trace.revision));
    assert_eq!(row.start, trace.start.map(|start| start.micros()));
    assert_eq!(row.end, trace.ends().map(|end| end.micros()).max());
    assert_eq!(row.longest, Some(4_000_000));
    assert!(row.outcome.fault && row.some.fault && row.fault_cause && row.error_cause);
    assert_eq!(row.name.as_deref(), Some("shop"));
    assert_eq!(row.users, ["alice".into(), "bob".into()]);
    let fault = Outcome {
        fault: true,
        ..Outcome::default()
    };
    let ended = |name: &str| {
        let service = row.services.iter().find(|service| &*service.name == name);
        service.map(|service| service.outcome)
    };
    let lasted = |name: &str| {
        let service = row.services.iter().find(|service| &*service.name == name);
        service.and_then(|service| service.longest)
    };
    assert_eq!(
        (row.response_time, lasted("shop")),
        (Some(4_000_000), Some(4_063_232))
    );
    assert!(lasted("books").is_none_or(|books| Some(books) < row.longest));
    assert_eq!(ended("pay.test"), Some(fault));
    assert_eq!(ended("books"), Some(Outcome::default()));
    let clients = row.services.iter();
    let mut clients = clients.filter(|service| service.kind.as_deref() == Some("client"));
    assert_eq!(
        clients.next().map(|client| client.outcome),
        Some(row.outcome)
    );
}

#[test]
fn columns_pass_over_what_is_surely_not_meant() {
    let traces = placed(vec![handled(), failed()]);
    let file = file_of(&rows_of(&traces));
    for (text, of_handled, of_failed) in [
        ("fault", false, true),
        ("ok", true, false),
        ("!ok", false, true),
        ("!(fault OR duration > 5)", true, false),
        ("responsetime > 1.5", false, true),
        ("http.status = 200", true, false),
        ("user = \"alice\"", false, true),
        ("user != \"alice\"", false, true),
        ("annotation.tenant = \"acme\"", false, true),
        ("annotation.tenant = \"nobody\"", false, false),
        ("annotation.tenant CONTAINS \"cm\"", false, true),
        ("annotation.tenant CONTAINS \"zz\"", false, false),
        ("annotation.age = 30", false, true),
        ("annotation.age > 30", false, false),
        ("annotation.premium = false", false, false),
        ("!(annotation.tenant = \"acme\")", true, false),
        ("service(\"carts\") { throttle }", true, false),
        ("service(\"books\") { throttle }", false, false),
        ("service(\"shop\") { responsetime >= 3.9 }", false, true),
        ("service(\"books\") { responsetime >= 3.9 }", false, false),
        ("service(\"books\") { fault }", false, false),
        ("edge(\"shop\", \"books\")", false, true),
        ("edge(\"shop\", \"nobody\")", false, false),
        ("rootcause.responsetime.service", false, true),
        ("!rootcause.responsetime.entity", true, false),
        ("http.url CONTAINS \"/v2/\"", true, true),
        ("http.url CONTAINS \"/v3/\"", false, false),
        ("http.url ENDSWITH \"pay\"", false, true),
        ("!annotation.tenant", true, false),
        ("!annotation.nothing", true, true),
        ("!user", true, false),
        ("!http.url", false, false),
        ("service() { duration >= 2 }", false, true),
        ("edge() { responsetime > 100 }", false, false),
        ("service(\"nobody\") OR fault", false, true),
        ("", true, true),
    ] {
        let found = file.find(0, 0..file.len(), &columns(text)).unwrap();
        let admitted: Vec<bool> = traces
            .iter()
            .zip(found)
            .map(|(_, found)| found.admitted)
            .collect();
        let handled_first = traces[0].revision == 3;
        let told = if handled_first {
            [of_handled, of_failed]
        } else {
            [of_failed, of_handled]
        };
        assert_eq!(admitted, told, "{text}");
    }
}

#[test]
fn row_groups_are_passed_over_unread() {
    let file = file_of(&rows(25_000));
    assert_eq!(file.len(), 25_000);
    assert_eq!(file.groups(), 0..3);
    for (text, told) in [
        ("user = \"u-12345\"", [false, true, false]),
        ("annotation.request = \"r-20000\"", [false, false, true]),
        ("annotation.request = \"true\"", [true, true, true]),
        ("annotation.total = 9999", [true, false, false]),
        ("annotation.nothing", [false, false, false]),
        ("service() { duration > 19.9999985 }", [false, false, true]),
        ("service(\"nobody\")", [false, false, false]),
        ("service(\"shop\") { fault }", [true, true, true]),
        ("ok", [false, false, false]),
        ("!fault", [false, false, false]),
        ("duration < 1", [false, false, false]),
        ("!(duration > 1)", [false, false, false]),
        ("!http.status", [false, false, false]),
        ("throttle", [false, false, false]),
    ] {
        let columns = columns(text);
        let may: Vec<bool> = file
            .groups()
            .map(|group| file.may_admit(group, &columns))
            .collect();
        assert_eq!(may, told, "{text}");
    }
    assert_eq!(
        admitted(&file, "annotation.request = \"r-20000\""),
        [20_000]
    );
    assert_eq!(
        admitted(&file, "user = \"u-12345\" OR user = \"u-777\""),
        [777, 12_345]
    );
    let slow = "service(\"shop\") { duration > 9.9999985 } AND service() { duration < 10 } AND annotation.total < 10001";
    assert_eq!(admitted(&file, slow), [10_000]);
    assert_eq!(
        admitted(&file, "!(annotation.total < 24998)"),
        [24_998, 24_999]
    );
}

#[test]
fn row_groups_in_which_a_service_was_quick_are_passed_over() {
    let mut rows = rows(25_000);
    for (number, row) in rows.iter_mut().enumerate() {
        let books = row.services.iter_mut();
        for books in books.filter(|service| &*service.name == "books") {
            books.longest = Some(if number == 20_001 { 5_000_000 } else { 1_000 });
        }
    }
    let may = |rows: &[TraceRow], text: &str| {
        let (file, columns) = (file_of(rows), columns(text));
        let groups = file.groups();
        let may = groups.map(|group| file.may_admit(group, &columns));
        may.collect::<Vec<bool>>()
    };
    let slow_books = "service(\"books\") { duration > 2 }";
    assert_eq!(may(&rows, slow_books), [false, false, true]);
    let slow_shop = "service(\"shop\") { duration > 2 }";
    assert_eq!(may(&rows, slow_shop), [true; 3]);
    // Of too many nothing is told.
    for (number, row) in rows.iter_mut().take(300).enumerate() {
        for service in &mut row.services {
            service.name = format!("{}{number}", service.name).into();
        }
        row.services[0].name = "books".into();
        row.services[0].longest = Some(1_000);
    }
    assert_eq!(may(&rows, slow_books), [true, false, true]);
}

#[test]
fn what_rounding_hides_is_kept() {
    // 0.3 s by doubles is a little more than that.
    let slow = projection(&[entity(1, "shop", 0.1, 0.4, json!({}))]);
    let took = slow.response_time().unwrap();
    let row = TraceRow::of(&slow, 1, 1, false);
    assert_eq!(row.response_time, Some(300_000));
    let file = file_of(&[row]);
    let is_kept = |text: &str| file.find(0, 0..file.len(), &columns(text)).unwrap()[0].admitted;
    for test in ["=", ">=", "<="] {
        let text = format!("responsetime {test} {took:?}");
        assert!(is_kept(&text) && is_kept(&format!("!({text})")), "{text}");
    }
    for text in [
        "responsetime > 0.30001",
        "responsetime < 0.29999",
        "!(responsetime < 0.31)",
    ] {
        assert!(!is_kept(text), "{text}");
    }
}

#[test]
fn times_tell_what_a_group_has() {
    let mut rows = rows(10_100);
    for row in &mut rows[10_000..] {
        row.first_received = TimestampMicros(7);
        row.end = None;
    }
    let without = TraceRow {
        start: None,
        ..rows[0].clone()
    };
    rows.insert(0, without);
    let file = file_of(&rows);
    let times = file.times(0);
    assert_eq!((times.rows, times.without_start), (10_000, true));
    let start = |index: usize| rows[index].start.unwrap();
    assert_eq!(times.start, Some(start(1)..=start(9_999)));
    assert_eq!(times.end, rows[1].end.map(|end| end..=end));
    let times = file.times(1);
    assert_eq!((times.rows, times.without_start), (101, false));
    assert_eq!(
        times.first_received,
        TimestampMicros(7)..=rows[0].first_received
    );
    assert_eq!(
        times.last_received,
        rows[0].last_received..=rows[0].last_received
    );
    let found = file
        .find(1, 0..file.times(1).rows, &Columns::Nothing)
        .unwrap();
    assert_eq!(found.len(), 101);
    assert_eq!((found[0].end, found[1].end), (rows[0].end, None));
    assert_eq!(found[100].start, rows[10_100].start);
    assert!(found.iter().all(|row| !row.admitted));
}

#[test]
fn files_are_merged_and_rows_of_older_ones_dropped() {
    let rows = rows(12_000);
    let (old, mut new): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.trace.bits() % 3 > 0);
    let touched = old.iter().filter(|row| row.trace.bits().is_multiple_of(5));
    let touched: Vec<TraceRow> = touched
        .map(|row| TraceRow {
            revision: row.revision + 1,
            again: true,
            ..row.clone()
        })
        .collect();
    new.extend(touched.iter().cloned());
    new.sort_by_key(TraceRow::place);
    let files = [file_of(&old), file_of(&new)];
    let first = files[0].all_by(share(8)).next().unwrap();
    assert!(
        first.unwrap().len() >= GROUP_ROWS,
        "some thousand at a time"
    );
    let mut merged = Vec::new();
    let keep = |file: usize, row: &mut TraceRow| file == 1 || !row.trace.bits().is_multiple_of(5);
    merge(&[&files[0], &files[1]], keep, &mut merged).unwrap();
    let merged = all(&opened(merged));
    assert_eq!(merged.len(), 12_000);
    assert!(merged.is_sorted_by_key(TraceRow::place));
    for row in &touched {
        let found = merged.iter().find(|found| found.trace == row.trace);
        assert_eq!(found, Some(row));
    }
}

#[test]
fn a_trace_is_found_by_its_id() {
    let rows = rows(12_000);
    let file = file_of(&rows);
    for row in rows.iter().step_by(371) {
        assert_eq!(file.row(row.trace).unwrap().as_ref(), Some(row));
    }
    assert_eq!(file.row(trace(12_000)).unwrap(), None);
    assert_eq!(file.amount(trace(12_000)).unwrap(), None);
    assert_eq!(file.row(TraceId::from_bits(2 << 96)).unwrap(), None);
    assert_eq!(file.again().unwrap().len(), 1_200);
}

#[test]
fn no_rows_are_a_file() {
    let file = file_of(&[]);
    assert!(file.is_empty() && file.groups().is_empty());
    assert_eq!(file.row(trace(1)).unwrap(), None);
    assert_eq!(file.again().unwrap(), []);
    assert_eq!(all(&file), []);
}

#[test]
fn other_files_are_refused() {
    assert!(TracesFile::open(Bytes::from_static(b"PAR1 and no more than that PAR1")).is_err());
    let traces = Bytes::from(written(&rows(3)));
    let refused = SegmentsFile::open(traces);
    assert!(matches!(refused, Err(BlockError::Foreign(_))));
}

/// A file of several chunks, and its checksums.
static LARGE: LazyLock<(Vec<u8>, Sums)> = LazyLock::new(|| {
    let file = written(&rows(20_000));
    assert!(file.len() > 2 * CHUNK);
    let sums = Sums::of(&file);
    (file, sums)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn damage_to_a_file_is_found(at in any::<prop::sample::Index>(), by in 1..=u8::MAX) {
        let (mut file, sums) = LARGE.clone();
        let at = at.index(file.len());
        file[at] ^= by;
        let checked = Checked::new(Bytes::from(file), sums).unwrap();
        let read = TracesFile::open(checked).and_then(|file| file.all().collect::<Result<Vec<_>, _>>());
        prop_assert!(read.is_err());
    }
}
