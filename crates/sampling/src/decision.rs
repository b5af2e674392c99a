//! A decision, and the seam through which the gateway asks for one.

use std::fmt;

use fluoro_model::TimestampMicros;
use serde::{Deserialize, Serialize};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Whether its segments are kept.
    pub sampled: bool,
    /// What decided.
    pub how: How,
}

/// What decided whether a request is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum How {
    /// The caller's trace header said so.
    Header,
    /// A rule's reservoir had room in this second.
    Reservoir {
        /// The rule's name.
        rule: String,
    },
    /// A rule's rate, by chance, one way or the other.
    Rate {
        /// The rule's name.
        rule: String,
    },
    /// Lambda's own sampler, which no rule governs.
    Lambda,
    /// Nobody asks for traces here: tracing is off and the caller said nothing.
    TracingOff,
}

/// Decides by the account's rules.
pub trait Sampler: Send + Sync + fmt::Debug {
    /// Decides on one request, and counts it for the rule that matched.
    fn decide(&self, now: TimestampMicros, request: &SampledRequest<'_>) -> Decision;
}

impl How {
    /// The rule that decided, if one did.
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Reservoir { rule } | Self::Rate { rule } => Some(rule),
            Self::Header | Self::Lambda | Self::TracingOff => None,
        }
    }
}
