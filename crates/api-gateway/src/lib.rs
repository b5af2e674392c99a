//! The API Gateway management API: typed operations, routes, one error mapping.
//!
//! REST JSON without HAL: SDKs ask for plain JSON, and get it whether they ask or not. Collections are `item`, times are
//! whole seconds since the epoch, members that were not set are left away. Source: API model of 2015-07-09; recorded
//! answers.
//!
//! | module | holds |
//! |---|---|
//! | `route` | method and path to operation; those that we do not have, by name |
//! | `input`, `output` | wire forms in and out |
//! | `operations` | each operation: read, do, write |
//! | `error` | the one mapping of errors to answers |

mod error;
mod input;
mod operations;
mod output;
mod route;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE as BASE64URL;
use fluoro_gateway::Gateway;
use fluoro_wire::route::{Matched, Routes};
use fluoro_wire::{Call, Response, Service};
use http::{HeaderName, HeaderValue};

use crate::route::Operation;

/// The management API of one account, signing name `apigateway`.
#[derive(Debug)]
pub struct ApiGateway {
    gateway: Gateway,
    routes: Routes<Operation>,
}

const EXTENDED_ID: HeaderName = HeaderName::from_static("x-amz-apigw-id");

// === impl ApiGateway ===

impl ApiGateway {
    /// Answers for the APIs of `gateway`.
    #[must_use]
    pub fn new(gateway: Gateway) -> Self {
        Self {
            gateway,
            routes: route::routes(),
        }
    }
}

#[async_trait]
impl Service for ApiGateway {
    fn signing_name(&self) -> &'static str {
        "apigateway"
    }

    async fn call(&self, call: Call) -> Response {
        let (method, path) = (&call.head.method, call.head.uri.path());
        let answer = match self.routes.find(method, path) {
            Matched::Operation(operation, labels) => {
                let input = input::Input::new(&call, labels);
                operations::run(&self.gateway, *operation, &input).await
            }
            Matched::WrongMethod | Matched::Nothing => Err(error::unknown(method, path)),
        };
        let mut response = answer.unwrap_or_else(|error| error.rest_json(&call.request_id));
        // Management answers are made by an API of AWS's own, and have its second id too.
        let id = call.request_id.as_bytes();
        let extended = BASE64URL.encode(&id[..id.len().min(11)]);
        if let Ok(value) = HeaderValue::from_str(&extended) {
            response.headers_mut().insert(EXTENDED_ID, value);
        }
        response
    }
}
