//! What a trace contributes to a graph, and when.
//!
//! A request that a node served counts when its completion came in; a call when both its sides were known, and then it
//! brings both nodes along, the caller perhaps with zero counts (recorded). What is in progress does not count.

use std::collections::HashSet;

use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Call, Node, NodeIndex, Observation, Superseded};

use crate::groups::Joined;

use super::{AsNodeKey, EdgeKind, Graph, NodeState, Passing};

/// A graph in the making.
#[derive(Debug, Default)]
pub struct Builder {
    pub(super) graph: Graph,
    /// The places of the projection's nodes, as far as they are known.
    places: Vec<Option<usize>>,
}

/// Who takes what a trace contributes.
pub(super) trait Sink {
    /// The place of a node of the trace, which began in that second. Asked once for each.
    fn seen(&mut self, node: &Node, second: i64) -> usize;

    /// A request that the node there served.
    fn observe(&mut self, place: usize, observation: &Observation);

    /// A call from one place to another.
    fn connect(&mut self, from: usize, to: usize, call: &Call);

    /// A call to a callee that was taken for a silent one for a while.
    fn pass(&mut self, passing: Passing);

    /// When something came in, of a trace that is a member by this version of the group.
    fn note(&mut self, at: TimestampMicros, version: u32);
}

/// Hands out what of the trace arrived when `is_meant` says; nothing did before it joined. `places` is room for the work.
pub(super) fn contribute(
    sink: &mut impl Sink,
    places: &mut Vec<Option<usize>>,
    projection: &Projection,
    joined: Joined,
    is_meant: impl Fn(TimestampMicros) -> bool,
) {
    let Some(second) = began(projection) else {
        return;
    };
    places.clear();
    places.resize(projection.nodes.len(), None);
    for observation in &projection.observations {
        let at = observation.received.max(joined.at);
        if observation.end.is_some() && is_meant(at) {
            let place = place(sink, places, projection, observation.node, second);
            sink.observe(place, observation);
            sink.note(at, joined.version);
        }
    }
    for call in &projection.calls {
        let at = call.received.max(joined.at);
        if call.end.is_some() && is_meant(at) {
            let from = place(sink, places, projection, call.from, second);
            let to = place(sink, places, projection, call.to, second);
            sink.connect(from, to, call);
            sink.note(at, joined.version);
        }
    }
    for superseded in &projection.superseded {
        let at = superseded.received.max(joined.at);
        let until = superseded.until.max(joined.at);
        if at < until && is_meant(at) {
            sink.pass(passing(projection, second, superseded, until));
            sink.note(at, joined.version);
            if is_meant(until) {
                sink.note(until, joined.version);
            }
        }
    }
}

fn place(
    sink: &mut impl Sink,
    places: &mut [Option<usize>],
    projection: &Projection,
    index: NodeIndex,
    second: i64,
) -> usize {
    let known = &mut places[index as usize];
    *known.get_or_insert_with(|| sink.seen(projection.node(index), second))
}

fn passing(
    projection: &Projection,
    second: i64,
    superseded: &Superseded,
    until: TimestampMicros,
) -> Passing {
    let of = |node: &Node| (node.to_key(), NodeState::of(node.source));
    Passing {
        until,
        second,
        from: of(projection.node(superseded.from)),
        to: of(&superseded.taken_for),
        outcome: superseded.outcome,
        seconds: superseded.response_time,
    }
}

// === impl Builder ===

impl Builder {
    /// Adds what of the trace arrived when `is_meant` says; nothing did before it joined.
    pub fn add(
        &mut self,
        projection: &Projection,
        joined: Joined,
        is_meant: impl Fn(TimestampMicros) -> bool,
    ) {
        let Self { graph, places } = self;
        contribute(graph, places, projection, joined, is_meant);
    }

    /// The memory that it takes, in bytes, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.graph.weight()
    }

    /// The graph of what arrived before `end`.
    #[must_use]
    pub fn finish(mut self, end: TimestampMicros) -> Graph {
        self.graph.passing.retain(|passing| passing.until >= end);
        self.graph.settle();
        self.graph
    }
}

// === impl Graph ===

impl Sink for Graph {
    fn seen(&mut self, node: &Node, second: i64) -> usize {
        Self::seen(self, node, second)
    }

    fn observe(&mut self, place: usize, observation: &Observation) {
        let node = &mut self.nodes[place];
        node.root |= observation.root;
        if node.region.is_none() {
            node.region = observation.region.as_deref().map(Into::into);
        }
        let seconds = observation.duration().unwrap_or_default();
        let served = node.served.get_or_insert_default();
        served.add(observation.outcome, seconds);
    }

    fn connect(&mut self, from: usize, to: usize, call: &Call) {
        let edge = self.edge(from, to, EdgeKind::Call);
        if let Some(alias) = call.alias.as_deref()
            && !edge.aliases.contains(alias)
        {
            edge.aliases.insert(alias.into());
        }
        edge.calls
            .add(call.outcome, call.response_time.unwrap_or_default());
    }

    fn pass(&mut self, passing: Passing) {
        self.passing.push(passing);
    }

    fn note(&mut self, at: TimestampMicros, version: u32) {
        Self::note(self, at, version);
    }
}

/// When the trace contributes; some of the times may be those of what is in progress, which does not.
pub(crate) fn times(projection: &Projection) -> HashSet<TimestampMicros> {
    let observed = projection.observations.iter().map(|seen| seen.received);
    let called = projection.calls.iter().map(|call| call.received);
    let passed = projection.superseded.iter().map(|was| was.received);
    observed.chain(called).chain(passed).collect()
}

/// The second in which the trace's root began, or without one its earliest segment.
pub(super) fn began(projection: &Projection) -> Option<i64> {
    let start = projection.root().map(|root| root.start);
    Some(start.or(projection.start)?.micros().floor_second())
}
