//! One trace is one trace: in whatever order its documents come in, however they were split, doubled, announced while
//! in progress and delivered together.

use std::sync::Arc;

use fluoro_model::{Document, TimestampMicros, TraceId};
use fluoro_trace::{OutputSegment, Projection, Received, Trace};
use proptest::prelude::*;
use serde_json::{Value, json};

const TRACE: &str = "1-67000001-0123456789abcdef01234567";

/// An entity of a made-up trace.
#[derive(Debug, Clone)]
struct Spec {
    name: &'static str,
    start: u32,
    /// `None`: the end never comes.
    duration: Option<u32>,
    more: Value,
    subsegments: Vec<Spec>,
    /// The segment of the callee, if this is a call to a service that reports itself.
    callee: Option<Box<Spec>>,
}

/// How the trace reaches us.
#[derive(Debug, Clone)]
struct Journey {
    /// Consumed from the front, over and over: each decides one thing about one entity.
    choices: Vec<u8>,
    /// Where each document stands in the slice, and in which delivery.
    places: Vec<(u16, u8)>,
}

fn more() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({})),
        Just(json!({"namespace": "remote", "fault": true, "http": {"response": {"status": 503}}})),
        Just(json!({"namespace": "aws", "aws": {"operation": "GetItem", "table_name": "stock"}})),
        Just(json!({"namespace": "aws", "aws": {"operation": "SendMessage", "queue_url": "q"}})),
        Just(json!({"annotations": {"plan": "gold", "n": 3}, "metadata": {"a": {"b": null}}})),
        Just(
            json!({"error": true, "throttle": false, "cause": {"exceptions": [{"id": "8888888888888888"}]}})
        ),
    ]
}

fn entity() -> impl Strategy<Value = Spec> {
    let name = prop_oneof![Just("shop"), Just("SQS"), Just("DynamoDB"), Just("work")];
    let leaf = (
        name,
        0..4_u32,
        prop::option::weighted(0.9, 0..4_u32),
        more(),
    )
        .prop_map(|(name, start, duration, more)| Spec {
            name,
            start,
            duration,
            more,
            subsegments: Vec::new(),
            callee: None,
        });
    leaf.prop_recursive(4, 24, 4, |inner| {
        let callee = prop::option::weighted(0.3, inner.clone());
        (inner.clone(), prop::collection::vec(inner, 0..4), callee).prop_map(
            |(own, subsegments, callee)| Spec {
                subsegments,
                callee: callee.map(Box::new),
                ..own
            },
        )
    })
}

fn journey() -> impl Strategy<Value = Journey> {
    let choices = prop::collection::vec(any::<u8>(), 1..64);
    let places = prop::collection::vec((any::<u16>(), 0..6_u8), 1..64);
    (choices, places).prop_map(|(choices, places)| Journey { choices, places })
}

/// Turns specs into documents, making one choice after the other.
struct Sender<'j> {
    choices: std::iter::Cycle<std::slice::Iter<'j, u8>>,
    next_id: u64,
    documents: Vec<Value>,
}

impl<'j> Sender<'j> {
    fn send(roots: &[Spec], choices: &'j [u8]) -> Vec<Value> {
        let mut sender = Self {
            choices: choices.iter().cycle(),
            next_id: 1,
            documents: Vec::new(),
        };
        for root in roots {
            sender.segment(root, None);
        }
        sender.documents
    }

    fn choose(&mut self, bit: u8) -> bool {
        self.choices.next().is_some_and(|choice| choice & bit != 0)
    }

    /// Sends a segment; `parent` is who called it.
    fn segment(&mut self, spec: &Spec, parent: Option<&str>) {
        let (id, body) = self.body(spec);
        let mut document = body;
        document["trace_id"] = json!(TRACE);
        if let Some(parent) = parent {
            document["parent_id"] = json!(parent);
        }
        self.post(document);
        self.callee(spec, &id);
    }

    /// The id of an entity and its document, with those subsegments that travel in it; sends those that do not.
    fn body(&mut self, spec: &Spec) -> (String, Value) {
        let id = format!("{:016x}", self.next_id);
        self.next_id += 1;
        let mut body =
            json!({"id": id, "name": spec.name, "start_time": 1_728_000_000 + spec.start});
        match spec.duration {
            Some(duration) => body["end_time"] = json!(1_728_000_000 + spec.start + duration),
            None => body["in_progress"] = json!(true),
        }
        let members = body.as_object_mut().expect("made by this test");
        members.extend(spec.more.as_object().expect("made by this test").clone());
        let mut embedded = Vec::new();
        for child in &spec.subsegments {
            let (child_id, child_body) = self.body(child);
            let alone = self.choose(1);
            if alone || self.choose(2) {
                let mut document = child_body.clone();
                document["type"] = json!("subsegment");
                document["trace_id"] = json!(TRACE);
                document["parent_id"] = json!(id);
                self.post(document);
            }
            if !alone {
                embedded.push(child_body);
            }
            self.callee(child, &child_id);
        }
        if !embedded.is_empty() {
            body["subsegments"] = json!(embedded);
        }
        (id, body)
    }

    fn callee(&mut self, spec: &Spec, id: &str) {
        if let Some(callee) = &spec.callee {
            self.segment(callee, Some(id));
        }
    }

    /// Sends a document, perhaps twice, perhaps announced while it was in progress.
    fn post(&mut self, document: Value) {
        if document.get("end_time").is_some() && self.choose(4) {
            let mut open = document.clone();
            let members = open.as_object_mut().expect("made by this test");
            members.remove("end_time");
            members.insert("in_progress".into(), json!(true));
            members.insert("annotations".into(), json!({"early": true}));
            self.documents.push(open);
        }
        if self.choose(8) {
            self.documents.push(document.clone());
        }
        self.documents.push(document);
    }
}

/// What came in, in the order and deliveries of the journey.
fn travel(documents: &[Value], places: &[(u16, u8)]) -> Vec<Received> {
    let places = places.iter().cycle();
    let mut placed: Vec<_> = documents.iter().zip(places).collect();
    placed.sort_by_key(|(_, (place, _))| *place);
    let receive = |(document, (_, delivery)): (&Value, &(u16, u8))| Received {
        document: Arc::new(
            Document::parse(document.to_string().as_bytes()).expect("made by this test"),
        ),
        at: TimestampMicros(i64::from(*delivery)),
    };
    placed.into_iter().map(receive).collect()
}

fn assembled(received: &[Received]) -> (Vec<OutputSegment>, Projection, Option<f64>) {
    let id: TraceId = TRACE.parse().expect("a trace id");
    let trace = Trace::assemble(id, received);
    (
        trace.segments(),
        timeless(trace.projection()),
        trace.duration(),
    )
}

/// The projection without what depends on when documents came in.
fn timeless(mut projection: Projection) -> Projection {
    let never = TimestampMicros(0);
    projection.revision = 0;
    (projection.first_received, projection.last_received) = (never, never);
    for seen in &mut projection.observations {
        seen.received = never;
    }
    for call in &mut projection.calls {
        call.received = never;
    }
    projection.superseded.clear();
    projection
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_journey_ends_in_the_same_trace(
        roots in prop::collection::vec(entity(), 1..3),
        journey in journey(),
    ) {
        // Without any choice taken: everything embedded, each document once, in one delivery.
        let plain = assembled(&travel(&Sender::send(&roots, &[0]), &[(0, 0)]));
        let documents = Sender::send(&roots, &journey.choices);
        prop_assert_eq!(assembled(&travel(&documents, &journey.places)), plain);
    }
}
