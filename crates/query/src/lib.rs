//! From stored projections to answers: trace summaries, the service graph, the graph of one trace, time series.
//!
//! [`groups`] keeps state: which groups there are, and which traces are their members. So does [`rollup`]: the graphs of
//! minutes, which many ask for again and again; and [`insights`]: what is usual for each service, and what was not. All else
//! is pure functions over projections; who calls them fetches the candidates ([`Selection::candidates`],
//! [`arrival_candidates`]) and writes the answer down. Nothing here reads a document. Source: X-Ray developer guide, "using
//! the X-Ray API", and recorded answers of the service, which the tests name.

pub mod graph;
pub mod groups;
mod histogram;
pub mod insights;
pub mod rollup;
mod selection;
mod statistics;
mod summary;
mod time_range;
pub mod time_series;

pub use graph::{
    EdgeKind, Graph, GraphEdge, GraphNode, NodeKey, NodeState, Served, service_graph, trace_graph,
};
pub use histogram::{Bin, Histogram};
pub use rollup::{Graphs, Rollups, Traces};
pub use selection::Selection;
pub use statistics::Statistics;
pub use summary::{Page, Position, Summary};
pub use time_range::{TimeRange, TimeRangeType, arrival_candidates};
