//! Segment documents: parsed, assembled, projected, given out.

use std::sync::Arc;

use fluoro_model::document::{Kind, Limits, RefusalCode};
use fluoro_model::{Document, TimestampMicros};
use fluoro_trace::{Projection, Received, Trace};

pub(super) const DICTIONARY: &[&str] = &[
    "\"id\":",
    "\"name\":",
    "\"trace_id\":",
    "\"parent_id\":",
    "\"type\":",
    "\"subsegment\"",
    "\"in_progress\":true",
    "\"subsegments\":[",
    "\"cause\":",
    "\"exceptions\":",
    "\"metadata\":{",
    "\"resource_names\":",
    "\\ud800",
    "\\ud83d\\ude00",
    "\\u0000",
    "null",
    "1e999",
    "-0",
];

pub(super) fn run(json: &[u8]) {
    let document = match Document::parse(json) {
        Ok(document) => document,
        Err(refusal) => {
            assert!(
                refusal.message.contains("ErrorCode")
                    || refusal.code == RefusalCode::InvalidSegment
            );
            return;
        }
    };
    facts_are_the_same(&document, json);
    let is_segment = matches!(document.kind, Kind::Segment(_));
    let given = given_out(document);
    if is_segment && given.len() <= Limits::default().bytes {
        // What we give out, we would take, and give out again as it is.
        let again = Document::parse(given.as_bytes()).expect("an output document is taken");
        assert_eq!(given_out(again), given);
    }
}

/// Read for its facts, a document has the same projection.
fn facts_are_the_same(document: &Document, json: &[u8]) {
    let facts = Document::parse_facts(Limits::DEFAULT, json).expect("as strict as the whole");
    assert_eq!(facts.trims, document.trims);
    assert!(facts.json_bytes <= json.len());
    let projection = |document: Document| {
        let received = [Received {
            document: Arc::new(document),
            at: TimestampMicros(1),
        }];
        Trace::assemble(received[0].document.trace_id, &received).projection()
    };
    assert_eq!(projection(facts), projection(document.clone()));
}

/// The first document of a trace of this document alone; every other promise about that trace is checked on the way.
fn given_out(document: Document) -> String {
    let id = document.trace_id;
    let received = [Received {
        document: Arc::new(document),
        at: TimestampMicros(1),
    }];
    let trace = Trace::assemble(id, &received);
    let segments = trace.segments();
    for segment in &segments {
        // A common reader takes it, unless it nests deeper than such readers go.
        if let Err(error) = serde_json::from_str::<serde_json::Value>(&segment.document) {
            let deep = error.to_string().starts_with("recursion limit exceeded");
            assert!(
                deep,
                "an output document is JSON: {error} in {}",
                segment.document
            );
        }
    }
    let projection = trace.projection();
    assert_eq!(
        segments.len(),
        projection.observations.len(),
        "each output is observed"
    );
    for call in &projection.calls {
        let _nodes = (projection.node(call.from), projection.node(call.to));
        assert!((call.callee as usize) < projection.observations.len());
    }
    let written = serde_json::to_string(&projection).expect("a projection can be written");
    let read: Projection = serde_json::from_str(&written).expect("a projection can be read");
    assert_eq!(read, projection);
    segments
        .into_iter()
        .next()
        .map_or_else(String::new, |first| first.document)
}
