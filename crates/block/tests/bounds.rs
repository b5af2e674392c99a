//! What is merged may be as it likes: memory stays what it is.
//!
//! A process of its own counts what it allocates while files of one odd kind after the other are merged, of rows that take next to
//! nothing in a file and a quarter of a gigabyte when they are read: long addresses, documents that are text, the same long origin
//! again and again, hundreds of annotations. No more may be held at any time than [`MOST`].

#![expect(clippy::unwrap_used, reason = "a test: what fails must end it")]

mod counting;

use bytes::Bytes;
use fluoro_block::segments::{self, SegmentsFile, SegmentsWriter};
use fluoro_block::traces::{self, TraceRow, TracesFile, TracesWriter};
use fluoro_block::{BlockError, SegmentRow, Stored};
use fluoro_model::document::AnnotationValue;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_shape::Model;
use fluoro_trace::projection::Outcome;

/// What a merge may take at any time, in bytes: a little of each file, the rows of a row group, and a column of these.
const MOST: usize = 144 << 20;

const FILES: u64 = 32;

fn assert_bounded(kind: &str, since: counting::Since) {
    let most = since.most();
    eprintln!("{kind}: at most {} KiB", most >> 10);
    assert!(most <= MOST, "{kind}: {most} bytes");
}

/// Reads a file of so many rows.
fn assert_read<Row: PartialEq>(
    kind: &str,
    all: impl Iterator<Item = Result<Vec<Row>, BlockError>>,
    rows: u64,
    row: fn(u64) -> Row,
) {
    let since = counting::begin();
    let all = all.flat_map(Result::unwrap);
    let sound = all.zip(0..).filter(|(read, number)| *read == row(*number));
    assert_eq!(sound.count() as u64, rows, "{kind}");
    assert_bounded(&format!("{kind}, read"), since);
}

/// Of the rows of a file: any is followed by one of each other file, so that all are read side by side.
fn numbers(file: u64, rows: u64) -> impl Iterator<Item = u64> {
    (0..rows).map(move |row| row * FILES + file)
}

fn of_segments(rows: impl Iterator<Item = SegmentRow>) -> Bytes {
    let mut file = Vec::new();
    let mut writer = SegmentsWriter::new(&mut file).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    writer.finish(&Model::default()).unwrap();
    file.into()
}

fn of_traces(rows: impl Iterator<Item = TraceRow>) -> Bytes {
    let mut file = Vec::new();
    let mut writer = TracesWriter::new(&mut file).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    writer.finish().unwrap();
    file.into()
}

fn long(number: u64, length: usize) -> Box<str> {
    format!("https://host/{number}/{}", "x".repeat(length)).into()
}

fn annotations(number: u64, count: u64) -> Vec<(Box<str>, AnnotationValue)> {
    let keys = number * count..(number + 1) * count;
    let annotations = keys.map(|key| {
        let value = AnnotationValue::Text(format!("v{key}").into());
        (format!("key{key:012}").into(), value)
    });
    annotations.collect()
}

fn segment(number: u64) -> SegmentRow {
    SegmentRow {
        trace: TraceId::from_bits(1 << 96 | u128::from(number)),
        id: SegmentId::from_bits(number),
        parent: None,
        start: TimestampMicros(1_732_450_000_000_000),
        end: None,
        received: TimestampMicros(1_732_450_001_000_000),
        number: 0,
        name: "odd".into(),
        origin: None,
        http_method: None,
        http_url: None,
        http_status: None,
        user: None,
        fault: false,
        error: false,
        throttle: false,
        spans: 1,
        bytes: 0,
        annotations: Vec::new(),
        stored: Stored::default(),
    }
}

fn trace(number: u64) -> TraceRow {
    TraceRow {
        trace: TraceId::from_bits(1 << 96 | u128::from(number)),
        revision: 1,
        first_received: TimestampMicros(1_732_450_001_000_000),
        last_received: TimestampMicros(1_732_450_001_000_000),
        start: Some(TimestampMicros(1_732_450_000_000_000)),
        end: None,
        duration: None,
        response_time: None,
        longest: None,
        documents: 1,
        bytes: 100,
        again: false,
        complete: true,
        partial: false,
        inferred: false,
        outcome: Outcome::default(),
        some: Outcome::default(),
        fault_cause: false,
        error_cause: false,
        time_cause: false,
        name: Some("odd".into()),
        http_method: None,
        http_url: None,
        http_user_agent: None,
        http_client_ip: None,
        http_status: None,
        services: Vec::new(),
        users: Vec::new(),
        annotations: Vec::new(),
        groups: Vec::new(),
    }
}

/// How many rows each file has, and what they are.
type Kind<Row> = (&'static str, u64, fn(u64) -> Row);

const SEGMENTS: [Kind<SegmentRow>; 4] = [
    ("long addresses", 512, |number| SegmentRow {
        http_url: Some(long(number, 16 << 10)),
        ..segment(number)
    }),
    ("documents that are text", 128, |number| {
        let mut row = segment(number);
        row.store_as_text(&Bytes::from(long(number, 64 << 10).into_string()));
        row
    }),
    ("one long origin", 128, |number| SegmentRow {
        origin: Some(long(0, 64 << 10)),
        ..segment(number)
    }),
    ("many annotations", 64, |number| SegmentRow {
        annotations: annotations(number, 500),
        ..segment(number)
    }),
];

const TRACES: [Kind<TraceRow>; 3] = [
    ("long addresses of traces", 512, |number| TraceRow {
        http_url: Some(long(number, 16 << 10)),
        ..trace(number)
    }),
    ("one long name", 128, |number| TraceRow {
        name: Some(long(0, 64 << 10)),
        ..trace(number)
    }),
    ("users without end", 64, |number| TraceRow {
        users: (0..400).map(|user| long(user, 100)).collect(),
        ..trace(number)
    }),
];

#[test]
fn what_a_merge_holds_is_bounded_whatever_rows_are() {
    for (kind, rows, row) in SEGMENTS {
        let files = (0..FILES).map(|file| of_segments(numbers(file, rows).map(row)));
        let files: Vec<_> = files
            .map(|file| SegmentsFile::open(file).unwrap())
            .collect();
        let files: Vec<_> = files.iter().collect();
        let mut merged = Vec::new();
        let since = counting::begin();
        segments::merge(&files, |_| true, &mut merged).unwrap();
        assert_bounded(kind, since);
        let merged = SegmentsFile::open(Bytes::from(merged)).unwrap();
        assert_read(kind, merged.all(), FILES * rows, row);
    }
    for (kind, rows, row) in TRACES {
        let files = (0..FILES).map(|file| of_traces(numbers(file, rows).map(row)));
        let files: Vec<_> = files.map(|file| TracesFile::open(file).unwrap()).collect();
        let files: Vec<_> = files.iter().collect();
        let mut merged = Vec::new();
        let since = counting::begin();
        traces::merge(&files, |_, _| true, &mut merged).unwrap();
        assert_bounded(kind, since);
        let merged = TracesFile::open(Bytes::from(merged)).unwrap();
        assert_read(kind, merged.all(), FILES * rows, row);
    }
}
