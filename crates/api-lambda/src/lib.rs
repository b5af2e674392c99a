//! The Lambda API: typed operations, routes, one error mapping.

use async_trait::async_trait;
use fluoro_functions::Functions;
use fluoro_iam::Iam;
use fluoro_wire::{Call, JsonError, Response, Service};
use http::StatusCode;

/// The service behind the signing name `lambda`.
#[derive(Debug, Clone)]
pub struct Lambda {
    functions: Functions,
    iam: Iam,
}

impl Lambda {
    /// Answers for these functions; `iam` judges roles, and the sessions that call.
    #[must_use]
    pub fn new(functions: Functions, iam: Iam) -> Self {
        Self { functions, iam }
    }
}

#[async_trait]
impl Service for Lambda {
    fn signing_name(&self) -> &'static str {
        "lambda"
    }

    async fn call(&self, call: Call) -> Response {
        tracing::debug!(functions = ?self.functions, iam = ?self.iam, "no operation is served yet");
        JsonError::new(
            StatusCode::NOT_FOUND,
            "UnknownOperationException",
            format!(
                "{} {} is not served",
                call.head.method,
                call.head.uri.path()
            ),
        )
        .rest_json(&call.request_id)
    }
}
