//! What every [`Scan`] must do, as one suite.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_filter::{Columns, Filter, NoGroups, parse};
use fluoro_model::document::Document;
use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::{Projection, ProjectionLimits, Received, Trace};

use super::{Axis, Candidates, Latest, Scan};
use crate::documents::Row;
use crate::hot::{HotTraces, Incoming};

/// Something that is scanned, and how documents get into it.
#[async_trait]
pub trait Ground: Send + Sync {
    /// The scan.
    fn scan(&self) -> &dyn Scan;

    /// Takes documents that were received at one moment.
    async fn put(&self, at: TimestampMicros, documents: &[String]);

    /// Lets what is there come to rest, where that is possible.
    async fn rest(&self);
}

/// When the suite's documents begin: in microseconds.
const EPOCH: i64 = 1_790_000_000_000_000;

/// The traces as they should be.
#[derive(Debug, Default)]
struct Model(BTreeMap<TraceId, Vec<Received>>);

/// A trace of the suite.
#[must_use]
pub fn trace(number: u64) -> TraceId {
    TraceId::from_bits(0x6ab1_8b80 << 96 | u128::from(number))
}

/// Takes documents into hot traces, as ingest does.
///
/// # Panics
///
/// When they are none, or cannot be stored.
pub async fn put(hot: &HotTraces, at: TimestampMicros, documents: &[String]) {
    let parsed: Vec<(Arc<Document>, Bytes)> = documents
        .iter()
        .map(|json| {
            let document = Document::parse(json.as_bytes()).expect("a document");
            (Arc::new(document), Bytes::from(json.clone()))
        })
        .collect();
    let coded = hot.code(parsed.iter().map(|(facts, json)| (&**facts, json)));
    let incoming = parsed.into_iter().map(|(facts, json)| Incoming {
        bytes: json.len(),
        facts,
    });
    let stored = hot.put(Row::Second, at, coded, incoming).await;
    stored.expect("documents are stored");
}

/// A segment of a trace, so many seconds after the epoch of the suite.
#[must_use]
pub fn segment(number: u64, id: u64, start: f64, more: &str) -> String {
    let start = seconds(EPOCH) + start;
    format!(
        r#"{{"trace_id":"{}","id":"{id:016x}","name":"s{}","start_time":{start:.6},"end_time":{:.6}{more}}}"#,
        trace(number),
        number % 3,
        start + 0.25,
    )
}

/// Some deliveries, the first of which come before the others: traces that are whole at once, that grow, that fail, that have no
/// segment, and that end before they begin.
#[must_use]
pub fn deliveries() -> [Vec<(TimestampMicros, Vec<String>)>; 2] {
    let at = |second: i64| TimestampMicros(EPOCH + second * 1_000_000);
    let lone = |number: u64, id: u64, parent: u64| {
        format!(
            r#"{{"type":"subsegment","trace_id":"{}","id":"{id:016x}","parent_id":"{parent:016x}","name":"part","start_time":{:.6},"end_time":{:.6}}}"#,
            trace(number),
            seconds(EPOCH),
            seconds(EPOCH) + 400.0,
        )
    };
    let mut before = Vec::new();
    for number in 0_u32..40 {
        let more = match number % 5 {
            0 => r#","fault":true,"annotations":{"tier":"gold","tries":3}"#,
            1 => {
                r#","http":{"request":{"method":"GET","url":"http://x/a,\"b\""},"response":{"status":404}}"#
            }
            _ => r#","annotations":{"tier":"tin"},"user":"u""#,
        };
        let (id, start) = (u64::from(number), f64::from(number) * 10.0);
        let one = segment(id, 1, start, more);
        before.push((at(i64::from(number) * 10), vec![one]));
    }
    before.push((at(400), vec![lone(50, 2, 1), lone(3, 7, 1), lone(4, 8, 1)]));
    before.push((
        at(401),
        vec![segment(51, 1, 5.0, r#","in_progress":true"#).replace(r#""end_time":"#, r#""was":"#)],
    ));
    let mut after = vec![
        // It comes again, begins earlier than was known, and fails.
        (
            at(500),
            vec![segment(
                6,
                9,
                -3.0,
                r#","parent_id":"0000000000000001","fault":true"#,
            )],
        ),
        (at(501), vec![segment(50, 1, 90.0, "")]),
        (at(502), vec![segment(51, 1, 5.0, r#","error":true"#)]),
        // Nothing of it is new.
        (
            at(503),
            vec![segment(
                7,
                1,
                70.0,
                r#","annotations":{"tier":"tin"},"user":"u""#,
            )],
        ),
    ];
    for number in 60_u32..70 {
        let (id, start) = (u64::from(number), f64::from(number));
        after.push((at(510 + i64::from(number)), vec![segment(id, 1, start, "")]));
    }
    [before, after]
}

/// Runs the suite against an empty ground.
///
/// # Panics
///
/// When it breaks a promise.
pub async fn suite(ground: &dyn Ground) {
    let mut model = Model::default();
    check(ground.scan(), &model).await;
    assert_eq!(ground.scan().held_since(), None);
    for deliveries in deliveries() {
        for (at, documents) in deliveries {
            ground.put(at, &documents).await;
            model.put(at, &documents);
        }
        check(ground.scan(), &model).await;
        ground.rest().await;
        check(ground.scan(), &model).await;
    }
    ground.scan().settle().await.expect("settle");
    let since = ground.scan().held_since();
    assert!(since.is_some_and(|since| since.0 <= EPOCH), "{since:?}");
}

async fn check(scan: &dyn Scan, model: &Model) {
    for (trace, received) in &model.0 {
        let projection = scan.by_id(*trace).await.expect("by id");
        assert_eq!(projection.as_deref(), Some(&model.projection(*trace)));
        let documents = scan.documents(*trace).await.expect("documents");
        let told = |received: &[Received]| -> Vec<_> {
            let told = received.iter();
            told.map(|received| (received.at, received.document.entity.id))
                .collect()
        };
        assert_eq!(told(&documents), told(received));
    }
    let nobody = trace(9_999);
    assert_eq!(scan.by_id(nobody).await.expect("by id"), None);
    assert!(scan.documents(nobody).await.expect("documents").is_empty());
    for range in ranges() {
        for by in [
            Axis::Start,
            Axis::Updated,
            Axis::Received,
            Axis::ReceivedOrEnded,
        ] {
            for filter in ["", "fault", "annotation.tier = \"gold\"", "service(\"s1\")"] {
                check_range(scan, model, &range, by, filter).await;
            }
        }
        check_latest(scan, model, &range).await;
    }
}

fn ranges() -> [Range<TimestampMicros>; 6] {
    let at = |second: i64| TimestampMicros(EPOCH + second * 1_000_000);
    [
        TimestampMicros(i64::MIN)..TimestampMicros(i64::MAX),
        at(0)..at(1),
        at(10)..at(100),
        at(-100)..at(0),
        at(300)..at(600),
        at(50)..at(50),
    ]
}

async fn check_range(
    scan: &dyn Scan,
    model: &Model,
    range: &Range<TimestampMicros>,
    by: Axis,
    filter: &str,
) {
    let filter = (!filter.is_empty()).then(|| {
        let expression = parse(filter).expect("a filter");
        Filter::new(&expression, &NoGroups).expect("a filter")
    });
    let candidates = Candidates {
        range: range.clone(),
        by,
        columns: match &filter {
            Some(filter) => filter.columns(),
            None => Columns::Anything,
        },
        latest: None,
    };
    let found = scan.find(&candidates).await.expect("find");
    let found = by_id(model, found.projections);
    for trace in model.0.keys() {
        let projection = model.projection(*trace);
        // What changed nothing need not be noticed.
        let last = projection.last_received;
        let received = model.0[trace].iter().map(|received| received.at);
        let received = received.filter(|at| *at <= last);
        let fits = is_in(&projection, received, range, by)
            && filter
                .as_ref()
                .is_none_or(|filter| filter.matches(&projection));
        assert!(
            !fits || found.contains_key(trace),
            "{trace} is missing in {range:?} by {by:?}"
        );
    }
    let projections = scan.projections(&candidates).await.expect("projections");
    let projections = by_id(model, projections);
    assert!(found.keys().all(|trace| projections.contains_key(trace)));
}

async fn check_latest(scan: &dyn Scan, model: &Model, range: &Range<TimestampMicros>) {
    let mut wanted: Vec<(TimestampMicros, TraceId)> = Vec::new();
    for trace in model.0.keys() {
        let start = model.projection(*trace).start.map(|start| start.micros());
        wanted.extend(
            start
                .filter(|start| range.contains(start))
                .map(|start| (start, *trace)),
        );
    }
    wanted.sort_unstable();
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let candidates = Candidates {
            range: range.clone(),
            by: Axis::Start,
            columns: Columns::Anything,
            latest: Some(Latest {
                before,
                rows: 7,
                likely: 3,
            }),
        };
        let found = scan.find(&candidates).await.expect("find");
        let rest = found.rest;
        let found = by_id(model, found.projections);
        seen.extend(found.into_keys());
        match rest {
            Some(rest) => {
                assert!(before.is_none_or(|before| rest < before), "no way forward");
                before = Some(rest);
            }
            None => break,
        }
    }
    for (_, trace) in wanted {
        assert!(seen.contains(&trace), "{trace} is missing in {range:?}");
    }
}

/// Each is found once, as it should be.
fn by_id(model: &Model, found: Vec<Arc<Projection>>) -> BTreeMap<TraceId, Arc<Projection>> {
    let mut by_id = BTreeMap::new();
    for projection in found {
        assert_eq!(*projection, model.projection(projection.id));
        let before = by_id.insert(projection.id, projection);
        assert_eq!(before, None, "a trace is there twice");
    }
    by_id
}

/// What [`Axis`] says.
fn is_in(
    projection: &Projection,
    mut received: impl Iterator<Item = TimestampMicros>,
    range: &Range<TimestampMicros>,
    by: Axis,
) -> bool {
    let start = projection.start.map(|start| start.micros());
    match by {
        Axis::Start => start.is_some_and(|start| range.contains(&start)),
        Axis::Updated => range.contains(&projection.last_received),
        Axis::Received => received.any(|at| range.contains(&at)),
        Axis::ReceivedOrEnded => {
            let end = projection.ends().map(|end| end.micros()).max();
            received.any(|at| range.contains(&at))
                || start.is_some_and(|start| start < range.end)
                    && end.is_some_and(|end| end >= range.start)
                    && range.start < range.end
        }
    }
}

// === impl Model ===

impl Model {
    fn put(&mut self, at: TimestampMicros, documents: &[String]) {
        for json in documents {
            let document = Document::parse(json.as_bytes()).expect("a document");
            let received = self.0.entry(document.trace_id).or_default();
            received.push(Received {
                document: Arc::new(document),
                at,
            });
        }
    }

    fn projection(&self, trace: TraceId) -> Projection {
        let assembled = Trace::assemble(trace, &self.0[&trace]);
        assembled.projection_within(ProjectionLimits::default())
    }
}

fn seconds(micros: i64) -> f64 {
    TimestampMicros(micros).seconds()
}
