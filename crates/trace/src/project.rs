//! From an assembled trace to its projection.

use std::borrow::Cow;

use fluoro_model::TimestampMicros;
use fluoro_model::document::{AnnotationValue, Entity};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use crate::assemble::{Entry, Trace};
use crate::callee::Callee;
use crate::causes::{Nodes, RootCauses};
use crate::projection::{
    Call, HttpFacts, Node, NodeIndex, NodeSource, Observation, ObservationIndex, Open, Outcome,
    Projection, Superseded, TraceLink,
};

/// The member of a link's attributes that says which side the other trace is.
const REFERENCE_TYPE: &str = "aws.xray.reserved.reference_type";

/// Links of one segment that count, those of its subsegments included. Source: X-Ray developer guide, trace linking.
const SEGMENT_LINKS: usize = 20;

/// Links of one trace that count. Source: as above.
const TRACE_LINKS: usize = 100;

/// How much of a trace is indexed. What goes beyond stays in its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectionLimits {
    /// Distinct annotations. AWS: 50.
    pub annotations: usize,
}

impl Default for ProjectionLimits {
    fn default() -> Self {
        Self { annotations: 50 }
    }
}

impl Trace<'_> {
    /// All that summaries, graphs and filters read of this trace, within AWS's limits.
    #[must_use]
    pub fn projection(&self) -> Projection {
        self.projection_within(ProjectionLimits::default())
    }

    /// All that summaries, graphs and filters read of this trace.
    #[must_use]
    pub fn projection_within(&self, limits: ProjectionLimits) -> Projection {
        let mut builder = Builder::new(self, limits);
        for &segment in &self.segments {
            builder.observe_segment(segment);
        }
        for (call, callee) in self.silent_calls() {
            builder.observe_silent_callee(call, &callee);
        }
        for &segment in &self.segments {
            builder.call_from_client(segment);
            for caller in self.family(segment) {
                builder.call_reported_callees(segment, caller);
            }
        }
        builder.calls.sort_by_key(|call| (call.start, call.callee));
        let root = builder.observations.iter().position(|seen| seen.root);
        let open = self.open();
        Projection {
            id: self.id,
            revision: self.receipts.deliveries,
            first_received: self.receipts.first.unwrap_or(TimestampMicros(0)),
            last_received: self.receipts.last.unwrap_or(TimestampMicros(0)),
            start: self.start(),
            duration: self.duration(),
            root: root.map(position),
            partial: open
                .iter()
                .any(|open| matches!(open, Open::MissingParent { .. })),
            causes: RootCauses::find(self, &builder.node_of_entry),
            nodes: exactly(builder.nodes),
            observations: exactly(builder.observations),
            calls: exactly(builder.calls),
            superseded: exactly(builder.superseded),
            links: exactly(builder.links),
            open: exactly(open),
        }
    }

    /// What a complete trace would have, by start.
    fn open(&self) -> Vec<Open> {
        let mut open = Vec::new();
        for entry in &self.entries {
            let (id, segment) = (entry.entity.id, entry.place.is_segment());
            if entry.entity.is_open() {
                open.push(Open::InProgress {
                    id,
                    name: entry.entity.name.clone(),
                    segment,
                });
            }
            if let Some(parent_id) = entry.place.parent_id()
                && self.parent(entry).is_none()
            {
                open.push(Open::MissingParent {
                    id,
                    name: entry.entity.name.clone(),
                    segment,
                    parent_id,
                });
            }
        }
        open.sort_by_key(Open::id);
        open
    }
}

/// A projection in the making.
struct Builder<'t> {
    trace: &'t Trace<'t>,
    nodes: Vec<Node>,
    node_of: HashMap<Identity<'t>, NodeIndex>,
    observations: Vec<Observation>,
    /// The observation of a segment, by its entry.
    observation_of: HashMap<usize, ObservationIndex>,
    /// The node of a segment or of a silent call, by its entry.
    node_of_entry: Nodes,
    calls: Vec<Call>,
    superseded: Vec<Superseded>,
    links: Vec<TraceLink>,
    /// The annotations to index; `None` when there are no more than may be.
    indexed: Option<HashSet<(&'t str, Comparable<'t>)>>,
}

/// What makes two services one node: name, type and account.
type Identity<'t> = (Cow<'t, str>, Option<Cow<'t, str>>, Option<Cow<'t, str>>);

// === impl Builder ===

impl<'t> Builder<'t> {
    fn new(trace: &'t Trace<'t>, limits: ProjectionLimits) -> Self {
        Self {
            indexed: indexed(trace, limits.annotations),
            trace,
            nodes: Vec::new(),
            node_of: HashMap::new(),
            observations: Vec::with_capacity(trace.segments.len()),
            observation_of: HashMap::with_capacity(trace.segments.len()),
            node_of_entry: Nodes::new(),
            calls: Vec::new(),
            superseded: Vec::new(),
            links: Vec::new(),
        }
    }

    fn observe_segment(&mut self, index: usize) {
        let trace = self.trace;
        let entry = &trace.entries[index];
        let Some(fields) = entry.place.fields() else {
            return;
        };
        let identity = (
            Cow::Borrowed(&*entry.entity.name),
            fields.origin.as_deref().map(Cow::Borrowed),
            account(entry.entity),
        );
        let observation = position(self.observations.len());
        self.observation_of.insert(index, observation);
        let node = self.node(identity, NodeSource::Reported);
        self.node_of_entry.insert(index, node);
        let mut annotations = Annotations::default();
        let mut room_for_links = SEGMENT_LINKS.min(TRACE_LINKS - self.links.len());
        for member in trace.family(index) {
            let entity = trace.entries[member].entity;
            annotations.add(entity, self.indexed.as_ref());
            let kept = links(observation, entity).take(room_for_links);
            let before = self.links.len();
            self.links.extend(kept);
            room_for_links -= self.links.len() - before;
        }
        let aws = entry.entity.aws.as_ref();
        let zone = aws.and_then(|aws| {
            let of = |host| aws.text_in(host, "availability_zone");
            of("ec2").or_else(|| of("ecs"))
        });
        self.observations.push(Observation {
            root: fields.parent_id.is_none(),
            orphan: fields.parent_id.is_some() && trace.parent(entry).is_none(),
            annotations: annotations.kept,
            user: fields.user.clone(),
            resource_arn: fields.resource_arn.clone(),
            instance_id: aws
                .and_then(|aws| aws.text_in("ec2", "instance_id"))
                .map(Into::into),
            availability_zone: zone.map(Into::into),
            ..observation_of(node, entry)
        });
    }

    /// A silent callee, and the call to it.
    fn observe_silent_callee(&mut self, index: usize, callee: &Callee<'t>) {
        let entry = &self.trace.entries[index];
        let identity = (
            Cow::Borrowed(callee.name),
            Some(callee.kind.clone()),
            account(entry.entity),
        );
        let to = self.node(identity, callee.source);
        self.node_of_entry.insert(index, to);
        let observation = position(self.observations.len());
        self.observations.push(Observation {
            inferred: true,
            ..observation_of(to, entry)
        });
        let Some(caller) = entry.segment.and_then(|it| self.observation_of.get(&it)) else {
            return;
        };
        self.calls.push(Call {
            from: self.observations[*caller as usize].node,
            to,
            caller: Some(*caller),
            callee: observation,
            alias: None,
            start: entry.entity.start,
            end: entry.entity.end,
            response_time: entry.entity.duration(),
            outcome: outcome(entry.entity),
            http: http(entry.entity),
            received: entry.received,
        });
    }

    /// The call that came from outside, if the segment is a root.
    fn call_from_client(&mut self, index: usize) {
        let trace = self.trace;
        let callee = self.observation_of[&index];
        let seen = &self.observations[callee as usize];
        if !seen.root {
            return;
        }
        let entity = trace.entries[index].entity;
        let mut call = Call {
            from: seen.node,
            to: seen.node,
            caller: None,
            callee,
            alias: None,
            start: seen.start,
            end: seen.end,
            response_time: seen.duration(),
            outcome: seen.outcome,
            http: seen.http.clone(),
            received: seen.received,
        };
        let client = (
            Cow::Borrowed(&*entity.name),
            Some(Cow::Borrowed("client")),
            None,
        );
        call.from = self.node(client, NodeSource::Client);
        self.calls.push(call);
    }

    /// What a callee that has reported itself was taken for before.
    fn note_superseded(&mut self, caller: ObservationIndex, entry: &Entry<'t>) {
        let trace = self.trace;
        let reported = entry.callees.iter();
        let reported = reported.map(|callee| trace.entries[*callee].first_received);
        let (Some(until), Some(response_time)) = (reported.min(), entry.entity.duration()) else {
            return;
        };
        let silent = !entry.place.is_segment() && entry.received < until;
        let Some(callee) = silent.then(|| Callee::of(entry.entity)).flatten() else {
            return;
        };
        self.superseded.push(Superseded {
            from: self.observations[caller as usize].node,
            taken_for: Node {
                name: callee.name.into(),
                kind: Some((*callee.kind).into()),
                account_id: account(entry.entity).as_deref().map(Into::into),
                source: callee.source,
            },
            response_time,
            outcome: outcome(entry.entity),
            received: entry.received,
            until,
        });
    }

    /// The calls from one entity to segments that name it as their parent: one a called node, however often it
    /// reported itself.
    fn call_reported_callees(&mut self, segment: usize, index: usize) {
        let trace = self.trace;
        let entry = &trace.entries[index];
        let caller = self.observation_of[&segment];
        self.note_superseded(caller, entry);
        let mut called = HashSet::new();
        for callee_index in &entry.callees {
            let callee = self.observation_of[callee_index];
            let seen = &self.observations[callee as usize];
            if !called.insert(seen.node) {
                continue;
            }
            let first_seen = trace.entries[*callee_index].first_received;
            let by_subsegment = !entry.place.is_segment();
            let call = Call {
                from: self.observations[caller as usize].node,
                to: seen.node,
                caller: Some(caller),
                callee,
                alias: by_subsegment.then(|| entry.entity.name.clone()),
                start: entry.entity.start,
                end: entry.entity.end,
                response_time: entry.entity.duration(),
                outcome: outcome(entry.entity),
                http: http(entry.entity),
                received: entry.received.max(first_seen),
            };
            // A segment that names another segment as its parent was called without a timed call.
            let untimed = |call| Call {
                start: seen.start,
                end: seen.end,
                response_time: seen.end.map(|_| 0.0),
                outcome: seen.outcome,
                http: None,
                received: entry.first_received.max(seen.received),
                ..call
            };
            let call = if by_subsegment { call } else { untimed(call) };
            self.calls.push(call);
        }
    }

    fn node(&mut self, identity: Identity<'t>, source: NodeSource) -> NodeIndex {
        if let Some(&known) = self.node_of.get(&identity) {
            return known;
        }
        let index = position(self.nodes.len());
        self.nodes.push(Node {
            name: (*identity.0).into(),
            kind: identity.1.as_deref().map(Into::into),
            account_id: identity.2.as_deref().map(Into::into),
            source,
        });
        self.node_of.insert(identity, index);
        index
    }
}

// === annotations ===

/// The distinct annotations of a segment.
#[derive(Default)]
struct Annotations<'a> {
    kept: Vec<(Box<str>, AnnotationValue)>,
    seen: HashSet<(&'a str, Comparable<'a>)>,
}

/// An annotation's value with an equality that is one.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Comparable<'a> {
    Text(&'a str),
    Number(u64),
    Boolean(bool),
}

impl<'a> Annotations<'a> {
    fn add(&mut self, entity: &'a Entity, indexed: Option<&HashSet<(&str, Comparable<'_>)>>) {
        for (key, value) in &entity.annotations {
            let pair = (&**key, Comparable::of(value));
            let is_indexed = indexed.is_none_or(|indexed| indexed.contains(&pair));
            if is_indexed && self.seen.insert(pair) {
                self.kept.push((key.clone(), value.clone()));
            }
        }
    }
}

impl<'a> Comparable<'a> {
    fn of(value: &'a AnnotationValue) -> Self {
        match value {
            AnnotationValue::Text(text) => Self::Text(text),
            AnnotationValue::Number(number) => Self::Number(number.to_bits()),
            AnnotationValue::Boolean(boolean) => Self::Boolean(*boolean),
        }
    }
}

/// The first distinct annotations of a trace, in the order in which their entities became known; `None` when there
/// are no more than `limit`. Which ones AWS indexes is not documented.
fn indexed<'t>(trace: &'t Trace<'_>, limit: usize) -> Option<HashSet<(&'t str, Comparable<'t>)>> {
    let annotations = || {
        trace
            .entries
            .iter()
            .flat_map(|entry| &entry.entity.annotations)
    };
    if annotations().count() <= limit {
        return None;
    }
    let mut first = HashSet::with_capacity(limit);
    for (key, value) in annotations() {
        if first.len() == limit {
            break;
        }
        first.insert((&**key, Comparable::of(value)));
    }
    Some(first)
}

// === facts of one entity ===

/// What every observation has.
fn observation_of(node: NodeIndex, entry: &Entry<'_>) -> Observation {
    let aws = entry.entity.aws.as_ref();
    Observation {
        node,
        id: entry.entity.id,
        start: entry.entity.start,
        end: entry.entity.end,
        outcome: outcome(entry.entity),
        root: false,
        orphan: false,
        inferred: false,
        received: entry.received,
        http: http(entry.entity),
        annotations: Vec::new(),
        user: None,
        resource_arn: None,
        instance_id: None,
        availability_zone: None,
        region: aws.and_then(|aws| aws.text("region")).map(Into::into),
    }
}

/// Flags and status are alternatives: either alone makes the outcome (recorded).
pub(crate) fn outcome(entity: &Entity) -> Outcome {
    let status = entity.status();
    let within = |from, to| status.is_some_and(|status| (from..=to).contains(&status));
    let throttle = entity.flags.throttle == Some(true) || within(429, 429);
    Outcome {
        fault: entity.flags.fault == Some(true) || within(500, 599),
        error: !throttle && (entity.flags.error == Some(true) || within(400, 499)),
        throttle,
    }
}

fn http(entity: &Entity) -> Option<HttpFacts> {
    let http = entity.http.as_ref()?;
    let request = http.request.as_ref();
    Some(HttpFacts {
        url: request.and_then(|request| request.url.clone()),
        method: request.and_then(|request| request.method.clone()),
        user_agent: request.and_then(|request| request.user_agent.clone()),
        client_ip: request.and_then(|request| request.client_ip.clone()),
        status: entity.status(),
    })
}

fn account(entity: &Entity) -> Option<Cow<'_, str>> {
    let account = entity.aws.as_ref()?.text("account_id")?;
    Some(Cow::Borrowed(account))
}

fn links(from: ObservationIndex, entity: &Entity) -> impl Iterator<Item = TraceLink> {
    entity.links.iter().map(move |link| TraceLink {
        from,
        trace_id: link.trace_id,
        id: link.id,
        reference_type: link
            .attributes
            .get(REFERENCE_TYPE)
            .and_then(serde_json::Value::as_str)
            .map(Into::into),
    })
}

/// Without room to grow: projections are kept by the hundred thousand, and their parts are large.
fn exactly<T>(mut parts: Vec<T>) -> Vec<T> {
    parts.shrink_to_fit();
    parts
}

fn position(index: usize) -> u32 {
    u32::try_from(index).expect("a trace has fewer than 2^32 entities")
}

#[cfg(test)]
mod tests;
