use fluoro_model::{TimestampMicros, TraceId};
use fluoro_trace::Projection;
use fluoro_trace::projection::{Observation, Outcome};

use crate::annotations::{self, Annotation, in_order};

/// What searches ask of a trace, as of one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRow {
    /// The trace.
    pub trace: TraceId,
    /// The projection's.
    pub revision: u32,
    /// When the first document came in.
    pub first_received: TimestampMicros,
    /// When the last document that changed something came in.
    pub last_received: TimestampMicros,
    /// The earliest start of a segment; `None` without segments.
    pub start: Option<TimestampMicros>,
    /// The latest end of a segment or call; `None` while nothing has ended.
    pub end: Option<TimestampMicros>,
    /// A summary's duration, in microseconds.
    pub duration: Option<i64>,
    /// The root's duration, in microseconds.
    pub response_time: Option<i64>,
    /// Of the segment or call that took longest, in microseconds; `None` while nothing has ended.
    pub longest: Option<i64>,
    /// How many documents the trace has.
    pub documents: u32,
    /// How long they are together.
    pub bytes: u64,
    /// Whether an older file has a row of the trace.
    pub again: bool,
    /// Whether nothing is known to be missing.
    pub complete: bool,
    /// Whether a parent is missing.
    pub partial: bool,
    /// Whether a node is inferred.
    pub inferred: bool,
    /// How the root ended.
    pub outcome: Outcome,
    /// How any segment or call ended.
    pub some: Outcome,
    /// Whether there is a root cause of a fault.
    pub fault_cause: bool,
    /// Whether there is a root cause of an error.
    pub error_cause: bool,
    /// Whether there is a root cause of the response time.
    pub time_cause: bool,
    /// The root's name.
    pub name: Option<Box<str>>,
    /// Of the root's request.
    pub http_method: Option<Box<str>>,
    /// Of the root's request.
    pub http_url: Option<Box<str>>,
    /// Of the root's request.
    pub http_user_agent: Option<Box<str>>,
    /// Of the root's request.
    pub http_client_ip: Option<Box<str>>,
    /// Of the root's response.
    pub http_status: Option<i64>,
    /// The nodes, in the order of the projection.
    pub services: Vec<Service>,
    /// Of all segments, each once, in order.
    pub users: Vec<Box<str>>,
    /// Of all segments, each once, in order of key and value.
    pub annotations: Vec<Annotation>,
    /// The groups that it is a member of.
    pub groups: Vec<Membership>,
}

/// How a trace is a member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Which group: its keeper knows it by this.
    pub group: Box<str>,
    /// When it became one.
    pub joined: TimestampMicros,
    /// By which of the group's expressions.
    pub version: u32,
}

/// A node of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Box<str>,
    /// Its type.
    pub kind: Option<Box<str>>,
    /// The account that owns it.
    pub account_id: Option<Box<str>>,
    /// How any of its segments ended, or of a client any root that it called.
    pub outcome: Outcome,
    /// Of the one of these that took longest, in microseconds, rounded up so that it takes little room: by less than a
    /// sixteenth. `None` while none has ended.
    pub longest: Option<i64>,
}

// === impl TraceRow ===

impl TraceRow {
    /// The row of a trace of so many documents, of so many bytes together.
    #[must_use]
    pub fn of(projection: &Projection, documents: u32, bytes: u64, again: bool) -> Self {
        let root = projection.root();
        let http = root.and_then(|root| root.http.as_ref());
        let text = |text: Option<&Box<str>>| text.cloned();
        let observations = &projection.observations;
        let observed = observations.iter().map(|seen| seen.outcome);
        let called = projection.calls.iter().map(|call| call.outcome);
        let lasted = observations.iter().filter_map(Observation::duration);
        let waited = projection.calls.iter();
        let waited = waited.filter_map(|call| call.response_time);
        let mut users: Vec<_> = observations
            .iter()
            .filter_map(|seen| seen.user.clone())
            .collect();
        users.sort_unstable();
        users.dedup();
        let annotations = observations.iter().flat_map(|seen| &seen.annotations);
        let mut annotations: Vec<Annotation> = annotations.cloned().collect();
        annotations.sort_by(in_order);
        annotations.dedup();
        Self {
            trace: projection.id,
            revision: projection.revision,
            first_received: projection.first_received,
            last_received: projection.last_received,
            start: projection.start.map(|start| start.micros()),
            end: projection.ends().max().map(|end| end.micros()),
            duration: projection.summary_duration().map(micros),
            response_time: projection.response_time().map(micros),
            longest: lasted.chain(waited).map(micros).max(),
            documents,
            bytes,
            again,
            complete: projection.is_complete(),
            partial: projection.partial,
            inferred: observations.iter().any(|seen| seen.inferred),
            outcome: root.map(|root| root.outcome).unwrap_or_default(),
            some: observed.chain(called).fold(Outcome::default(), joined),
            fault_cause: !projection.causes.fault.is_empty(),
            error_cause: !projection.causes.error.is_empty(),
            time_cause: !projection.causes.response_time.is_empty(),
            name: root.map(|root| projection.node(root.node).name.clone()),
            http_method: text(http.and_then(|http| http.method.as_ref())),
            http_url: text(http.and_then(|http| http.url.as_ref())),
            http_user_agent: text(http.and_then(|http| http.user_agent.as_ref())),
            http_client_ip: text(http.and_then(|http| http.client_ip.as_ref())),
            http_status: http.and_then(|http| http.status),
            services: services(projection),
            users,
            annotations,
            groups: Vec::new(),
        }
    }

    /// How much memory it takes, roughly.
    #[must_use]
    pub fn weight(&self) -> usize {
        let texts = [
            &self.name,
            &self.http_method,
            &self.http_url,
            &self.http_user_agent,
            &self.http_client_ip,
        ];
        let of_services = self.services.iter().flat_map(|service| {
            let name = Some(&service.name);
            [name, service.kind.as_ref(), service.account_id.as_ref()]
        });
        let of_groups = self.groups.iter().map(|member| &member.group);
        let texts = texts.into_iter().flatten();
        let texts = texts.chain(of_services.flatten()).chain(of_groups);
        let texts = texts.chain(&self.users).map(|text| text.len());
        size_of::<Self>()
            + size_of_val(&*self.services)
            + size_of_val(&*self.users)
            + size_of_val(&*self.groups)
            + annotations::weight(&self.annotations)
            + texts.sum::<usize>()
    }

    /// Where the row stands among others: by start, those without one first, and trace.
    #[must_use]
    pub fn place(&self) -> (Option<TimestampMicros>, TraceId) {
        (self.start, self.trace)
    }
}

fn services(projection: &Projection) -> Vec<Service> {
    let nodes = projection.nodes.iter();
    let mut services: Vec<Service> = nodes
        .map(|node| Service {
            name: node.name.clone(),
            kind: node.kind.clone(),
            account_id: node.account_id.clone(),
            outcome: Outcome::default(),
            longest: None,
        })
        .collect();
    let own = projection.observations.iter();
    let own = own.map(|seen| (seen.node, seen));
    let of_clients = projection.calls.iter();
    let of_clients = of_clients.filter(|call| call.caller.is_none()).map(|call| {
        let root = &projection.observations[call.callee as usize];
        (call.from, root)
    });
    for (node, seen) in own.chain(of_clients) {
        let service = &mut services[node as usize];
        service.outcome = joined(service.outcome, seen.outcome);
        let lasted = seen.duration().map(micros);
        service.longest = service.longest.max(lasted.map(rounded_up));
    }
    services
}

/// Of seconds.
fn micros(seconds: f64) -> i64 {
    TimestampMicros::from_seconds(seconds).0
}

/// The least number that is not less, and of which only the first five bits may be set.
fn rounded_up(number: i64) -> i64 {
    let rest = i64::BITS.saturating_sub(number.max(0).leading_zeros() + 5);
    let rest = (1_i64 << rest) - 1;
    number.checked_add(rest).map_or(i64::MAX, |sum| sum & !rest)
}

fn joined(one: Outcome, other: Outcome) -> Outcome {
    Outcome {
        fault: one.fault || other.fault,
        error: one.error || other.error,
        throttle: one.throttle || other.throttle,
    }
}
