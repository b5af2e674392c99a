//! The projection: all that questions about a trace read, without its documents.
//!
//! Summaries, both graphs, filters and time series are answered from this alone, so it is what stores keep a trace
//! by. Strings stand once per [`Node`]; everything else points to nodes and observations by position. The form has
//! no optional members, so that formats which do not name members can carry it.

use std::fmt;

use fluoro_model::document::AnnotationValue;
use fluoro_model::{EpochSeconds, SegmentId, TimestampMicros, TraceId};
use serde::{Deserialize, Serialize};

use crate::causes::RootCauses;

/// A position in [`Projection::nodes`].
pub type NodeIndex = u32;

/// A position in [`Projection::observations`].
pub type ObservationIndex = u32;

/// What a trace tells about its services, calls, outcomes and times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// The trace.
    pub id: TraceId,
    /// How often documents that changed something came in: 1 after the first delivery, whatever its size.
    pub revision: u32,
    /// When the first document came in.
    pub first_received: TimestampMicros,
    /// When the last document that changed something came in: the trace's event time.
    pub last_received: TimestampMicros,
    /// The earliest start of a segment; starts at or before the epoch only when there is no other. `None` without
    /// segments.
    pub start: Option<EpochSeconds>,
    /// Seconds from the earliest start to the latest end of anything shown; `None` while nothing has ended, or when
    /// negative. What BatchGetTraces calls Duration; summaries use [`summary_duration`](Self::summary_duration).
    pub duration: Option<f64>,
    /// The earliest root segment's observation.
    pub root: Option<ObservationIndex>,
    /// Something names a parent that has not come.
    pub partial: bool,
    /// The services of the trace, each once, in the order of their first observation.
    pub nodes: Vec<Node>,
    /// One for each segment, by start; then one for each call whose callee is silent.
    pub observations: Vec<Observation>,
    /// Who called whom, as the caller saw it; one more for each root, from its client.
    pub calls: Vec<Call>,
    /// Callees that were taken for silent ones until they reported themselves.
    pub superseded: Vec<Superseded>,
    /// Why the trace failed or was slow.
    pub causes: RootCauses,
    /// Links to other traces: at most 20 of a segment, 100 of a trace.
    pub links: Vec<TraceLink>,
    /// What is known to be missing. Empty when the trace is complete.
    pub open: Vec<Open>,
}

/// A service: its name, type and account make it one node of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Node {
    /// The service's name; of a known AWS resource, the resource's.
    pub name: Box<str>,
    /// `AWS::…`, `remote`, `Database::SQL`, `client`; of a segment its origin, if it has one.
    pub kind: Option<Box<str>>,
    /// The account, where a document tells it.
    pub account_id: Option<Box<str>>,
    /// How we know of it.
    pub source: NodeSource,
}

/// How a node came to be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NodeSource {
    /// It sent segments: state `active`.
    Reported,
    /// A silent callee in namespace `aws`: state `unknown`.
    InferredAws,
    /// A silent callee in namespace `remote`: state `passive`.
    InferredRemote,
    /// Who called a root: state `unknown`, no statistics of its own.
    Client,
}

/// One segment, or one inferred call, as its service saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The service.
    pub node: NodeIndex,
    /// The segment; of an inferred call, the calling subsegment.
    pub id: SegmentId,
    /// When it began.
    pub start: EpochSeconds,
    /// When it ended; `None` while in progress, and then it is not counted.
    pub end: Option<EpochSeconds>,
    /// How it ended.
    pub outcome: Outcome,
    /// A segment without a parent.
    pub root: bool,
    /// A segment whose parent has not come.
    pub orphan: bool,
    /// Made from the caller's subsegment, for a callee that is silent.
    pub inferred: bool,
    /// When its completion came in; while in progress, its first document.
    pub received: TimestampMicros,
    /// Its HTTP request.
    pub http: Option<HttpFacts>,
    /// Annotations of the segment and its subsegments: each pair once, in the order of their entities' start; without
    /// those beyond the trace's [limit](crate::ProjectionLimits).
    pub annotations: Vec<(Box<str>, AnnotationValue)>,
    /// The segment's user.
    pub user: Option<Box<str>>,
    /// The segment's `resource_arn`.
    pub resource_arn: Option<Box<str>>,
    /// `aws.ec2.instance_id`.
    pub instance_id: Option<Box<str>>,
    /// `aws.ec2.availability_zone`, else that of `aws.ecs`.
    pub availability_zone: Option<Box<str>>,
    /// `aws.region`.
    pub region: Option<Box<str>>,
}

/// One call, in the caller's view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The calling node.
    pub from: NodeIndex,
    /// The called node.
    pub to: NodeIndex,
    /// The calling segment's observation; `None` when the caller is the client of a root.
    pub caller: Option<ObservationIndex>,
    /// What the callee saw.
    pub callee: ObservationIndex,
    /// The calling subsegment's name, when the callee reported itself: the edge's alias.
    pub alias: Option<Box<str>>,
    /// When the caller called.
    pub start: EpochSeconds,
    /// When the caller had its answer; `None` while it waits, and then the call is not counted.
    pub end: Option<EpochSeconds>,
    /// The seconds that the call took; 0 when the caller did not time it (a segment whose parent is a segment).
    pub response_time: Option<f64>,
    /// How it ended for the caller.
    pub outcome: Outcome,
    /// The request, as the caller tells it.
    pub http: Option<HttpFacts>,
    /// When both sides were known.
    pub received: TimestampMicros,
}

/// A callee that was inferred for a while: its call came in before anything of itself did. Who asks about that time alone is
/// told what was known then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Superseded {
    /// The calling node.
    pub from: NodeIndex,
    /// What the callee was taken for.
    pub taken_for: Node,
    /// The seconds that the call took.
    pub response_time: f64,
    /// How it ended for the caller.
    pub outcome: Outcome,
    /// When the call came in.
    pub received: TimestampMicros,
    /// When the callee reported itself.
    pub until: TimestampMicros,
}

/// How a request ended. Fault may stand beside error or throttle; throttle excludes error (recorded).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The server failed: flag, or status 500 to 599.
    pub fault: bool,
    /// The client made a mistake: flag, or status 400 to 499, and not throttled.
    pub error: bool,
    /// The client sent too much: flag, or status 429.
    pub throttle: bool,
}

/// The one class in which statistics count an observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    /// Neither of the others.
    Ok,
    /// Client error.
    Error,
    /// Server failure.
    Fault,
    /// Throttled.
    Throttle,
}

/// What summaries and filters know of an HTTP request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpFacts {
    /// `http.request.url`.
    pub url: Option<Box<str>>,
    /// `http.request.method`.
    pub method: Option<Box<str>>,
    /// `http.request.user_agent`.
    pub user_agent: Option<Box<str>>,
    /// `http.request.client_ip`.
    pub client_ip: Option<Box<str>>,
    /// `http.response.status`.
    pub status: Option<i64>,
}

/// A link from a segment of this trace to one of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceLink {
    /// The observation whose segment, or whose subsegment, holds the link.
    pub from: ObservationIndex,
    /// The other trace.
    pub trace_id: TraceId,
    /// The segment there.
    pub id: Option<SegmentId>,
    /// `parent` or `child`: `aws.xray.reserved.reference_type`.
    pub reference_type: Option<Box<str>>,
}

/// Something that a complete trace would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Open {
    /// The end of a segment or subsegment.
    InProgress {
        /// The entity.
        id: SegmentId,
        /// Its name.
        name: Box<str>,
        /// Whether it is a segment.
        segment: bool,
    },
    /// The parent that an entity names.
    MissingParent {
        /// The entity.
        id: SegmentId,
        /// Its name.
        name: Box<str>,
        /// Whether it is a segment; an orphaned subsegment is not shown.
        segment: bool,
        /// The parent.
        parent_id: SegmentId,
    },
}

// === impl Projection ===

impl Projection {
    /// The root's observation.
    #[must_use]
    pub fn root(&self) -> Option<&Observation> {
        self.root.map(|root| &self.observations[root as usize])
    }

    /// The node of an observation or call.
    #[must_use]
    pub fn node(&self, index: NodeIndex) -> &Node {
        &self.nodes[index as usize]
    }

    /// When its segments and its calls ended, of those that have.
    pub fn ends(&self) -> impl Iterator<Item = EpochSeconds> {
        let observed = self.observations.iter().filter_map(|seen| seen.end);
        let called = self.calls.iter().filter_map(|call| call.end);
        observed.chain(called)
    }

    /// The root's duration; `None` while it is in progress.
    #[must_use]
    pub fn response_time(&self) -> Option<f64> {
        self.root()?.duration()
    }

    /// A summary's Duration: that of the trace, but `None` while the root is in progress (recorded).
    #[must_use]
    pub fn summary_duration(&self) -> Option<f64> {
        match self.root() {
            Some(root) if root.end.is_none() => None,
            _ => self.duration,
        }
    }

    /// Whether nothing is known to be missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.open.is_empty()
    }
}

// === impl Observation ===

impl Observation {
    /// Seconds from start to end; negative when the sender's clock was; `None` while in progress.
    #[must_use]
    pub fn duration(&self) -> Option<f64> {
        self.end.map(|end| end.since(self.start))
    }
}

// === impl Open ===

impl Open {
    /// The entity that is not whole.
    #[must_use]
    pub const fn id(&self) -> SegmentId {
        match self {
            Self::InProgress { id, .. } | Self::MissingParent { id, .. } => *id,
        }
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |segment: &bool| if *segment { "segment" } else { "subsegment" };
        match self {
            Self::InProgress { id, name, segment } => {
                write!(f, "{} {name} ({id}) is in progress", kind(segment))
            }
            Self::MissingParent {
                id,
                name,
                segment,
                parent_id,
            } => {
                let kind = kind(segment);
                write!(f, "parent {parent_id} of {kind} {name} ({id}) has not come")
            }
        }
    }
}

// === impl Outcome ===

impl Outcome {
    /// None of the three.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        !self.fault && !self.error && !self.throttle
    }

    /// The class that counts: throttle before fault before error (recorded).
    #[must_use]
    pub const fn counted(self) -> Counted {
        if self.throttle {
            Counted::Throttle
        } else if self.fault {
            Counted::Fault
        } else if self.error {
            Counted::Error
        } else {
            Counted::Ok
        }
    }
}
