//! The benchmark's traces in both of their forms, OTLP requests and X-Ray documents, tell the same.

#[expect(
    clippy::all,
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "the benchmark's generator, which stands outside the workspace"
)]
#[rustfmt::skip]
#[path = "../../../bench/tracegen/src/model.rs"]
mod model;
#[expect(
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "the benchmark's generator, which stands outside the workspace"
)]
#[rustfmt::skip]
#[path = "../../../bench/tracegen/src/otlp.rs"]
mod otlp;
#[expect(
    clippy::all,
    unreachable_pub,
    reason = "the benchmark's generator, which stands outside the workspace"
)]
#[rustfmt::skip]
#[path = "../../../bench/tracegen/src/xray.rs"]
mod xray;

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_model::document::{Entity, Limits};
use fluoro_model::{Document, TimestampMicros, TraceId};
use fluoro_otlp::{Mapping, translate};
use fluoro_trace::projection::NodeSource;
use fluoro_trace::{Projection, Received, Trace};

const TRACES: u64 = 400;
const BEGIN: u64 = 1_767_225_600_000_000_000;

/// One request with all spans of a trace, as the generator's batches hold them.
fn request(trace: &model::Trace) -> Vec<u8> {
    let mut by_service: BTreeMap<(usize, usize), Vec<otlp::Buf>> = BTreeMap::new();
    for (number, span) in trace.spans.iter().enumerate() {
        let mut buffer = otlp::Buf::default();
        otlp::span(trace, number, &mut buffer);
        by_service
            .entry((span.svc, span.inst))
            .or_default()
            .push(buffer);
    }
    let resources: Vec<Vec<u8>> = by_service
        .keys()
        .map(|(service, instance)| {
            let mut resource = Vec::new();
            for (key, value) in model::resource(*service, *instance) {
                otlp::kv(&mut resource, 1, &key, &value);
            }
            resource
        })
        .collect();
    let groups: Vec<(&[u8], Vec<&otlp::Buf>)> = resources
        .iter()
        .map(Vec::as_slice)
        .zip(by_service.values().map(|spans| spans.iter().collect()))
        .collect();
    let mut out = otlp::Buf::default();
    otlp::request(&groups, &mut out);
    out.b
}

fn projection(id: TraceId, documents: Vec<Arc<Document>>) -> Projection {
    let received: Vec<Received> = documents
        .into_iter()
        .map(|document| Received {
            document,
            at: TimestampMicros(1),
        })
        .collect();
    Trace::assemble(id, &received).projection()
}

/// A node by its name. Databases are `name@host` in one form and the host in the other; reported services differ in type where the
/// generator's X-Ray form knows more than a resource tells.
fn node(projection: &Projection, index: u32) -> String {
    let node = projection.node(index);
    let name = node
        .name
        .rsplit_once('@')
        .map_or(&*node.name, |(_, host)| host);
    match node.source {
        NodeSource::Reported => name.to_owned(),
        source => format!("{name} {source:?} {:?}", node.kind),
    }
}

/// What a service graph counts of a trace, in an order of its own.
fn counted(projection: &Projection) -> Vec<String> {
    let observations = projection.observations.iter().map(|seen| {
        let times = (seen.start.micros(), seen.end.map(|end| end.micros()));
        let status = seen.http.as_ref().and_then(|http| http.status);
        format!(
            "{} {:?} {times:?} {:?} {status:?} {}",
            node(projection, seen.node),
            seen.id,
            seen.outcome,
            seen.root
        )
    });
    let calls = projection.calls.iter().map(|call| {
        format!(
            "{} -> {} {:?} {:?}",
            node(projection, call.from),
            node(projection, call.to),
            call.start.micros(),
            call.outcome
        )
    });
    let mut all: Vec<String> = observations.chain(calls).collect();
    all.sort();
    all
}

fn entities(entity: &Entity) -> usize {
    1 + entity.subsegments.iter().map(entities).sum::<usize>()
}

#[test]
fn both_forms_make_the_same_graph() {
    let mut spans = 0;
    for number in 0..TRACES {
        let trace = model::gen_trace(7, number, BEGIN, 1_000_000);
        let id = TraceId::from_bits(u128::from_be_bytes(otlp::trace_id(&trace)));
        let translated = translate(&Mapping::default(), &request(&trace)).unwrap();
        assert_eq!(translated.spans, trace.spans.len());
        assert_eq!(translated.documents.len(), trace.spans.len());
        let made = translated.documents.iter().map(|made| {
            let read = Document::parse_facts(Limits::DEFAULT, &made.json).unwrap();
            assert_eq!(format!("{read:?}"), format!("{:?}", made.facts));
            Arc::clone(&made.facts)
        });
        let (segments, subsegments) = xray::segments(&trace);
        assert_eq!(segments.len() + subsegments, trace.spans.len());
        let sent: Vec<_> = segments
            .iter()
            .map(|(_, json)| Arc::new(Document::parse(json.as_bytes()).unwrap()))
            .collect();
        let told: usize = sent.iter().map(|document| entities(&document.entity)).sum();
        assert_eq!(told, trace.spans.len());
        let (made, sent) = (projection(id, made.collect()), projection(id, sent));
        assert_eq!(counted(&made), counted(&sent), "trace {number}");
        assert!(made.is_complete() && !made.partial);
        spans += trace.spans.len();
    }
    assert!(spans > 5_000, "{spans}");
}

#[test]
fn nothing_that_a_span_says_is_lost() {
    for number in 0..100 {
        let trace = model::gen_trace(11, number, BEGIN, 1_000_000);
        let translated = translate(&Mapping::default(), &request(&trace)).unwrap();
        let documents: BTreeMap<u64, &str> = translated
            .documents
            .iter()
            .map(|made| {
                let id = made.facts.entity.id.bits();
                (id, std::str::from_utf8(&made.json).unwrap())
            })
            .collect();
        for span in &trace.spans {
            let document = documents[&span.id];
            for (key, value) in &span.attrs {
                let told = match value {
                    model::Val::S(text) => serde_json::to_string(text).unwrap(),
                    model::Val::I(number) => number.to_string(),
                    model::Val::F(number) => serde_json::to_string(number).unwrap(),
                    model::Val::B(boolean) => boolean.to_string(),
                    model::Val::A(texts) => serde_json::to_string(texts).unwrap(),
                };
                assert!(document.contains(&told), "{key} {told}: {document}");
            }
            assert!(document.contains(&*span.name), "{document}");
            if let Some(exception) = &span.exc {
                let stack = serde_json::to_string(&otlp::stack_text(exception)).unwrap();
                assert!(document.contains(&stack), "{document}");
                let last = exception.stack.last().unwrap();
                let frame = format!(r#""line":{},"label":"{}""#, last.1, last.2);
                assert!(document.contains(&frame), "{frame}: {document}");
            }
        }
    }
}
