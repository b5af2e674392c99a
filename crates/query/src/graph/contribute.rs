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

impl Builder {
    /// Adds what of the trace arrived when `is_meant` says; nothing did before it joined.
    pub fn add(
        &mut self,
        projection: &Projection,
        joined: Joined,
        is_meant: impl Fn(TimestampMicros) -> bool,
    ) {
        let Some(second) = began(projection) else {
            return;
        };
        self.places.clear();
        self.places.resize(projection.nodes.len(), None);
        for observation in &projection.observations {
            let at = observation.received.max(joined.at);
            if observation.end.is_some() && is_meant(at) {
                self.observe(projection, second, observation);
                self.graph.note(at, joined.version);
            }
        }
        for call in &projection.calls {
            let at = call.received.max(joined.at);
            if call.end.is_some() && is_meant(at) {
                self.connect(projection, second, call);
                self.graph.note(at, joined.version);
            }
        }
        for superseded in &projection.superseded {
            let at = superseded.received.max(joined.at);
            let until = superseded.until.max(joined.at);
            if at < until && is_meant(at) {
                self.pass(projection, second, superseded, until);
                self.graph.note(at, joined.version);
                if is_meant(until) {
                    self.graph.note(until, joined.version);
                }
            }
        }
    }

    /// The graph of what arrived before `end`.
    #[must_use]
    pub fn finish(mut self, end: TimestampMicros) -> Graph {
        self.graph.passing.retain(|passing| passing.until >= end);
        self.graph.settle();
        self.graph
    }

    fn observe(&mut self, projection: &Projection, second: i64, observation: &Observation) {
        let place = self.node(projection, observation.node, second);
        let node = &mut self.graph.nodes[place];
        node.root |= observation.root;
        if node.region.is_none() {
            node.region = observation.region.as_deref().map(Into::into);
        }
        let seconds = observation.duration().unwrap_or_default();
        let served = node.served.get_or_insert_default();
        served.add(observation.outcome, seconds);
    }

    fn connect(&mut self, projection: &Projection, second: i64, call: &Call) {
        let from = self.node(projection, call.from, second);
        let to = self.node(projection, call.to, second);
        let edge = self.graph.edge(from, to, EdgeKind::Call);
        if let Some(alias) = call.alias.as_deref()
            && !edge.aliases.contains(alias)
        {
            edge.aliases.insert(alias.into());
        }
        edge.calls
            .add(call.outcome, call.response_time.unwrap_or_default());
    }

    fn pass(
        &mut self,
        projection: &Projection,
        second: i64,
        superseded: &Superseded,
        until: TimestampMicros,
    ) {
        let of = |node: &Node| (node.to_key(), NodeState::of(node.source));
        self.graph.passing.push(Passing {
            until,
            second,
            from: of(projection.node(superseded.from)),
            to: of(&superseded.taken_for),
            outcome: superseded.outcome,
            seconds: superseded.response_time,
        });
    }

    fn node(&mut self, projection: &Projection, index: NodeIndex, second: i64) -> usize {
        let known = &mut self.places[index as usize];
        if let Some(place) = *known {
            return place;
        }
        let place = self.graph.seen(projection.node(index), second);
        *known = Some(place);
        place
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
