//! AWS_PROXY: a function sees the request and makes the whole answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use fluoro_functions::{Invocation, InvokeError, Invoker, LogTail, Outcome};
use fluoro_iam::{Conditions, Principal, resource_policy_allows};
use http::Method;

use super::proxy_answer::{Base64, Malformed, ProxyAnswer};
use super::{Answer, AnswerTrace, Failure, event, reserved};
use crate::context::Context;
use crate::gateway_response::ErrorAnswer;
use crate::records::Integration;
use crate::response::ResponseBody;
use crate::trace::{Backend, Flags, Recording, Tracing};
use crate::uri::{self, FunctionTarget};

/// A function to call, with what is the same for every request.
#[derive(Debug)]
pub(crate) struct FunctionPlan {
    arn: String,
    name: Arc<str>,
    region: Arc<str>,
    url: Arc<str>,
    /// The last judgement of the function's policy, so that the same question is not judged twice.
    judged: ArcSwapOption<Judgement>,
}

#[derive(Debug)]
struct Judgement {
    policy: String,
    verb: Method,
    allowed: bool,
}

// === impl FunctionPlan ===

impl FunctionPlan {
    /// Prepares the integration, or says why every request will fail.
    pub(crate) fn prepare(
        integration: &Integration,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        if integration.http_method.as_deref() != Some("POST") {
            return Err("Lambda functions are invoked with POST".to_owned());
        }
        let uri = integration.uri.as_deref().unwrap_or_default();
        let uri = uri::with_stage_variables(uri, variables);
        let target = FunctionTarget::parse(&uri).map_err(|error| error.to_string())?;
        Ok(Self {
            url: format!(
                "https://lambda.{}.amazonaws.com/2015-03-31/functions/{}/invocations",
                target.region, target.arn
            )
            .into(),
            arn: target.arn,
            name: target.name.into(),
            region: target.region.into(),
            judged: ArcSwapOption::empty(),
        })
    }

    /// Calls the function and reads its answer.
    pub(crate) async fn call(
        &self,
        invoker: &Arc<dyn Invoker>,
        context: &Context<'_>,
        tracing: &Tracing,
        recording: &mut Option<Box<Recording>>,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        if let Some(recording) = recording {
            recording.calls(Backend::Function {
                url: Arc::clone(&self.url),
                name: Arc::clone(&self.name),
                region: Arc::clone(&self.region),
            });
        }
        if !self.may_be_called(&**invoker, context).await {
            refused(recording, 403);
            return Err(Failure::configuration(
                "Invalid permissions on Lambda function",
            ));
        }
        let invocation = Invocation {
            function_arn: self.arn.clone(),
            payload: event::write(context, &tracing.in_event(context.head), &body),
            trace: tracing.to_integration(),
            client_context: None,
            log_tail: LogTail::None,
        };
        // On its own task: a function that has been called runs on when its caller stops waiting.
        let invoker = Arc::clone(invoker);
        let running = tokio::spawn(async move { invoker.invoke(invocation).await });
        let timeout = context.method.timeout;
        match tokio::time::timeout(timeout, running).await {
            Err(_elapsed) => {
                failed(recording);
                let reason = "Execution failed due to a timeout error";
                Err(Failure::new(ErrorAnswer::integration_timeout(), reason))
            }
            Ok(Err(panicked)) => {
                failed(recording);
                Err(Failure::new(
                    ErrorAnswer::bad_gateway(),
                    panicked.to_string(),
                ))
            }
            Ok(Ok(Err(error))) => Err(not_invoked(&error, recording)),
            Ok(Ok(Ok(outcome))) => answer(outcome, context, recording),
        }
    }

    /// Whether the function's own policy lets this method of the API call it.
    async fn may_be_called(&self, invoker: &dyn Invoker, context: &Context<'_>) -> bool {
        let policy = match invoker.resource_policy(&self.arn).await {
            Ok(Some(policy)) => policy,
            Ok(None) | Err(_) => return false,
        };
        let verb = &context.head.method;
        if let Some(judged) = &*self.judged.load()
            && judged.verb == *verb
            && judged.policy == policy
        {
            return judged.allowed;
        }
        let source = context
            .stage
            .method_arn(verb.as_str(), &context.method.resource_path);
        let conditions = Conditions::none()
            .with("aws:SourceArn", source)
            .with("aws:SourceAccount", &*context.stage.account.0);
        let allowed = resource_policy_allows(
            &policy,
            &Principal::Service("apigateway.amazonaws.com".to_owned()),
            "lambda:InvokeFunction",
            &self.arn,
            &conditions,
        );
        self.judged.store(Some(Arc::new(Judgement {
            policy,
            verb: verb.clone(),
            allowed,
        })));
        allowed
    }
}

/// The function ran; what it returned becomes the answer.
fn answer(
    outcome: Outcome,
    context: &Context<'_>,
    recording: &mut Option<Box<Recording>>,
) -> Result<Answer, Failure> {
    let length = outcome.payload.len() as u64;
    if outcome.error.is_some() {
        note(recording, 200, length, Flags::FAULT);
        let reason = format!(
            "Lambda execution failed with status 200 due to customer function error: {}. Lambda request id: {}",
            error_message(&outcome.payload),
            outcome.request_id
        );
        return Err(Failure::new(ErrorAnswer::bad_gateway(), reason));
    }
    let base64 = if context.stage.binary.contains(context.head.accept()) {
        Base64::Decoded
    } else {
        Base64::Kept
    };
    let returned = match ProxyAnswer::parse(&outcome.payload, base64) {
        Ok(returned) => returned,
        Err(malformed @ Malformed) => {
            note(recording, 200, length, Flags::FAULT);
            let reason = format!("Execution failed due to configuration error: {malformed}");
            return Err(Failure::new(ErrorAnswer::bad_gateway(), reason));
        }
    };
    let status = returned.status.as_u16();
    note(
        recording,
        status,
        returned.body.len() as u64,
        Flags::of(status),
    );
    Ok(Answer {
        status: returned.status,
        headers: reserved::rename_in_answer(returned.headers),
        spelling: returned.spelling,
        body: ResponseBody::whole(returned.body),
        trace: AnswerTrace::Function {
            lineage: outcome.trace.lineage,
        },
    })
}

/// Lambda did not run the function.
fn not_invoked(error: &InvokeError, recording: &mut Option<Box<Recording>>) -> Failure {
    let (status, answer) = match error {
        InvokeError::NotFound { .. } => (404, ErrorAnswer::configuration()),
        InvokeError::NotReady { .. } => (409, ErrorAnswer::configuration()),
        InvokeError::Throttled { .. } => (429, ErrorAnswer::configuration()),
        InvokeError::TooLarge { .. } => (413, ErrorAnswer::request_too_large()),
        InvokeError::Service(_) => (500, ErrorAnswer::bad_gateway()),
    };
    refused(recording, status);
    let reason = format!("Lambda invocation failed with status: {status}. {error}");
    Failure::new(answer, reason)
}

fn error_message(payload: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Error {
        error_message: String,
    }
    let error: Result<Error, _> = serde_json::from_slice(payload);
    error.map_or_else(|_| "unknown".to_owned(), |error| error.error_message)
}

fn note(recording: &mut Option<Box<Recording>>, status: u16, length: u64, flags: Flags) {
    if let Some(recording) = recording {
        recording.called(status, length, flags);
    }
}

fn refused(recording: &mut Option<Box<Recording>>, status: u16) {
    note(recording, status, 0, Flags::of(status));
}

fn failed(recording: &mut Option<Box<Recording>>) {
    if let Some(recording) = recording {
        recording.call_failed();
    }
}
