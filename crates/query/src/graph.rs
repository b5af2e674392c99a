//! Graphs: who called whom, how often, with what outcome and how slowly.
//!
//! [`service_graph`] merges what *arrived* in a window: a node's statistics are those of the observations that were
//! completed in it, an edge's those of the calls whose both sides were known by then; topology is what is known now.
//! [`trace_graph`] is the same for one trace, without a window. Nodes are one when name, type and account are.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use fluoro_model::TimestampMicros;
use fluoro_trace::Projection;
use fluoro_trace::projection::{Call, Node, NodeSource, Observation};

use crate::histogram::Histogram;
use crate::statistics::Statistics;

#[cfg(test)]
mod tests;

/// A graph. It borrows names from the projections that it was made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph<'a> {
    /// The earliest second of a node; `None` when empty.
    pub start: Option<i64>,
    /// The second in which the latest trace began: one less than the end of its nodes (recorded).
    pub end: Option<i64>,
    /// In the order of first mention; edges refer to places here.
    pub nodes: Vec<GraphNode<'a>>,
}

/// A service.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphNode<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type; `None` for a segment without origin.
    pub kind: Option<&'a str>,
    /// Its account, when it is not our own.
    pub account_id: Option<&'a str>,
    /// How much is known of it.
    pub state: NodeState,
    /// Whether a trace began here.
    pub root: bool,
    /// The second in which the first of its traces began.
    pub start: i64,
    /// The end of the second in which the last of its traces began.
    pub end: i64,
    /// The `aws.region` that its segment, or the call to it, tells.
    pub region: Option<&'a str>,
    /// Its own view of the requests it served; `None` for a client, which serves none.
    pub served: Option<Served>,
    /// Whom it called.
    pub edges: Vec<GraphEdge<'a>>,
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

/// Calls from one node to another, in the caller's view.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphEdge<'a> {
    /// The callee's place in [`Graph::nodes`].
    pub to: usize,
    /// The names by which callers called a callee that reported itself.
    pub aliases: BTreeSet<&'a str>,
    /// The calls.
    pub calls: Served,
}

/// The graph of what arrived within the window.
///
/// `own_account` is left out of nodes, as the service does even where a document names it (recorded).
#[must_use]
pub fn service_graph<'a>(
    own_account: &'a str,
    window: &Range<TimestampMicros>,
    projections: impl IntoIterator<Item = &'a Projection>,
) -> Graph<'a> {
    let mut builder = Builder::new(own_account);
    for projection in projections {
        builder.add(projection, |received| window.contains(&received));
    }
    builder.graph
}

/// The graph of one trace; empty while its root is in progress.
#[must_use]
pub fn trace_graph<'a>(own_account: &'a str, projection: &'a Projection) -> Graph<'a> {
    let mut builder = Builder::new(own_account);
    let in_progress = projection.root().is_some_and(|root| root.end.is_none());
    if !in_progress {
        builder.add(projection, |_| true);
    }
    builder.graph
}

/// What makes a node one: name, type, account.
type Key<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

struct Builder<'a> {
    own_account: &'a str,
    graph: Graph<'a>,
    nodes: HashMap<Key<'a>, usize>,
    edges: HashMap<(usize, usize), usize>,
}

impl<'a> Builder<'a> {
    fn new(own_account: &'a str) -> Self {
        Self {
            own_account,
            graph: Graph::default(),
            nodes: HashMap::new(),
            edges: HashMap::new(),
        }
    }

    fn add(&mut self, projection: &'a Projection, arrived: impl Fn(TimestampMicros) -> bool) {
        let Some(second) = began(projection) else {
            return;
        };
        for observation in &projection.observations {
            if observation.end.is_some() && arrived(observation.received) {
                self.observe(projection, second, observation);
            }
        }
        for call in &projection.calls {
            if call.end.is_some() && arrived(call.received) {
                self.connect(projection, second, call);
            }
        }
    }

    fn observe(&mut self, projection: &'a Projection, second: i64, observation: &'a Observation) {
        let node = self.node(projection.node(observation.node), second);
        let node = &mut self.graph.nodes[node];
        node.root |= observation.root;
        node.region = node.region.or(observation.region.as_deref());
        let served = node.served.get_or_insert_default();
        served.add(
            observation.outcome,
            observation.duration().unwrap_or_default(),
        );
    }

    fn connect(&mut self, projection: &'a Projection, second: i64, call: &'a Call) {
        let from = self.node(projection.node(call.from), second);
        let to = self.node(projection.node(call.to), second);
        let edges = &mut self.graph.nodes[from].edges;
        let edge = *self.edges.entry((from, to)).or_insert_with(|| {
            edges.push(GraphEdge {
                to,
                aliases: BTreeSet::new(),
                calls: Served::default(),
            });
            edges.len() - 1
        });
        let edge = &mut edges[edge];
        edge.aliases.extend(call.alias.as_deref());
        edge.calls
            .add(call.outcome, call.response_time.unwrap_or_default());
    }

    /// The node's place, made when it is new, its times widened to this second.
    fn node(&mut self, node: &'a Node, second: i64) -> usize {
        let foreign = |account: &&str| *account != self.own_account;
        let account_id = node.account_id.as_deref().filter(foreign);
        let key = (&*node.name, node.kind.as_deref(), account_id);
        let graph = &mut self.graph;
        let place = *self.nodes.entry(key).or_insert_with(|| {
            graph.nodes.push(GraphNode {
                name: &node.name,
                kind: node.kind.as_deref(),
                account_id,
                state: NodeState::of(node.source),
                root: false,
                start: second,
                end: second + 1,
                region: None,
                served: (node.source != NodeSource::Client).then(Served::default),
                edges: Vec::new(),
            });
            graph.nodes.len() - 1
        });
        let known = &mut graph.nodes[place];
        known.state = known.state.min(NodeState::of(node.source));
        known.start = known.start.min(second);
        known.end = known.end.max(second + 1);
        graph.start = Some(graph.start.map_or(second, |start| start.min(second)));
        graph.end = Some(graph.end.map_or(second, |end| end.max(second)));
        place
    }
}

/// The second in which the trace's root began, or without one its earliest segment.
fn began(projection: &Projection) -> Option<i64> {
    let start = projection.root().map(|root| root.start);
    Some(start.or(projection.start)?.micros().floor_second())
}

impl Served {
    fn add(&mut self, outcome: fluoro_trace::projection::Outcome, seconds: f64) {
        self.statistics.add(outcome, seconds);
        self.histogram.add(seconds);
    }
}

impl NodeState {
    fn of(source: NodeSource) -> Self {
        match source {
            NodeSource::Reported => Self::Active,
            NodeSource::InferredRemote => Self::Passive,
            NodeSource::InferredAws | NodeSource::Client => Self::Unknown,
        }
    }
}
