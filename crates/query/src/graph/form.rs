//! Graphs as bytes: how they lie at rest.
//!
//! What is read was written by this module: whoever keeps it sees to it that it is not damaged. [`FORM`] changes with what a
//! graph says, also when it says it in the same form: parts of another are made again.

use std::borrow::Cow;
use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_trace::projection::Outcome;
use serde::{Deserialize, Serialize};

use super::key::NodeKey;
use super::{EdgeKind, Graph, NodeState, Passing, Served};
use crate::histogram::Histogram;
use crate::statistics::Statistics;

/// The form of parts at rest, by number.
pub(crate) const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
struct GraphForm<'g> {
    #[serde(borrow)]
    nodes: Vec<NodeForm<'g>>,
    arrivals: Option<(i64, i64)>,
    oldest_version: Option<u32>,
    #[serde(borrow)]
    passing: Vec<PassingForm<'g>>,
}

#[derive(Serialize, Deserialize)]
struct NodeForm<'g> {
    #[serde(borrow)]
    key: KeyForm<'g>,
    state: StateForm,
    root: bool,
    start: i64,
    /// From its start to its end.
    length: i64,
    #[serde(borrow)]
    region: Option<Cow<'g, str>>,
    served: Option<ServedForm>,
    #[serde(borrow)]
    edges: Vec<EdgeForm<'g>>,
}

#[derive(Serialize, Deserialize)]
struct KeyForm<'g> {
    #[serde(borrow)]
    name: Cow<'g, str>,
    #[serde(borrow)]
    kind: Option<Cow<'g, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'g, str>>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum StateForm {
    Active,
    Passive,
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct EdgeForm<'g> {
    to: usize,
    is_link: bool,
    #[serde(borrow)]
    aliases: Vec<Cow<'g, str>>,
    calls: ServedForm,
    ages: Vec<(u64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct ServedForm {
    /// As they are, errors, throttles, faults.
    counts: [u64; 4],
    nanos: u128,
    histogram: Vec<(u64, u64)>,
}

#[derive(Serialize, Deserialize)]
struct PassingForm<'g> {
    until: i64,
    second: i64,
    #[serde(borrow)]
    from: (KeyForm<'g>, StateForm),
    #[serde(borrow)]
    to: (KeyForm<'g>, StateForm),
    outcome: Outcome,
    seconds: f64,
}

// === impl Graph ===

impl Graph {
    /// The graph as bytes. It has no durations of its own, as none has that is not of one trace.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let nodes = self.nodes.iter().map(|node| NodeForm {
            key: KeyForm::of(&node.key),
            state: node.state.into(),
            root: node.root,
            start: node.start,
            length: node.end.wrapping_sub(node.start),
            region: node.region.as_deref().map(Cow::Borrowed),
            served: node.served.as_ref().map(ServedForm::of),
            edges: {
                let edges = node.edges.iter().map(|edge| EdgeForm {
                    to: edge.to,
                    is_link: edge.kind == EdgeKind::Link,
                    aliases: edge
                        .aliases
                        .iter()
                        .map(|alias| Cow::Borrowed(&**alias))
                        .collect(),
                    calls: ServedForm::of(&edge.calls),
                    ages: edge.ages.steps(),
                });
                edges.collect()
            },
        });
        let passing = self.passing.iter().map(|passing| PassingForm {
            until: passing.until.0,
            second: passing.second,
            from: (KeyForm::of(&passing.from.0), passing.from.1.into()),
            to: (KeyForm::of(&passing.to.0), passing.to.1.into()),
            outcome: passing.outcome,
            seconds: passing.seconds,
        });
        let form = GraphForm {
            nodes: nodes.collect(),
            arrivals: self.arrivals.map(|(first, last)| (first.0, last.0)),
            oldest_version: self.oldest_version,
            passing: passing.collect(),
        };
        postcard::to_allocvec(&form).expect("memory is all that it takes")
    }

    /// Adds a graph that was made bytes; `None` when these are none, and then nothing is known of what was added.
    pub(crate) fn merge_bytes(&mut self, bytes: &[u8]) -> Option<()> {
        let form: GraphForm<'_> = postcard::from_bytes(bytes).ok()?;
        let mut places = Vec::with_capacity(form.nodes.len());
        for node in &form.nodes {
            let key = node.key.key();
            let place = self.node(&key, node.state.into(), node.start);
            let known = &mut self.nodes[place];
            known.end = known.end.max(node.start.wrapping_add(node.length));
            known.root |= node.root;
            if known.region.is_none() {
                known.region = node.region.as_deref().map(Into::into);
            }
            if let Some(served) = &node.served {
                served.add_to(known.served.get_or_insert_default());
            }
            places.push(place);
        }
        for (node, from) in form.nodes.iter().zip(&places) {
            for edge in &node.edges {
                let kind = match edge.is_link {
                    true => EdgeKind::Link,
                    false => EdgeKind::Call,
                };
                let into = self.edge(*from, *places.get(edge.to)?, kind);
                for alias in &edge.aliases {
                    if !into.aliases.contains(&**alias) {
                        into.aliases.insert((&**alias).into());
                    }
                }
                edge.calls.add_to(&mut into.calls);
                into.ages.merge(&Histogram::from_steps(&edge.ages));
            }
        }
        let passing = form.passing.iter().map(|passing| Passing {
            until: TimestampMicros(passing.until),
            second: passing.second,
            from: (passing.from.0.key(), passing.from.1.into()),
            to: (passing.to.0.key(), passing.to.1.into()),
            outcome: passing.outcome,
            seconds: passing.seconds,
        });
        self.passing.extend(passing);
        if let (Some((first, last)), Some(version)) = (form.arrivals, form.oldest_version) {
            self.note(TimestampMicros(first), version);
            self.note(TimestampMicros(last), version);
        }
        Some(())
    }
}

// === impl KeyForm ===

impl<'g> KeyForm<'g> {
    fn of(key: &'g NodeKey) -> Self {
        Self {
            name: Cow::Borrowed(&key.name),
            kind: key.kind.as_deref().map(Cow::Borrowed),
            account_id: key.account_id.as_deref().map(Cow::Borrowed),
        }
    }

    fn key(&self) -> NodeKey {
        let text = |text: &Option<Cow<'g, str>>| text.as_deref().map(Arc::from);
        NodeKey {
            name: (&*self.name).into(),
            kind: text(&self.kind),
            account_id: text(&self.account_id),
        }
    }
}

// === impl ServedForm ===

impl ServedForm {
    fn of(served: &Served) -> Self {
        let statistics = &served.statistics;
        Self {
            counts: [
                statistics.ok,
                statistics.error,
                statistics.throttle,
                statistics.fault,
            ],
            nanos: statistics.total_nanos(),
            histogram: served.histogram.steps(),
        }
    }

    fn add_to(&self, served: &mut Served) {
        let statistics = Statistics::of(self.counts, self.nanos);
        served.statistics.merge(&statistics);
        let times = Histogram::from_steps(&self.histogram);
        served.histogram.merge(&times);
    }
}

impl From<NodeState> for StateForm {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Active => Self::Active,
            NodeState::Passive => Self::Passive,
            NodeState::Unknown => Self::Unknown,
        }
    }
}

impl From<StateForm> for NodeState {
    fn from(state: StateForm) -> Self {
        match state {
            StateForm::Active => Self::Active,
            StateForm::Passive => Self::Passive,
            StateForm::Unknown => Self::Unknown,
        }
    }
}
