//! The one mapping of errors to answers.
//!
//! Source: API model; recorded refusals, whose bodies are `{"message"}` alone.

use fluoro_gateway::management::ManagementError;
use fluoro_wire::JsonError;
use http::{Method, StatusCode};

pub(crate) fn answer(error: ManagementError) -> JsonError {
    let message = error.to_string();
    match error {
        ManagementError::NotFound(_) => {
            JsonError::new(StatusCode::NOT_FOUND, "NotFoundException", message)
        }
        ManagementError::BadRequest(_) | ManagementError::Unsupported(_) => bad_request(message),
        ManagementError::Conflict(_) => {
            JsonError::new(StatusCode::CONFLICT, "ConflictException", message)
        }
        ManagementError::Catalog(source) => {
            let cause = std::error::Error::source(&source).map(ToString::to_string);
            tracing::error!(error = %source, cause, "failed to use the catalog");
            JsonError::internal_failure()
        }
    }
}

pub(crate) fn bad_request(message: impl Into<String>) -> JsonError {
    JsonError::new(StatusCode::BAD_REQUEST, "BadRequestException", message)
}

/// An operation or a member that AWS has and we do not yet.
pub(crate) fn unsupported(what: impl Into<String>) -> JsonError {
    answer(ManagementError::Unsupported(what.into()))
}

/// No operation of the service.
pub(crate) fn unknown(method: &Method, path: &str) -> JsonError {
    let message = format!("{method} {path} is no operation of API Gateway");
    JsonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}
