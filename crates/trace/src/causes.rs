//! Root causes: the paths that lead from the entry service to what failed or took the time.

mod failure;
mod time;
mod tree;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use crate::assemble::Trace;
use crate::projection::NodeIndex;

/// The nodes of segments and of silent calls, by their entries in the trace.
pub(crate) type Nodes = HashMap<usize, NodeIndex>;

/// The root causes of one trace, as summaries tell them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RootCauses {
    /// Of the root's fault, or of one that it absorbed.
    pub fault: Vec<RootCause<FailedEntity>>,
    /// Of the root's error or throttle, or of one that it absorbed.
    pub error: Vec<RootCause<FailedEntity>>,
    /// Of the root's response time.
    pub response_time: Vec<RootCause<SlowEntity>>,
}

/// One path through services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootCause<E> {
    /// Whether the path begins at the root and so reached the client.
    pub client_impacting: bool,
    /// From the entry service to the one that holds the cause; never empty.
    pub services: Vec<CauseService<E>>,
}

/// One service of a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CauseService<E> {
    /// The service.
    pub node: NodeIndex,
    /// It is silent and known from its caller only.
    pub inferred: bool,
    /// From the service's own segment down to the call or the failing entity; never empty.
    pub entities: Vec<E>,
}

/// A step towards a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedEntity {
    /// The segment's or subsegment's name.
    pub name: Box<str>,
    /// A call to the next service.
    pub remote: bool,
    /// What this entity recorded.
    pub exceptions: Vec<CauseException>,
}

/// A step towards the greatest part of the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlowEntity {
    /// The segment's or subsegment's name.
    pub name: Box<str>,
    /// A call to the next service.
    pub remote: bool,
    /// Its share of the root's duration.
    pub coverage: f64,
}

/// An exception, as summaries tell it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseException {
    /// Its type.
    pub name: Option<Box<str>>,
    /// Its message.
    pub message: Option<Box<str>>,
}

// === impl RootCauses ===

impl RootCauses {
    /// The root causes of a trace with these nodes.
    pub(crate) fn find(trace: &Trace<'_>, nodes: &Nodes) -> Self {
        let tree = tree::Tree::new(trace);
        Self {
            fault: failure::Failures::find(&tree, nodes, |outcome| outcome.fault),
            error: failure::Failures::find(&tree, nodes, |outcome| {
                outcome.error || outcome.throttle
            }),
            response_time: time::find(&tree, nodes),
        }
    }
}

#[cfg(test)]
mod tests;
