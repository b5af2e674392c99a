//! The API Gateway management API: typed operations, routes, one error mapping.

use async_trait::async_trait;
use fluoro_gateway::Gateway;
use fluoro_wire::{Call, JsonError, Response, Service};
use http::StatusCode;

/// The management API of one account, signing name `apigateway`.
#[derive(Debug)]
pub struct ApiGateway {
    _gateway: Gateway,
}

// === impl ApiGateway ===

impl ApiGateway {
    /// Answers for the APIs of `gateway`.
    #[must_use]
    pub fn new(gateway: Gateway) -> Self {
        Self { _gateway: gateway }
    }
}

#[async_trait]
impl Service for ApiGateway {
    fn signing_name(&self) -> &'static str {
        "apigateway"
    }

    async fn call(&self, call: Call) -> Response {
        let message = format!(
            "{} {} is no operation",
            call.head.method,
            call.head.uri.path()
        );
        JsonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
            .rest_json(&call.request_id)
    }
}
