//! The stage's segment as it is written.
//!
//! Source: captures of the service's own segments of 2018 and 2023; API Gateway developer guide, X-Ray traces.

use fluoro_model::{SegmentId, TraceId};
use fluoro_sampling::{Decision, Kept};
use serde::{Serialize, Serializer};

#[derive(Debug, Serialize)]
pub(super) struct Segment<'a> {
    pub(super) id: SegmentId,
    pub(super) name: &'a str,
    pub(super) trace_id: TraceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_id: Option<SegmentId>,
    pub(super) start_time: Millis,
    pub(super) end_time: Millis,
    #[serde(flatten)]
    pub(super) flags: Flags,
    pub(super) http: Http<Request<'a>>,
    pub(super) aws: Aws<'a>,
    pub(super) annotations: Annotations<'a>,
    pub(super) metadata: Metadata<'a>,
    pub(super) origin: &'static str,
    pub(super) resource_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subsegments: Option<[Subsegment<'a>; 1]>,
}

/// Seconds since the epoch, written with three decimals at most, as the service writes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Millis(pub(super) i64);

/// What an outcome says of a segment: `error` for 4xx, `throttle` too for 429, `fault` for 5xx.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Flags {
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) error: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) throttle: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) fault: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Http<R> {
    pub(super) request: R,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response: Option<Response>,
}

#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    pub(super) url: &'a str,
    pub(super) method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_agent: Option<&'a str>,
    pub(super) client_ip: &'a str,
    pub(super) x_forwarded_for: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Call<'a> {
    pub(super) url: &'a str,
    pub(super) method: &'a str,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) content_length: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Aws<'a> {
    pub(super) api_gateway: ApiGateway<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) xray: Option<XRay<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct ApiGateway<'a> {
    pub(super) account_id: &'a str,
    pub(super) rest_api_id: &'a str,
    pub(super) stage: &'a str,
    pub(super) request_id: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct XRay<'a> {
    pub(super) sampling_rule_name: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Annotations<'a> {
    #[serde(rename = "aws:api_id")]
    pub(super) api_id: &'a str,
    #[serde(rename = "aws:api_stage")]
    pub(super) api_stage: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) default: Ids<'a>,
    pub(super) fluoro: Fluoro<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Ids<'a> {
    pub(super) extended_request_id: &'a str,
    pub(super) request_id: &'a str,
}

/// What Fluoro knows beyond AWS, under its own namespace.
#[derive(Debug, Serialize)]
pub(super) struct Fluoro<'a> {
    pub(super) sampling: &'a Decision,
    /// Why it is recorded although it was not sampled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kept: Option<Kept>,
    /// Why a request that failed did, in AWS's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Subsegment<'a> {
    pub(super) id: SegmentId,
    pub(super) name: &'a str,
    pub(super) namespace: &'static str,
    pub(super) start_time: Millis,
    pub(super) end_time: Millis,
    #[serde(flatten)]
    pub(super) flags: Flags,
    pub(super) http: Http<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aws: Option<Invoke<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct Invoke<'a> {
    pub(super) function_name: &'a str,
    pub(super) region: &'a str,
    pub(super) operation: &'static str,
    pub(super) resource_names: [&'a str; 1],
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if hands a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

// === impl Flags ===

impl Flags {
    pub(crate) const FAULT: Self = Self {
        error: false,
        throttle: false,
        fault: true,
    };

    pub(crate) fn of(status: u16) -> Self {
        Self {
            error: (400..500).contains(&status),
            throttle: status == 429,
            fault: status >= 500,
        }
    }
}

// === impl Millis ===

impl Serialize for Millis {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 stay far below 2^53"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0 as f64 / 1e3)
    }
}
