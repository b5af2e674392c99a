//! The detector's view of a graph.

use super::minute::{MinuteCalls, MinuteGraph, Requests, ServiceId};
use crate::graph::{EdgeKind, Graph, NodeKey};
use crate::statistics::Statistics;

impl MinuteGraph {
    /// What the detector is shown of a graph. `own_account` is left out of services.
    #[must_use]
    pub fn of(graph: &Graph, own_account: &str) -> Self {
        let mut services = Vec::new();
        let mut places = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            // A client serves nothing.
            let served = node.served.as_ref();
            places.push(served.map(|_| services.len()));
            services.extend(served.map(|served| {
                let requests = Requests::of(&served.statistics);
                (ServiceId::of(&node.key, own_account), requests)
            }));
        }
        let mut calls = Vec::new();
        for (node, from) in graph.nodes.iter().zip(&places) {
            let called = node.edges.iter().filter(|edge| edge.kind == EdgeKind::Call);
            for edge in called {
                calls.extend(places[edge.to].map(|to| MinuteCalls {
                    from: *from,
                    to,
                    requests: Requests::of(&edge.calls.statistics),
                }));
            }
        }
        Self { services, calls }
    }
}

impl ServiceId {
    /// The service of a node.
    #[must_use]
    pub fn of(key: &NodeKey, own_account: &str) -> Self {
        let foreign = |account: &&str| *account != own_account;
        Self {
            name: (*key.name).into(),
            kind: key.kind.as_deref().map(Into::into),
            account_id: key.account_id.as_deref().filter(foreign).map(Into::into),
        }
    }
}

impl Requests {
    fn of(statistics: &Statistics) -> Self {
        Self {
            fault: statistics.fault,
            ok: statistics.ok,
            total: statistics.total(),
        }
    }
}
