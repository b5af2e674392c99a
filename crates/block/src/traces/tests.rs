use std::sync::LazyLock;

use bytes::Bytes;
use fluoro_filter::arbitrary;
use fluoro_filter::fixture::{entity, failed, handled, projection};
use fluoro_filter::{Columns, Digest, Filter, KnownAnnotations, NoGroups, parse};
use fluoro_model::document::AnnotationValue;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::Outcome;
use parquet::file::metadata::KeyValue;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::lasting::Lasting;
use super::*;
use crate::BlockError;
use crate::checked::{CHUNK, Checked, Sums};
use crate::file::Texts;
use crate::merge::share;
use crate::segments::SegmentsFile;

fn written(rows: &[TraceRow]) -> Vec<u8> {
    written_in_groups(rows, 10_000)
}

fn written_in_groups(rows: &[TraceRow], of: usize) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = TracesWriter::new(&mut file).unwrap();
    writer.group = (of, usize::MAX);
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

/// In row groups of a thousand.
fn in_thousands(rows: &[TraceRow]) -> TracesFile<Checked<Bytes>> {
    opened(written_in_groups(rows, 1_000))
}

/// The rows that may be meant, by what the footer tells and by the columns alone, which must be the same; and in how many row
/// groups the footer tells them.
fn slow_rows(file: &mut TracesFile<Checked<Bytes>>, text: &str) -> (Vec<usize>, usize) {
    let columns = columns(text);
    let meant = |file: &TracesFile<Checked<Bytes>>| {
        let meant = file.groups().map(|group| {
            let all = 0..file.times(group).rows;
            let meant = file.find_meant(group, all.clone(), &columns).unwrap();
            let found = file.find(group, all, &columns).unwrap();
            let found = found.iter().filter(|row| row.admitted);
            let found = found.map(|row| (row.trace, row.start));
            assert!(found.eq(meant.iter().map(|row| (row.trace, row.start))));
            assert!(meant.is_empty() || file.may_admit(group, &columns));
            meant
                .into_iter()
                .map(|row| row.trace.bits() - trace(0).bits())
        });
        let rows = meant.flatten().map(usize::try_from);
        rows.collect::<Result<Vec<usize>, _>>().unwrap()
    };
    let by_footer = meant(file);
    let groups = file.groups();
    let told = groups.filter(|group| file.tells(*group, &columns)).count();
    let lasting = std::mem::take(&mut file.lasting);
    assert!(file.groups().all(|group| !file.tells(group, &columns)));
    assert_eq!(by_footer, meant(file), "{text}");
    file.lasting = lasting;
    (by_footer, told)
}

/// So many rows, each with these services, and how long they took.
fn lasting_rows(count: u32, lasted: impl Fn(usize) -> Vec<(String, Option<i64>)>) -> Vec<TraceRow> {
    let mut rows = rows(count);
    for (number, row) in rows.iter_mut().enumerate() {
        let service = row.services[0].clone();
        let services = lasted(number).into_iter();
        let services = services.map(|(name, longest)| Service {
            name: name.into(),
            longest,
            ..service.clone()
        });
        row.services = services.collect();
        row.longest = Some(60_000_000);
    }
    rows
}

#[test]
fn the_footer_tells_in_which_rows_a_service_took_long() {
    // Of `rare` one row in forty took long, of `often` every tenth, of `stuck` all took the same, `idle` did not end, and `twice`
    // is there twice, once quicker.
    let rows = lasting_rows(2_500, |number| {
        let number = i64::try_from(number).unwrap();
        let long = |of: i64, long: i64| if number % of == 7 { long } else { number };
        vec![
            ("rare".to_owned(), Some(long(40, 3_000_000 + number))),
            ("often".to_owned(), Some(long(10, 3_000_000))),
            ("stuck".to_owned(), Some(3_000_000)),
            ("idle".to_owned(), None),
            ("twice".to_owned(), Some(long(500, 3_000_000))),
            ("twice".to_owned(), Some(1_000)),
        ]
    });
    let every = |of: usize, from: usize| (7..2_500).step_by(of).skip(from).collect::<Vec<_>>();
    let either = every(10, 0).into_iter();
    let either = either
        .filter(|row| row % 40 == 7 || row % 500 == 7)
        .collect();
    let mut file = in_thousands(&rows);
    for (text, meant, told) in [
        ("service(\"rare\") { duration > 2 }", every(40, 0), 3),
        // The fourth of them took 3.000127 s, and a microsecond may be hidden.
        ("service(\"rare\") { duration > 3.000126 }", every(40, 3), 3),
        (
            "service(\"rare\") { duration >= 3.000128 }",
            every(40, 3),
            3,
        ),
        (
            "service(\"rare\") { duration >= 3.000129 }",
            every(40, 4),
            3,
        ),
        ("service(\"often\") { duration > 2 }", every(10, 0), 0),
        ("service(\"often\") { duration > 4 }", vec![], 3),
        (
            "service(\"stuck\") { duration > 2 }",
            (0..2_500).collect(),
            0,
        ),
        ("service(\"stuck\") { duration > 3.1 }", vec![], 3),
        ("service(\"idle\") { duration >= 0 }", vec![], 3),
        ("service(\"twice\") { duration > 2 }", every(500, 0), 3),
        ("service(\"nobody\") { duration > 2 }", vec![], 3),
        (
            "service(\"rare\") { duration > 2 } AND annotation.total > 2400 AND service(\"often\") { duration > 2 }",
            every(40, 60),
            3,
        ),
        (
            "service(\"rare\") { duration > 2 } OR service(\"twice\") { duration > 2 }",
            either,
            0,
        ),
    ] {
        assert_eq!(slow_rows(&mut file, text), (meant, told), "{text}");
    }
    // A part of a row group.
    let rare = columns("service(\"rare\") { duration > 2 }");
    let some = file.find_meant(1, 40..121, &rare).unwrap();
    let some = some.iter().map(|row| row.trace);
    assert!(some.eq([1_047, 1_087].map(trace)));
    let starts = [0, 511, 512, 999].map(|row| file.start(1, row).unwrap());
    let expected = [1_000, 1_511, 1_512, 1_999].map(|row: usize| rows[row].start);
    assert_eq!(starts, expected);
}

#[test]
fn of_many_services_the_footer_tells_fewer_rows() {
    let file = |services: usize| {
        let rows = lasting_rows(1_000, |number| {
            let micros = i64::try_from(number * 1_000).unwrap();
            let names = (0..30).map(|of| format!("s-{}", (number + of) % services));
            names.map(|name| (name, Some(micros))).collect()
        });
        in_thousands(&rows)
    };
    // A sixteenth of 30,000 is 1,875: 46 for each of 40, and 7 for each of 256.
    for (services, most) in [(40, 46), (256, 7)] {
        let mut file = file(services);
        let has = |row: &usize| (0..30).any(|of| (row + of) % services == 2);
        let mut slowest: Vec<usize> = (0..1_000).filter(has).rev().collect();
        for (rows, told) in [(most, 1), (most + 1, 0)] {
            let least = slowest[rows - 1] as f64 / 1e3 - 5e-4;
            let text = format!("service(\"s-2\") {{ duration > {least} }}");
            let mut meant = slowest[..rows].to_vec();
            meant.sort_unstable();
            assert_eq!(slow_rows(&mut file, &text), (meant, told), "{services}");
        }
        slowest.reverse();
        let all = slow_rows(&mut file, "service(\"s-2\") { duration >= 0 }");
        assert_eq!(all, (slowest, 0));
    }
    // Of more services nothing is told, and all is found.
    let (meant, told) = slow_rows(&mut file(257), "service(\"s-2\") { duration > 0.7 }");
    assert_eq!((meant, told), ((744..774).collect(), 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_the_footer_tells_is_what_the_columns_tell(
        lasted in vec(vec((0..4_u8, proptest::option::of(0..12_i64)), 0..8), 1..400),
        asked in vec((0..5_u8, 0..13_i64, any::<bool>()), 1..6),
    ) {
        let rows = lasting_rows(u32::try_from(lasted.len()).unwrap(), |number| {
            let services = lasted[number].iter();
            let services = services.map(|(name, seconds)| {
                // Few take long.
                (format!("s-{name}"), seconds.map(|seconds| (seconds / 2 * (seconds / 5)) * 1_000_000))
            });
            services.collect()
        });
        let mut file = in_thousands(&rows);
        for (name, seconds, or_equal) in asked {
            let than = if or_equal { ">=" } else { ">" };
            let (meant, _) = slow_rows(&mut file, &format!("service(\"s-{name}\") {{ duration {than} {seconds} }}"));
            let is_meant = |row: &usize| lasted[*row].iter().any(|(of, lasted)| {
                let lasted = lasted.map(|lasted| lasted / 2 * (lasted / 5));
                *of == name && lasted.is_some_and(|lasted| lasted >= seconds)
            });
            // A microsecond may be hidden: what took just as long may be meant.
            prop_assert!(meant.iter().copied().eq((0..rows.len()).filter(is_meant)));
        }
    }
}

#[test]
fn footers_from_before_tell_no_rows() {
    let slow = |file: &TracesFile<Checked<Bytes>>, group, text: &str| {
        let columns = columns(text);
        let meant = file.find_meant(group, 0..file.times(group).rows, &columns);
        (
            file.may_admit(group, &columns),
            file.tells(group, &columns),
            meant.unwrap().len(),
        )
    };
    let mut file = file_of(&rows(25_000));
    let footer = |key: &str, text: &str| {
        let told = KeyValue::new(key.to_owned(), text.to_owned());
        Lasting::of(&Texts(vec![told]))
    };
    let (shop, books) = (
        "service(\"shop\") { duration > 19.5 }",
        "service(\"books\") { duration > 19.5 }",
    );
    let older = r#"[{"shop": 9999000, "books": 9999000}, null, {"shop": 24999000}]"#;
    file.lasting = footer("fluoro.traces.longest", older);
    assert_eq!(slow(&file, 0, shop), (false, true, 0));
    assert_eq!(slow(&file, 1, shop), (true, false, 500));
    assert_eq!(slow(&file, 2, shop), (true, false, 5_000));
    assert_eq!(
        (slow(&file, 2, books).0, slow(&file, 1, books).0),
        (false, true)
    );
    // What is not in the form that it should have tells nothing.
    for odd in [
        "[{\"shop\": [[5, 1], [6, 2]]}]",
        "[{\"shop\": [[5, 70000]]}]",
        "[{\"shop\": [[5, -1]]}]",
        "[{\"shop\": [[5], [4, 1]]}]",
        "[{\"shop\": [[]]}]",
        "[{\"shop\": 7}]",
        "[",
    ] {
        file.lasting = footer("fluoro.traces.slowest", odd);
        assert_eq!(slow(&file, 2, shop), (true, false, 5_000), "{odd}");
        assert_eq!(
            slow(&file, 0, shop),
            (false, false, 0),
            "by the column `longest`"
        );
        let quick = "service(\"shop\") { duration > 9.9 }";
        assert_eq!(slow(&file, 0, quick), (true, false, 100), "{odd}");
    }
    file.lasting = footer(
        "fluoro.traces.slowest",
        r#"[null, null, {"shop": [[24999000, 4999, 60000]]}]"#,
    );
    assert_eq!(
        slow(&file, 2, shop),
        (true, true, 1),
        "there is no row of that number"
    );
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
