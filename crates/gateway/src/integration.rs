//! What answers a method: prepared once for a deployed stage, called once for each request.

pub(crate) mod event;
pub(crate) mod function;
pub(crate) mod http_proxy;
pub(crate) mod mock;
pub(crate) mod proxy_answer;
pub(crate) mod reserved;

use http::{HeaderMap, StatusCode};

use crate::gateway_response::ErrorAnswer;
use crate::response::{HeaderSpelling, ResponseBody};

/// An integration, ready to be called.
#[derive(Debug)]
pub(crate) enum Plan {
    Function(function::FunctionPlan),
    HttpProxy(Box<http_proxy::HttpPlan>),
    Mock(mock::MockPlan),
    /// Every request is a 500, for this reason in AWS's words.
    Broken(String),
}

/// What an integration came to.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The answer's own headers, reserved ones already renamed.
    pub(crate) headers: HeaderMap,
    pub(crate) spelling: HeaderSpelling,
    pub(crate) body: ResponseBody,
    /// What a function's answer adds to the trace header.
    pub(crate) trace: AnswerTrace,
}

/// Whether an answer carries a trace header of the gateway's making.
#[derive(Debug)]
pub(crate) enum AnswerTrace {
    /// MOCK and HTTP_PROXY: none but the backend's own. Source: recorded answers.
    None,
    /// A function: with the lineage that Lambda's answer had.
    Function { lineage: Option<String> },
}

/// Why an integration has no answer of its own.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the client gets.
    pub(crate) answer: ErrorAnswer,
    /// What the operator needs, in AWS's words.
    pub(crate) reason: String,
}

// === impl Failure ===

impl Failure {
    pub(crate) fn new(answer: ErrorAnswer, reason: impl Into<String>) -> Self {
        Self {
            answer,
            reason: reason.into(),
        }
    }

    /// The integration is not set up as it must be.
    pub(crate) fn configuration(reason: &str) -> Self {
        let reason = format!("Execution failed due to configuration error: {reason}");
        Self::new(ErrorAnswer::configuration(), reason)
    }
}
