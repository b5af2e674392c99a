//! The two shapes of an answer: JSON, and a problem in JSON.

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::body::{self, Body};

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Problem"))]
pub(super) struct ErrorDocument<'p> {
    error: ErrorMembers<'p>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "ProblemMembers"))]
struct ErrorMembers<'p> {
    code: &'p str,
    message: &'p str,
}

// === impl Reply ===

impl Reply {
    /// 200 with this document.
    pub(super) fn json(document: &impl Serialize) -> Self {
        Self::with_status(StatusCode::OK, document)
    }

    /// This status with this document.
    pub(super) fn with_status(status: StatusCode, document: &impl Serialize) -> Self {
        let body =
            serde_json::to_vec(document).expect("answers have text keys and no failing serializer");
        Self {
            status,
            body: body.into(),
        }
    }

    /// 204 without a body.
    pub(super) fn nothing() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: Bytes::new(),
        }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let has_body = !self.body.is_empty();
        let mut response = Response::new(body::whole(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if has_body {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        let fresh = HeaderValue::from_static("no-store");
        headers.insert(header::CACHE_CONTROL, fresh);
        response
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let document = ErrorDocument {
            error: ErrorMembers {
                code: problem.code,
                message: &problem.message,
            },
        };
        Self::with_status(problem.status, &document)
    }
}

// === impl Problem ===

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl std::fmt::Display,
    ) -> Self {
        Self {
            status,
            code,
            message: message.to_string(),
        }
    }

    /// Our own failure, with all that is known of it.
    pub(super) fn failed(what: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "{what}");
        let message = format!("{what}: {error}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailure",
            message,
        )
    }

    pub(super) fn nowhere(path: &str) -> Self {
        let message = format!("there is nothing at {path}");
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn method(method: &Method, allowed: &str) -> Self {
        let message = format!("{method} is not possible here; {allowed} is");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }
}
