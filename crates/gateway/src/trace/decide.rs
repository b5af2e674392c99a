//! Whether a request is recorded, and which trace header goes where.
//!
//! Source: API Gateway developer guide, tracing with X-Ray (active and passive tracing); recorded answers for the
//! headers.

use std::borrow::Cow;
use std::fmt::Write as _;

use fluoro_ambient::Ambient;
use fluoro_model::{SamplingDecision, SegmentId, TimestampMicros, TraceHeader, TraceId};
use fluoro_sampling::{Decision, How};
use http::HeaderName;

use crate::Parts;
use crate::head::Head;
use crate::passing::Seen;
use crate::served::ServedStage;

pub(crate) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What a request's trace is, and what was decided about it.
#[derive(Debug)]
pub(crate) struct Tracing {
    pub(crate) root: TraceId,
    /// The caller's segment, as its header named it.
    pub(crate) callers_parent: Option<SegmentId>,
    /// The id of the integration's subsegment, or of nothing when the request is not recorded.
    pub(crate) call: SegmentId,
    pub(crate) decision: Decision,
    /// Whether the stage's segment is recorded.
    pub(crate) recorded: bool,
    /// Whether it is recorded afterwards, should it turn out to be worth it.
    pub(crate) afterwards: bool,
    /// Whether [`callers_parent`](Self::callers_parent) has a segment that ours hangs under.
    caller_is_recorded: bool,
    lineage: Option<String>,
    extra: Vec<(String, String)>,
}

/// Decides on a request, asking the sampler where that is for the stage to decide.
pub(crate) fn decide(
    parts: &Parts,
    stage: &ServedStage,
    head: &Head,
    seen: &Seen<'_>,
    now: TimestampMicros,
) -> Tracing {
    let sent = head.header(TRACE_HEADER).map(TraceHeader::parse);
    // A header without a usable root is as if it had not been sent.
    let sent = sent.filter(|sent| sent.root.is_some()).unwrap_or_default();
    let decision = match sent.sampled {
        Some(SamplingDecision::Sampled) => by(How::Header, true),
        Some(SamplingDecision::NotSampled) => by(How::Header, false),
        None | Some(SamplingDecision::Requested) if stage.tracing_enabled => {
            parts.sampler.decide(now, &seen.request())
        }
        None | Some(SamplingDecision::Requested) => by(How::TracingOff, false),
    };
    let recorded = decision.sampled && (stage.tracing_enabled || parts.settings.passive_recording);
    let afterwards = !decision.sampled && stage.tracing_enabled && parts.keep_unsampled.anything();
    let ambient = &parts.ambient;
    Tracing {
        root: sent.root.unwrap_or_else(|| new_root(ambient, now)),
        callers_parent: sent.parent,
        call: SegmentId::from_bits(u64::from_be_bytes(ambient.bytes())),
        recorded,
        afterwards,
        decision,
        caller_is_recorded: matches!(
            sent.sampled,
            Some(SamplingDecision::Sampled | SamplingDecision::Requested)
        ),
        lineage: sent.lineage,
        extra: sent.extra,
    }
}

fn by(how: How, sampled: bool) -> Decision {
    Decision { sampled, how }
}

fn new_root(ambient: &Ambient, now: TimestampMicros) -> TraceId {
    let second = u32::try_from(now.floor_second()).unwrap_or_default();
    TraceId::new(second, ambient.bytes())
}

// === impl Tracing ===

impl Tracing {
    /// Whether somebody decided that nothing is recorded; a stage without tracing decides nothing.
    pub(crate) fn was_sampled_away(&self) -> bool {
        !self.decision.sampled && self.decision.how != How::TracingOff
    }

    /// The parent of the stage's segment.
    pub(crate) fn parent(&self) -> Option<SegmentId> {
        self.callers_parent.filter(|_| self.caller_is_recorded)
    }

    /// The header for the integration: what it records hangs under our subsegment.
    pub(crate) fn to_integration(&self) -> TraceHeader {
        let parent = if self.recorded || self.afterwards {
            self.call
        } else {
            self.callers_parent.unwrap_or(self.call)
        };
        TraceHeader {
            root: Some(self.root),
            parent: Some(parent),
            sampled: Some(self.sampled()),
            lineage: self.lineage.clone(),
            extra: self.extra.clone(),
        }
    }

    /// The header in the answer of a function: the caller gets its own parent back.
    pub(crate) fn to_caller(&self, lineage: Option<String>) -> TraceHeader {
        TraceHeader {
            root: Some(self.root),
            parent: Some(self.callers_parent.unwrap_or(self.call)),
            sampled: Some(self.sampled()),
            lineage,
            extra: Vec::new(),
        }
    }

    /// The header as an event shows it: the client's own, else the root alone.
    pub(crate) fn in_event<'a>(&self, head: &'a Head) -> Cow<'a, str> {
        let sent = head.header(TRACE_HEADER);
        match sent.filter(|sent| TraceHeader::parse(sent).root.is_some()) {
            Some(sent) => sent.into(),
            None => format!("Root={}", self.root).into(),
        }
    }

    /// The value of `x-fluoro-sampling`: `Sampled=1;By=reservoir;Rule=Default`.
    pub(crate) fn explanation(&self) -> String {
        let by = self.decision.how.word();
        let mut text = format!("Sampled={};By={by}", u8::from(self.decision.sampled));
        if let Some(rule) = self.decision.how.rule() {
            write!(text, ";Rule={rule}").expect("writing to a string does not fail");
        }
        text
    }

    fn sampled(&self) -> SamplingDecision {
        if self.decision.sampled {
            SamplingDecision::Sampled
        } else {
            SamplingDecision::NotSampled
        }
    }
}
