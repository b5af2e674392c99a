//! Graphs: who called whom, how often, with what outcome and how slowly.
//!
//! A graph is made of [contributions](contribute): what a trace adds when one of its requests is completed, at the time
//! at which that came in. [`service_graph`] takes those of a window, [`trace_graph`] those of one trace. Graphs of
//! adjoining windows [merge](Graph::merge) to the graph of both, which is what rollups rest on. Nodes are one when name,
//! type and account are.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Node, NodeSource, Outcome};

use crate::groups::Joined;
use crate::histogram::Histogram;
use crate::statistics::Statistics;

mod contribute;
mod key;
mod link;
mod tally;
#[cfg(test)]
mod tests;

pub use contribute::Builder;
pub(crate) use contribute::times;
use key::AsNodeKey;
pub use key::NodeKey;
pub(crate) use tally::{FORM, Tally};

/// A graph.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// In the order of first mention; edges refer to places here.
    pub nodes: Vec<GraphNode>,
    places: HashMap<NodeKey, usize>,
    edges: HashMap<(usize, usize, EdgeKind), usize>,
    /// When the first and the last of its contributions came in.
    arrivals: Option<(TimestampMicros, TimestampMicros)>,
    /// The oldest expression of its group by which a trace in it became a member.
    oldest_version: Option<u32>,
    passing: Vec<Passing>,
}

/// A call to a callee that was taken for a silent one until it reported itself: a part of graphs that end before that.
#[derive(Debug, Clone)]
struct Passing {
    until: TimestampMicros,
    second: i64,
    from: (NodeKey, NodeState),
    to: (NodeKey, NodeState),
    outcome: Outcome,
    seconds: f64,
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode {
    /// Name, type and account.
    pub key: NodeKey,
    /// How much is known of it.
    pub state: NodeState,
    /// Whether a trace began here.
    pub root: bool,
    /// The second in which the first of its traces began.
    pub start: i64,
    /// The end of the second in which the last of its traces began.
    pub end: i64,
    /// The `aws.region` that its segment, or the call to it, tells.
    pub region: Option<Arc<str>>,
    /// Its own view of the requests it served; `None` for a client, which serves none.
    pub served: Option<Served>,
    /// How long its traces took, where that is told otherwise than how long it took: in the graph of one trace.
    pub durations: Option<Histogram>,
    /// Whom it called.
    pub edges: Vec<GraphEdge>,
}

/// Requests and how long they took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Served {
    /// Counts and total time.
    pub statistics: Statistics,
    /// The times.
    pub histogram: Histogram,
}

/// What the service calls a node's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// It reports itself.
    Active,
    /// A silent remote service.
    Passive,
    /// A silent AWS service, or a client.
    Unknown,
}

/// How one node comes to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EdgeKind {
    /// It called it, within one trace.
    Call,
    /// It sent it something that began, or went on in, another trace.
    Link,
}

/// Calls from one node to another, in the caller's view.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphEdge {
    /// The callee's place in [`Graph::nodes`].
    pub to: usize,
    /// How it comes there.
    pub kind: EdgeKind,
    /// The names by which callers called a callee that reported itself.
    pub aliases: BTreeSet<Arc<str>>,
    /// The calls.
    pub calls: Served,
    /// How old what was sent was when it was received; empty for calls.
    pub ages: Histogram,
}

/// The graph of what arrived within the window.
#[must_use]
pub fn service_graph<'a>(
    window: &Range<TimestampMicros>,
    projections: impl IntoIterator<Item = &'a Projection>,
) -> Graph {
    arrived(window, projections).as_of(window.end)
}

/// What arrived within the window, to be [merged](Graph::merge) with what arrived before and after.
#[must_use]
pub fn arrived<'a>(
    window: &Range<TimestampMicros>,
    projections: impl IntoIterator<Item = &'a Projection>,
) -> Graph {
    let mut builder = Builder::default();
    for projection in projections {
        builder.add(projection, Joined::ALWAYS, |received| {
            window.contains(&received)
        });
    }
    builder.finish(window.end)
}

/// The graph of one trace; empty while its root is in progress.
///
/// `extent_before` is for a trace of several deliveries: its duration as it was before the last that changed something.
/// Then the root is told to have lasted as long as the whole trace, plus what the last delivery added to that; unless it
/// added nothing (recorded; a quirk).
#[must_use]
pub fn trace_graph(projection: &Projection, extent_before: Option<Option<f64>>) -> Graph {
    let mut builder = Builder::default();
    let root = projection.root();
    if root.is_some_and(|root| root.end.is_none()) {
        return Graph::default();
    }
    builder.add(projection, Joined::ALWAYS, |_| true);
    let mut graph = builder.finish(TimestampMicros(i64::MAX));
    let (Some(root), Some(before), Some(extent)) = (root, extent_before, projection.duration)
    else {
        return graph;
    };
    let added = extent - before.unwrap_or_default();
    let place = graph
        .places
        .get(projection.node(root.node) as &dyn AsNodeKey);
    if let (Some(&place), true) = (place, added > 0.0) {
        let mut durations = Histogram::default();
        for seen in &projection.observations {
            let own = seen.duration().filter(|_| seen.node == root.node);
            let duration = if seen.id == root.id {
                Some(extent + added)
            } else {
                own
            };
            duration
                .into_iter()
                .for_each(|duration| durations.add(duration));
        }
        graph.nodes[place].durations = Some(durations);
    }
    graph
}

// === impl Graph ===

impl Graph {
    /// The earliest second of a node; `None` when empty.
    #[must_use]
    pub fn start(&self) -> Option<i64> {
        self.nodes.iter().map(|node| node.start).min()
    }

    /// The second in which the latest trace began: one less than the end of its nodes (recorded).
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.nodes.iter().map(|node| node.end - 1).max()
    }

    /// Whether nothing contributed to it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether all that contributed came in within the window.
    #[must_use]
    pub fn lies_in(&self, window: &Range<TimestampMicros>) -> bool {
        self.arrivals
            .is_none_or(|(first, last)| window.contains(&first) && window.contains(&last))
    }

    /// Whether a trace in it became a member of its group by an expression older than this one.
    #[must_use]
    pub fn is_of_older_than(&self, version: u32) -> bool {
        self.oldest_version.is_some_and(|oldest| oldest < version)
    }

    /// Adds what another graph has.
    pub fn merge(&mut self, other: &Self) {
        let account = |node: &GraphNode| node.key.account_id.clone();
        self.merge_as(other, account);
    }

    /// The graph as it was known at the end of its window: with what was taken for silent until then.
    #[must_use]
    pub fn as_of(mut self, end: TimestampMicros) -> Self {
        for passing in std::mem::take(&mut self.passing) {
            if passing.until < end {
                continue;
            }
            let (from, to) = (&passing.from, &passing.to);
            let from = self.node(&from.0, from.1, passing.second);
            let to = self.node(&to.0, to.1, passing.second);
            let (outcome, seconds) = (passing.outcome, passing.seconds);
            self.nodes[from].served.get_or_insert_default();
            let served = self.nodes[to].served.get_or_insert_default();
            served.add(outcome, seconds);
            let edge = self.edge(from, to, EdgeKind::Call);
            edge.calls.add(outcome, seconds);
        }
        self
    }

    /// The graph with one's own account left out of nodes, as the service does even where a document names it
    /// (recorded).
    #[must_use]
    pub fn without_account(&self, own_account: &str) -> Self {
        let mut graph = Self::default();
        graph.merge_as(self, |node| {
            let account = node.key.account_id.clone();
            account.filter(|account| **account != *own_account)
        });
        graph
    }

    /// Takes no more memory than it must; for one that is kept as it is.
    pub(crate) fn settle(&mut self) {
        for node in &mut self.nodes {
            if let Some(served) = &mut node.served {
                served.histogram.settle();
            }
            for edge in &mut node.edges {
                edge.calls.histogram.settle();
                edge.ages.settle();
            }
        }
    }

    /// The memory that it takes, in bytes, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        let served = |served: &Served| served.histogram.weight();
        let edge = |edge: &GraphEdge| {
            let aliases: usize = edge.aliases.iter().map(|alias| 64 + alias.len()).sum();
            EDGE_WEIGHT + served(&edge.calls) + edge.ages.weight() + aliases
        };
        let node = |node: &GraphNode| {
            let edges: usize = node.edges.iter().map(edge).sum();
            let region = node.region.as_ref().map_or(0, |region| region.len());
            NODE_WEIGHT
                + node.key.weight()
                + region
                + node.served.as_ref().map_or(0, served)
                + edges
        };
        let keys = self.passing.iter();
        let keys = keys.map(|passing| passing.from.0.weight() + passing.to.0.weight());
        let passing = self.passing.capacity() * size_of::<Passing>() + keys.sum::<usize>();
        size_of::<Self>() + passing + self.nodes.iter().map(node).sum::<usize>()
    }

    fn merge_as(&mut self, other: &Self, account: impl Fn(&GraphNode) -> Option<Arc<str>>) {
        let places: Vec<usize> = other
            .nodes
            .iter()
            .map(|node| {
                let key = NodeKey {
                    account_id: account(node),
                    ..node.key.clone()
                };
                self.merge_node(key, node)
            })
            .collect();
        for (node, &from) in other.nodes.iter().zip(&places) {
            for edge in &node.edges {
                let into = self.edge(from, places[edge.to], edge.kind);
                into.aliases.extend(edge.aliases.iter().cloned());
                into.calls.merge(&edge.calls);
                into.ages.merge(&edge.ages);
            }
        }
        self.passing.extend_from_slice(&other.passing);
        if let (Some((first, last)), Some(version)) = (other.arrivals, other.oldest_version) {
            self.note(first, version);
            self.note(last, version);
        }
    }

    fn merge_node(&mut self, key: NodeKey, other: &GraphNode) -> usize {
        let place = self.node(&key, other.state, other.start);
        let node = &mut self.nodes[place];
        node.end = node.end.max(other.end);
        node.root |= other.root;
        if node.region.is_none() {
            node.region.clone_from(&other.region);
        }
        node.merge_durations(other);
        if let Some(served) = &other.served {
            node.served.get_or_insert_default().merge(served);
        }
        place
    }

    /// The place of a trace's node, which has statistics unless it is a client.
    fn seen(&mut self, node: &Node, second: i64) -> usize {
        let place = self.node(node, NodeState::of(node.source), second);
        if node.source != NodeSource::Client {
            self.nodes[place].served.get_or_insert_default();
        }
        place
    }

    /// The node's place, made when it is new, its times widened to this second.
    fn node(&mut self, key: &dyn AsNodeKey, state: NodeState, second: i64) -> usize {
        let place = match self.places.get(key) {
            Some(&place) => place,
            None => {
                let key = key.to_key();
                self.places.insert(key.clone(), self.nodes.len());
                self.nodes.push(GraphNode {
                    key,
                    state,
                    root: false,
                    start: second,
                    end: second.saturating_add(1),
                    region: None,
                    served: None,
                    durations: None,
                    edges: Vec::new(),
                });
                self.nodes.len() - 1
            }
        };
        let node = &mut self.nodes[place];
        node.state = node.state.min(state);
        node.start = node.start.min(second);
        node.end = node.end.max(second.saturating_add(1));
        place
    }

    fn edge(&mut self, from: usize, to: usize, kind: EdgeKind) -> &mut GraphEdge {
        let edges = &mut self.nodes[from].edges;
        let edge = *self.edges.entry((from, to, kind)).or_insert_with(|| {
            edges.push(GraphEdge {
                to,
                kind,
                aliases: BTreeSet::new(),
                calls: Served::default(),
                ages: Histogram::default(),
            });
            edges.len() - 1
        });
        &mut edges[edge]
    }

    /// Notes when something came in, of a trace that is a member by this version of the group.
    fn note(&mut self, at: TimestampMicros, version: u32) {
        let (first, last) = self.arrivals.get_or_insert((at, at));
        *first = at.min(*first);
        *last = at.max(*last);
        let oldest = self.oldest_version.get_or_insert(version);
        *oldest = version.min(*oldest);
    }
}

/// What a node and an edge take without their histograms, places in maps included.
const NODE_WEIGHT: usize = 400;
const EDGE_WEIGHT: usize = 240;

// === impl GraphNode ===

impl GraphNode {
    /// Before the response times are merged, which durations are where none are told.
    fn merge_durations(&mut self, other: &Self) {
        if self.durations.is_none() && other.durations.is_none() {
            return;
        }
        let of = |node: &Self| {
            let response_times = node.served.as_ref().map(|served| &served.histogram);
            node.durations.as_ref().or(response_times).cloned()
        };
        let mut durations = of(self).unwrap_or_default();
        durations.merge(&of(other).unwrap_or_default());
        self.durations = Some(durations);
    }
}

// === impl Served ===

impl Served {
    fn add(&mut self, outcome: Outcome, seconds: f64) {
        self.statistics.add(outcome, seconds);
        self.histogram.add(seconds);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.statistics.merge(&other.statistics);
        self.histogram.merge(&other.histogram);
    }
}

// === impl NodeState ===

impl NodeState {
    fn of(source: NodeSource) -> Self {
        match source {
            NodeSource::Reported => Self::Active,
            NodeSource::InferredRemote => Self::Passive,
            NodeSource::InferredAws | NodeSource::Client => Self::Unknown,
        }
    }
}
