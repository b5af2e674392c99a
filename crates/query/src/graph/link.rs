//! Links: what one trace sent and another received.
//!
//! A link is drawn from who sent to who received. Where both traces tell of it, the receiver's word counts. It counts
//! when the segment that holds it was completed, in the second in which that segment's trace began; it has the receiver's
//! outcome and no time, since nobody waited. Source: X-Ray developer guide, tracing event-driven applications.

use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::{Observation, TraceLink};

use super::EdgeKind;
use super::contribute::{Builder, began};
use crate::groups::Joined;

/// The reference type of a link to what received from the trace that holds it.
const CHILD: &str = "child";

impl Builder {
    /// Adds what of the trace's links arrived when `is_meant` says. `other` finds the traces at the other end.
    pub fn add_links(
        &mut self,
        projection: &Projection,
        joined: Joined,
        other: impl Fn(TraceId) -> Option<Arc<Projection>>,
        is_meant: impl Fn(TimestampMicros) -> bool,
    ) {
        let Some(second) = began(projection) else {
            return;
        };
        for link in &projection.links {
            let holder = &projection.observations[link.from as usize];
            let at = holder.received.max(joined.at);
            if holder.end.is_none() || !is_meant(at) {
                continue;
            }
            let Some(other) = other(link.trace_id) else {
                continue;
            };
            let Some(linked) = linked(&other, link) else {
                continue;
            };
            let ends = [(projection, holder), (&*other, linked)];
            if !is_child(link) {
                let [received, sent] = ends;
                self.link(sent, received, second);
            } else if !other
                .links
                .iter()
                .any(|back| back.trace_id == projection.id && !is_child(back))
            {
                let [sent, received] = ends;
                self.link(sent, received, second);
            }
            self.graph.note(at, joined.version);
        }
    }

    fn link(
        &mut self,
        (sender, sent): (&Projection, &Observation),
        (receiver, received): (&Projection, &Observation),
        second: i64,
    ) {
        let from = self.graph.seen(sender.node(sent.node), second);
        let to = self.graph.seen(receiver.node(received.node), second);
        let edge = self.graph.edge(from, to, EdgeKind::Link);
        edge.calls.add(received.outcome, 0.0);
        edge.ages.add(received.start.since(sent.start));
    }
}

fn is_child(link: &TraceLink) -> bool {
    link.reference_type.as_deref() == Some(CHILD)
}

/// The segment, or the call to a silent service, that the link names; where it names none that we know, the trace's root.
fn linked<'a>(other: &'a Projection, link: &TraceLink) -> Option<&'a Observation> {
    let mut observations = other.observations.iter();
    let named = link
        .id
        .and_then(|id| observations.find(|seen| seen.id == id));
    named.or_else(|| other.root())
}
