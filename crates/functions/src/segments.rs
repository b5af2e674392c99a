//! The documents that Lambda itself records: the service's segment, the function's, and their subsegments.
//! Source: Lambda guide, X-Ray; captures of 2023 (`V1`) and 2024 (`V2`).

use bytes::Bytes;
use fluoro_model::{SegmentId, TimestampMicros, TraceId};
use fluoro_sampling::Kept;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::arn::FunctionArn;
use crate::settings::SegmentStyle;
use crate::tracing_plan::RunIds;

/// A segment, or a subsegment that is sent alone (`type`).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Document {
    #[serde(flatten)]
    part: Part,
    trace_id: TraceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<SegmentId>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_arn: Option<String>,
    /// What Fluoro knows beyond AWS, under its own namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
}

/// What segments and subsegments have in common.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Part {
    id: SegmentId,
    name: String,
    start_time: Seconds,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<Seconds>,
    #[serde(skip_serializing_if = "is_false")]
    in_progress: bool,
    #[serde(skip_serializing_if = "is_false")]
    error: bool,
    #[serde(skip_serializing_if = "is_false")]
    fault: bool,
    #[serde(skip_serializing_if = "is_false")]
    throttle: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aws: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subsegments: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
struct Seconds(TimestampMicros);

impl Serialize for Seconds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.seconds())
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// From when to when, in microseconds since the epoch.
pub(crate) type Span = (i64, i64);

impl Part {
    fn new(id: SegmentId, name: impl Into<String>, start: i64, end: Option<i64>) -> Self {
        Self {
            id,
            name: name.into(),
            start_time: Seconds(TimestampMicros(start)),
            end_time: end.map(|end| Seconds(TimestampMicros(end))),
            in_progress: end.is_none(),
            error: false,
            fault: false,
            throttle: false,
            http: None,
            aws: None,
            cause: None,
            annotations: Map::new(),
            subsegments: Vec::new(),
        }
    }
}

impl Document {
    /// The document's JSON.
    pub(crate) fn json(&self) -> Bytes {
        let bytes = serde_json::to_vec(self).expect("documents have text keys and finite numbers");
        bytes.into()
    }
}

/// What the service's segment tells.
pub(crate) struct ServiceSegment<'a> {
    pub(crate) id: SegmentId,
    pub(crate) trace: TraceId,
    pub(crate) parent: Option<SegmentId>,
    /// As invoked: with the qualifier, if one was given.
    pub(crate) function: &'a FunctionArn,
    pub(crate) request_id: &'a str,
    pub(crate) span: Span,
    /// 200, 202, 429, or 500 when we failed.
    pub(crate) status: u16,
    /// Why it is recorded although it was not sampled.
    pub(crate) kept: Option<Kept>,
}

/// `AWS::Lambda`.
pub(crate) fn service(told: &ServiceSegment<'_>) -> Document {
    let mut part = Part::new(
        told.id,
        &told.function.name,
        millis(told.span.0),
        Some(millis(told.span.1)),
    );
    part.http = Some(json!({ "response": { "status": told.status } }));
    part.aws = Some(json!({ "request_id": told.request_id }));
    part.throttle = told.status == 429;
    part.error = (400..500).contains(&told.status);
    part.fault = told.status >= 500;
    Document {
        part,
        trace_id: told.trace,
        parent_id: told.parent,
        kind: None,
        origin: Some("AWS::Lambda"),
        resource_arn: Some(told.function.to_string()),
        metadata: told.kept.map(|kept| json!({ "fluoro": { "kept": kept } })),
    }
}

/// The service's segment has milliseconds, as captured.
fn millis(micros: i64) -> i64 {
    micros.div_euclid(1000) * 1000
}

/// `Dwell Time` of an asynchronous invocation: a child of the service's segment, sent by itself.
pub(crate) fn dwell(trace: TraceId, service: SegmentId, id: SegmentId, span: Span) -> Document {
    lone(
        trace,
        service,
        Part::new(id, "Dwell Time", span.0, Some(span.1)),
    )
}

/// `Attempt #n` of an asynchronous invocation.
pub(crate) fn attempt(
    trace: TraceId,
    service: SegmentId,
    id: SegmentId,
    number: u32,
    span: Span,
    failed: bool,
) -> Document {
    let mut part = Part::new(id, format!("Attempt #{number}"), span.0, Some(span.1));
    part.http = Some(json!({ "response": { "status": 200 } }));
    part.fault = failed;
    lone(trace, service, part)
}

fn lone(trace: TraceId, parent: SegmentId, part: Part) -> Document {
    Document {
        part,
        trace_id: trace,
        parent_id: Some(parent),
        kind: Some("subsegment"),
        origin: None,
        resource_arn: None,
        metadata: None,
    }
}

/// What the function's segment tells.
#[derive(Debug, Clone)]
pub(crate) struct FunctionSegment<'a> {
    pub(crate) ids: RunIds,
    pub(crate) trace: TraceId,
    /// The service's segment, or the attempt.
    pub(crate) parent: SegmentId,
    pub(crate) function: &'a FunctionArn,
    pub(crate) log_group: &'a str,
    /// Of the environment's start, for its first invocation.
    pub(crate) init: Option<(SegmentId, Span)>,
    /// Whether the start is what failed.
    pub(crate) init_failed: bool,
    /// When the event was handed to the runtime.
    pub(crate) start: i64,
    /// When the runtime had answered; `None` when it never got the event or never answered.
    pub(crate) answered: Option<i64>,
    /// When the runtime was ready for the next event, with the overhead's id.
    pub(crate) ready: Option<(SegmentId, i64)>,
    /// When it was over; `None` while it runs.
    pub(crate) end: Option<i64>,
    /// Set when it failed.
    pub(crate) cause: Option<Value>,
}

/// `AWS::Lambda::Function`.
pub(crate) fn function(told: &FunctionSegment<'_>, style: SegmentStyle) -> Document {
    let arn = told.function.unqualified().to_string();
    let aws = json!({ "function_arn": arn });
    let mut part = Part::new(told.ids.function, &told.function.name, told.start, told.end);
    let mut own = json!({
        "account_id": told.function.account,
        "function_arn": arn,
        "resource_names": [told.function.name],
    });
    if style == SegmentStyle::V2 {
        own["cloudwatch_logs"] = json!([{ "log_group": told.log_group }]);
    }
    part.aws = Some(own);
    part.fault = told.cause.is_some();
    if let Some((id, span)) = told.init {
        let name = match style {
            SegmentStyle::V1 => "Initialization",
            SegmentStyle::V2 => "Init",
        };
        let mut init = Part::new(id, name, span.0, Some(span.1));
        init.aws = Some(aws.clone());
        init.fault = told.init_failed;
        part.subsegments.push(init);
    }
    if style == SegmentStyle::V1 && !told.init_failed {
        let end = told.answered.or(told.end);
        let mut invocation = Part::new(told.ids.invocation, "Invocation", told.start, end);
        invocation.aws = Some(aws.clone());
        invocation.fault = told.cause.is_some();
        part.subsegments.push(invocation);
    }
    if let (Some(answered), Some((id, ready))) = (told.answered, told.ready) {
        let mut overhead = Part::new(id, "Overhead", answered, Some(ready));
        overhead.aws = Some(aws);
        part.subsegments.push(overhead);
    }
    if style == SegmentStyle::V2 {
        annotate(&mut part.annotations, told);
    }
    part.cause.clone_from(&told.cause);
    Document {
        part,
        trace_id: told.trace,
        parent_id: Some(told.parent),
        kind: None,
        origin: Some("AWS::Lambda::Function"),
        resource_arn: None,
        metadata: None,
    }
}

/// The new style's metrics, in milliseconds.
fn annotate(annotations: &mut Map<String, Value>, told: &FunctionSegment<'_>) {
    let Some(answered) = told.answered else {
        return;
    };
    let mut annotate = |name: &str, from: i64, to: i64| {
        let micros = TimestampMicros(to - from);
        annotations.insert(name.to_owned(), (micros.seconds() * 1e3).into());
    };
    annotate("aws:responseLatency", told.start, answered);
    annotate("aws:responseDuration", answered, answered);
    if let Some((_, ready)) = told.ready {
        annotate("aws:runtimeOverhead", answered, ready);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(function: &FunctionArn) -> FunctionSegment<'_> {
        FunctionSegment {
            ids: RunIds {
                function: SegmentId::from_bits(1),
                invocation: SegmentId::from_bits(2),
            },
            trace: TraceId::from_bits(3),
            parent: SegmentId::from_bits(4),
            function,
            log_group: "/aws/lambda/orders",
            init: Some((SegmentId::from_bits(5), (1_000_000, 1_500_000))),
            init_failed: false,
            start: 2_000_000,
            answered: Some(2_100_000),
            ready: Some((SegmentId::from_bits(6), 2_103_250)),
            end: Some(2_103_250),
            cause: None,
        }
    }

    fn orders() -> FunctionArn {
        FunctionArn::resolve("orders", None, "us-east-1", "000000000000").unwrap()
    }

    fn json_of(document: &Document) -> Value {
        serde_json::from_slice(&document.json()).unwrap()
    }

    fn names(document: &Value) -> Vec<&str> {
        let parts = document["subsegments"].as_array().unwrap();
        parts
            .iter()
            .map(|part| part["name"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn the_old_style_has_three_subsegments_and_no_annotation() {
        let orders = orders();
        let document = json_of(&function(&told(&orders), SegmentStyle::V1));
        assert_eq!(
            names(&document),
            ["Initialization", "Invocation", "Overhead"]
        );
        assert_eq!(document["subsegments"][1]["id"], "0000000000000002");
        assert_eq!(document["start_time"], 2.0);
        assert_eq!(document["end_time"], 2.10325);
        assert_eq!(document["aws"]["account_id"], "000000000000");
        assert!(document.get("annotations").is_none() && document.get("in_progress").is_none());
    }

    #[test]
    fn the_new_style_has_metrics_and_no_invocation() {
        let orders = orders();
        let document = json_of(&function(&told(&orders), SegmentStyle::V2));
        assert_eq!(names(&document), ["Init", "Overhead"]);
        assert_eq!(document["annotations"]["aws:responseLatency"], 100.0);
        assert_eq!(document["annotations"]["aws:runtimeOverhead"], 3.25);
        assert_eq!(
            document["aws"]["cloudwatch_logs"][0]["log_group"],
            "/aws/lambda/orders"
        );
    }

    #[test]
    fn while_it_runs_it_is_in_progress() {
        let orders = orders();
        let running = FunctionSegment {
            answered: None,
            ready: None,
            end: None,
            ..told(&orders)
        };
        let document = json_of(&function(&running, SegmentStyle::V1));
        assert_eq!(document["in_progress"], true);
        assert_eq!(document["subsegments"][1]["in_progress"], true);
        assert!(document.get("end_time").is_none());
    }

    #[test]
    fn a_throttled_call_leaves_only_the_services_segment() {
        let orders = orders();
        let document = json_of(&service(&ServiceSegment {
            id: SegmentId::from_bits(1),
            trace: TraceId::from_bits(3),
            parent: None,
            function: &orders,
            request_id: "r",
            span: (1_234_567, 1_299_999),
            status: 429,
            kept: None,
        }));
        assert_eq!(
            (&document["error"], &document["throttle"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(document["start_time"], 1.234);
        assert_eq!(document["resource_arn"], orders.to_string());
    }
}
