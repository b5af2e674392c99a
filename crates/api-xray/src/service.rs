//! The service: from a call to an operation, to an answer.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_ambient::Ambient;
use fluoro_iam::{Denied, Iam};
use fluoro_ingest::Ingest;
use fluoro_model::TimestampMicros;
use fluoro_query::Graphs;
use fluoro_query::groups::Groups;
use fluoro_query::insights::Insights;
use fluoro_query::time_series::Forecast;
use fluoro_store::scan::{Budget, Scan};
use fluoro_wire::json_error::written_response;
use fluoro_wire::json_input::{self, JsonInput};
use fluoro_wire::route::{Matched, Routes};
use fluoro_wire::{Call, Response, Service, json_response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::error::XRayError;
use crate::operation::{Operation, routes};
use crate::policies;
use crate::records::XRayRecords;
use crate::retrieval::Retrievals;
use crate::rules::SamplingRules;
use crate::segments::in_usual_body;
use crate::settings::XRaySettings;
use crate::telemetry::TelemetryLedger;

/// What the service stands on.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Time.
    pub ambient: Ambient,
    /// Where traces are read.
    pub scan: Arc<dyn Scan>,
    /// The account of what questions hold.
    pub questions: Arc<Budget>,
    /// Graphs of what arrived.
    pub graphs: Graphs,
    /// Who foretells faults.
    pub forecast: Arc<dyn Forecast>,
    /// What went wrong in the groups.
    pub insights: Insights,
    /// Where documents go.
    pub ingest: Arc<Ingest>,
    /// The sampling rules, durable.
    pub rules: SamplingRules,
    /// The groups, durable.
    pub groups: Groups,
    /// Tags, policies and settings, durable.
    pub records: XRayRecords,
    /// Who may do what.
    pub iam: Iam,
    /// Limits of answers.
    pub settings: XRaySettings,
}

/// The X-Ray service.
pub struct XRay {
    pub(crate) parts: Parts,
    pub(crate) telemetry: TelemetryLedger,
    pub(crate) retrievals: Arc<Retrievals>,
    routes: Routes<Operation>,
}

impl XRay {
    /// The service over these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        policies::put_all_in_force(&parts.records, &parts.iam);
        Self {
            parts,
            telemetry: TelemetryLedger::default(),
            retrievals: Arc::default(),
            routes: routes(),
        }
    }

    pub(crate) fn now(&self) -> TimestampMicros {
        TimestampMicros(self.parts.ambient.now_micros())
    }

    async fn answer(&self, call: &Call, operation: Operation) -> Result<Answer, XRayError> {
        if let Operation::PutTraceSegments = operation
            && let Some(documents) = in_usual_body(call)
        {
            return self.put_documents(call, documents).await;
        }
        let members = json_input::parse(&call.body)?;
        let input = JsonInput::new(&members);
        self.authorize(call, operation, input)?;
        match operation {
            Operation::BatchGetTraces => self.batch_get_traces(call, input).await,
            Operation::CancelTraceRetrieval => self.cancel_trace_retrieval(call, input),
            Operation::CreateGroup => self.create_group(call, input).await,
            Operation::CreateSamplingRule => self.create_sampling_rule(call, input).await,
            Operation::DeleteGroup => self.delete_group(call, input).await,
            Operation::DeleteResourcePolicy => self.delete_resource_policy(call, input).await,
            Operation::DeleteSamplingRule => self.delete_sampling_rule(call, input).await,
            Operation::GetEncryptionConfig => Ok(self.get_encryption_config(call)),
            Operation::GetGroup => self.get_group(call, input),
            Operation::GetGroups => self.get_groups(call, input),
            Operation::GetIndexingRules => self.get_indexing_rules(call, input),
            Operation::GetInsight => self.get_insight(call, input),
            Operation::GetInsightEvents => self.get_insight_events(call, input),
            Operation::GetInsightImpactGraph => self.get_insight_impact_graph(call, input).await,
            Operation::GetInsightSummaries => self.get_insight_summaries(call, input),
            Operation::GetRetrievedTracesGraph => {
                self.get_retrieved_traces_graph(call, input).await
            }
            Operation::GetSamplingRules => self.get_sampling_rules(call, input),
            Operation::GetSamplingStatisticSummaries => {
                self.get_sampling_statistic_summaries(call, input)
            }
            Operation::GetSamplingTargets => self.get_sampling_targets(call, input),
            Operation::GetServiceGraph => self.get_service_graph(call, input).await,
            Operation::GetTimeSeriesServiceStatistics => {
                self.get_time_series_service_statistics(call, input).await
            }
            Operation::GetTraceGraph => self.get_trace_graph(call, input).await,
            Operation::GetTraceSegmentDestination => Ok(self.get_trace_segment_destination(call)),
            Operation::GetTraceSummaries => self.get_trace_summaries(call, input).await,
            Operation::ListResourcePolicies => self.list_resource_policies(call, input),
            Operation::ListRetrievedTraces => self.list_retrieved_traces(call, input).await,
            Operation::ListTagsForResource => self.list_tags_for_resource(call, input),
            Operation::PutEncryptionConfig => self.put_encryption_config(call, input).await,
            Operation::PutResourcePolicy => self.put_resource_policy(call, input).await,
            Operation::PutTelemetryRecords => self.put_telemetry_records(call, input),
            Operation::PutTraceSegments => self.put_trace_segments(call, input).await,
            Operation::StartTraceRetrieval => self.start_trace_retrieval(call, input),
            Operation::TagResource => self.tag_resource(call, input).await,
            Operation::UntagResource => self.untag_resource(call, input).await,
            Operation::UpdateGroup => self.update_group(call, input).await,
            Operation::UpdateIndexingRule => self.update_indexing_rule(call, input).await,
            Operation::UpdateSamplingRule => self.update_sampling_rule(call, input).await,
            Operation::UpdateTraceSegmentDestination => {
                self.update_trace_segment_destination(call, input).await
            }
        }
    }

    /// Judges the caller. Actions on a rule or group are on it, all others on nothing in particular.
    fn authorize(
        &self,
        call: &Call,
        operation: Operation,
        input: JsonInput<'_>,
    ) -> Result<(), XRayError> {
        let judged = self.judge(call, operation, input);
        if let (Err(denied), Operation::PutTraceSegments) = (&judged, operation) {
            self.count_not_allowed(call, Self::documents_in(input), denied);
        }
        Ok(judged?)
    }

    pub(crate) fn judge(
        &self,
        call: &Call,
        operation: Operation,
        input: JsonInput<'_>,
    ) -> Result<(), Denied> {
        let action = format!("xray:{}", operation.name());
        let subject = self.subject_of(call, operation, input);
        let conditions = self.conditions_of(call, input, subject.as_deref());
        let resource = subject.as_deref().unwrap_or("*");
        self.parts
            .iam
            .authorize(&call.caller, &action, resource, &conditions)?;
        let tags = input.value("Tags").and_then(Value::as_array);
        if operation == Operation::CreateSamplingRule && tags.is_some_and(|tags| !tags.is_empty()) {
            // Tags of a new rule take a right of their own (recorded).
            let iam = &self.parts.iam;
            iam.authorize(&call.caller, "xray:TagResource", resource, &conditions)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Service for XRay {
    fn signing_name(&self) -> &'static str {
        "xray"
    }

    fn only_asks(&self, head: &http::request::Parts) -> bool {
        let found = self.routes.find(&head.method, head.uri.path());
        matches!(found, Matched::Operation(operation, _) if operation.only_asks())
    }

    async fn call(&self, call: Call) -> Response {
        let path = call.head.uri.path();
        let mut response = match self.routes.find(&call.head.method, path) {
            Matched::Operation(&operation, _) => match self.answer(&call, operation).await {
                Ok(output) => written_response(StatusCode::OK, output, &call.request_id),
                Err(error) => {
                    if error.is_ours() {
                        log_failure(operation, &call, &error);
                    }
                    error.on_the_wire().rest_json(&call.request_id)
                }
            },
            Matched::WrongMethod | Matched::Nothing => {
                json_response(StatusCode::OK, &UnknownOperation::ANSWER, &call.request_id)
            }
        };
        for (name, value) in EVERYWHERE {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

fn log_failure(operation: Operation, call: &Call, error: &XRayError) {
    tracing::error!(
        operation = operation.name(),
        request_id = call.request_id,
        error = error as &dyn std::error::Error,
        "an operation failed"
    );
}

/// Headers of every answer (recorded).
const EVERYWHERE: [(HeaderName, HeaderValue); 2] = [
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=31540000; includeSubDomains"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// What the service answers on a path that is no operation: status 200 and no error header (recorded).
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnknownOperation {
    output: UnknownOperationOutput,
    version: &'static str,
}

#[derive(Debug, Serialize)]
struct UnknownOperationOutput {
    #[serde(rename = "__type")]
    error_type: &'static str,
}

impl UnknownOperation {
    const ANSWER: Self = Self {
        output: UnknownOperationOutput {
            error_type: "com.amazon.coral.service#UnknownOperationException",
        },
        version: "1.0",
    };
}

impl fmt::Debug for XRay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XRay")
            .field("settings", &self.parts.settings)
            .finish_non_exhaustive()
    }
}
