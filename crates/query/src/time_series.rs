//! Time series: the graphs of minutes, or of five together, reduced to what a selector selects.

use std::ops::Range;
use std::sync::Arc;

use fluoro_filter::{NodeRef, Selected};
use fluoro_model::TimestampMicros;

use crate::graph::{Graph, GraphNode, NodeKey, Served};
use crate::insights::Band;

/// How much time a point is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Period {
    /// A minute.
    #[default]
    Minute,
    /// Five minutes.
    FiveMinutes,
}

/// What arrived until a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The end of its period, in seconds since the epoch.
    pub end: i64,
    /// What was selected; `None` when nothing of it arrived.
    pub served: Option<Served>,
}

/// Who foretells faults: the seam to what has learnt how a group usually fares.
pub trait Forecast: Send + Sync + std::fmt::Debug {
    /// The faults to be expected among so many requests of the selected services, or calls, of a group within the seconds
    /// before `end`; `None` while too little is known of them.
    fn faults(
        &self,
        group_arn: &str,
        selected: &Selected,
        end: i64,
        seconds: i64,
        requests: u64,
    ) -> Option<Band>;
}

/// Points from graphs of minutes, told by their numbers since the epoch and in order; the latest first.
///
/// Without a selector a point is about the calls to the entries of traces, with one about what it selects. Minutes in
/// which nothing at all arrived have no point (recorded).
#[must_use]
pub fn time_series(
    minutes: &[(i64, Arc<Graph>)],
    period: Period,
    selected: Option<&Selected>,
) -> Vec<Point> {
    let with_data = minutes.iter().filter(|(_, graph)| !graph.is_empty());
    let mut points: Vec<Point> = Vec::new();
    for (minute, graph) in with_data {
        let end = period.end_of(*minute);
        let served = select(graph, selected);
        match points.last_mut() {
            Some(last) if last.end == end => match (&mut last.served, served) {
                (Some(known), Some(served)) => known.merge(&served),
                (known @ None, served) => *known = served,
                (Some(_), None) => {}
            },
            _ => points.push(Point { end, served }),
        }
    }
    points.reverse();
    points
}

/// What of the minute's graph is selected, all together.
fn select(graph: &Graph, selected: Option<&Selected>) -> Option<Served> {
    let mut sum: Option<Served> = None;
    let mut add = |served: &Served| sum.get_or_insert_default().merge(served);
    match selected {
        Some(Selected::Service(service)) => {
            let fitting = graph.nodes.iter().filter(|node| fits(&node.key, service));
            let served = fitting.filter_map(|node| node.served.as_ref());
            served.for_each(&mut add);
        }
        Some(Selected::Edge(from, to)) => {
            for node in graph.nodes.iter().filter(|node| fits(&node.key, from)) {
                let called = node.edges.iter();
                let fitting = called.filter(|edge| fits(&graph.nodes[edge.to].key, to));
                fitting.for_each(|edge| add(&edge.calls));
            }
        }
        None => {
            let clients = graph.nodes.iter().filter(|node| is_client(node));
            let edges = clients.flat_map(|node| &node.edges);
            edges.for_each(|edge| add(&edge.calls));
        }
    }
    sum
}

fn is_client(node: &GraphNode) -> bool {
    node.served.is_none()
}

fn fits(key: &NodeKey, meant: &NodeRef) -> bool {
    meant.fits(&key.name, key.kind.as_deref(), key.account_id.as_deref())
}

// === impl Period ===

impl Period {
    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::FiveMinutes => 300,
        }
    }

    /// The minutes whose points end within the window: at its first second or later, and before its last (recorded).
    #[must_use]
    pub fn minutes(self, window: &Range<TimestampMicros>) -> Range<i64> {
        let length = self.seconds() / 60;
        // The first point that ends at this second or later, by its number.
        let first = |second: i64| -(-second).div_euclid(self.seconds());
        let points = first(window.start.floor_second())..first(window.end.floor_second());
        (points.start - 1) * length..(points.end - 1) * length
    }

    /// When the period to which a minute belongs ends.
    fn end_of(self, minute: i64) -> i64 {
        let minutes = self.seconds() / 60;
        (minute.div_euclid(minutes) + 1) * self.seconds()
    }
}

#[cfg(test)]
mod tests;
