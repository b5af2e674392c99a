//! From stored projections to answers: trace summaries, the service graph, the graph of one trace.
//!
//! [`groups`] keeps state: which groups there are, and which traces are their members. All else is pure functions over
//! projections; who calls them fetches the candidates ([`Selection::candidates`], [`arrival_candidates`]) and writes the
//! answer down. Nothing here reads a document. Source: X-Ray developer guide, "using the X-Ray API", and recorded answers
//! of the service, which the tests name.

pub mod graph;
pub mod groups;
mod histogram;
mod selection;
mod statistics;
mod summary;
mod time_range;

pub use graph::{Graph, GraphEdge, GraphNode, NodeState, service_graph, trace_graph};
pub use histogram::{Bin, Histogram};
pub use selection::Selection;
pub use statistics::Statistics;
pub use summary::{Page, Position, Summary, page};
pub use time_range::{TimeRange, TimeRangeType, arrival_candidates};
