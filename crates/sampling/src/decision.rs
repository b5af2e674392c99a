//! A decision, and the seam through which the gateway asks for one.

use std::fmt;
use std::time::Duration;

use fluoro_model::{TimestampMicros, TraceId};
use serde::Serialize;

use crate::rule_set::RuleName;

/// What a rule can look at. Absent means unknown, and an unknown value matches any pattern.
#[derive(Debug, Clone, Copy, Default)]
pub struct SampledRequest<'a> {
    /// `api-name/stage` for the gateway.
    pub service_name: Option<&'a str>,
    /// The origin: `AWS::ApiGateway::Stage`.
    pub service_type: Option<&'a str>,
    /// The `Host` header.
    pub host: Option<&'a str>,
    /// The request's method.
    pub http_method: Option<&'a str>,
    /// The path as the client wrote it, without query.
    pub url_path: Option<&'a str>,
    /// The stage's ARN for the gateway.
    pub resource_arn: Option<&'a str>,
    /// Request headers for the gateway, names in any case.
    pub attributes: &'a [(&'a str, &'a str)],
}

/// Whether a request is recorded, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether its segments are kept.
    pub sampled: bool,
    /// What decided.
    pub how: How,
}

/// What decided whether a request is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum How {
    /// The caller's trace header said so.
    Header,
    /// A rule's reservoir had room in this second.
    Reservoir {
        /// The rule's name.
        rule: RuleName,
    },
    /// A rule's rate, by chance, one way or the other.
    Rate {
        /// The rule's name.
        rule: RuleName,
    },
    /// A rule's boost: its rate alone would not have kept it.
    Boost {
        /// The rule's name.
        rule: RuleName,
    },
    /// Lambda's own sampler, which no rule governs.
    Lambda,
    /// Nobody asks for traces here: tracing is off and the caller said nothing.
    TracingOff,
}

/// How a request ended that was decided on.
#[derive(Debug, Clone, Copy)]
pub struct FinishedRequest<'a> {
    /// What rules could see of it.
    pub request: &'a SampledRequest<'a>,
    /// What was decided, by a rule or by another.
    pub decision: &'a Decision,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its own id.
    pub request_id: &'a str,
    /// When it came.
    pub received: TimestampMicros,
    /// When it was answered, or given up.
    pub ended: TimestampMicros,
    /// The status of the answer; `None` when the client went away before there was one.
    pub status: Option<u16>,
    /// Whether it is recorded although it was not sampled.
    pub kept: Option<Kept>,
}

/// Why a request is recorded although it was not sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// It failed.
    Fault,
    /// It took long.
    Slow,
}

/// What is recorded afterwards although it was not sampled. Nothing, as AWS has it, unless an operator says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeepUnsampled {
    /// What failed.
    pub faults: bool,
    /// What took at least so long.
    pub slow: Option<Duration>,
}

/// Decides by the account's rules.
pub trait Sampler: Send + Sync + fmt::Debug {
    /// Decides on one request, and counts it for the rule that matched.
    fn decide(&self, now: TimestampMicros, request: &SampledRequest<'_>) -> Decision;

    /// Hears how a request ended, whoever decided on it.
    fn finished(&self, _finished: &FinishedRequest<'_>) {}
}

// === impl SampledRequest ===

impl<'a> SampledRequest<'a> {
    /// What every rule has a pattern for, in the order of the members; attributes aside.
    pub(crate) fn properties(&self) -> [Option<&'a str>; 6] {
        [
            self.service_name,
            self.service_type,
            self.host,
            self.http_method,
            self.url_path,
            self.resource_arn,
        ]
    }
}

// === impl How ===

impl How {
    /// The rule that decided, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&RuleName> {
        match self {
            Self::Reservoir { rule } | Self::Rate { rule } | Self::Boost { rule } => Some(rule),
            Self::Header | Self::Lambda | Self::TracingOff => None,
        }
    }

    /// One word: `header`, `reservoir`, `rate`, `boost`, `lambda`, `tracing_off`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Reservoir { .. } => "reservoir",
            Self::Rate { .. } => "rate",
            Self::Boost { .. } => "boost",
            Self::Lambda => "lambda",
            Self::TracingOff => "tracing_off",
        }
    }
}

// === impl KeepUnsampled ===

impl KeepUnsampled {
    /// Whether anything may be kept.
    #[must_use]
    pub fn anything(&self) -> bool {
        self.faults || self.slow.is_some()
    }

    /// Whether what was not sampled is kept, now that it is known how it went.
    #[must_use]
    pub fn judge(&self, fault: bool, took_micros: i64) -> Option<Kept> {
        let took = Duration::from_micros(u64::try_from(took_micros).unwrap_or(0));
        if self.faults && fault {
            Some(Kept::Fault)
        } else if self.slow.is_some_and(|slow| took >= slow) {
            Some(Kept::Slow)
        } else {
            None
        }
    }
}
