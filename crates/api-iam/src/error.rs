//! The one place that turns failures into the codes, statuses and messages of IAM and STS.

use std::error::Error;

use fluoro_iam::{AssumeError, Denied, IamError, IamErrorKind};
use fluoro_wire::Violations;
use fluoro_wire::query::QueryError;
use http::StatusCode;

pub(crate) fn of_iam(error: &IamError) -> QueryError {
    let Some(kind) = error.kind() else {
        return failure(error);
    };
    let (status, code) = match kind {
        IamErrorKind::NoSuchEntity => (StatusCode::NOT_FOUND, "NoSuchEntity"),
        IamErrorKind::EntityAlreadyExists => (StatusCode::CONFLICT, "EntityAlreadyExists"),
        IamErrorKind::DeleteConflict => (StatusCode::CONFLICT, "DeleteConflict"),
        IamErrorKind::MalformedPolicyDocument => {
            (StatusCode::BAD_REQUEST, "MalformedPolicyDocument")
        }
        IamErrorKind::LimitExceeded => (StatusCode::CONFLICT, "LimitExceeded"),
        IamErrorKind::AccessDenied => (StatusCode::FORBIDDEN, "AccessDenied"),
        IamErrorKind::ConcurrentModification => (StatusCode::CONFLICT, "ConcurrentModification"),
    };
    QueryError::new(status, code, error.to_string())
}

pub(crate) fn of_assume(error: &AssumeError, caller_arn: &str, role_arn: &str) -> QueryError {
    match error {
        // AWS does not tell an unknown role from one that does not trust the caller.
        AssumeError::UnknownRole(_) | AssumeError::NotTrusted { .. } => access_denied(format!(
            "User: {caller_arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        )),
        AssumeError::TooLong => validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ),
        AssumeError::Catalog(_) => failure(error),
    }
}

pub(crate) fn of_denied(denied: &Denied) -> QueryError {
    access_denied(denied.to_string())
}

pub(crate) fn of_violations(violations: &Violations) -> QueryError {
    validation(violations.to_string())
}

pub(crate) fn validation(message: impl Into<String>) -> QueryError {
    QueryError::new(StatusCode::BAD_REQUEST, "ValidationError", message)
}

fn access_denied(message: String) -> QueryError {
    QueryError::new(StatusCode::FORBIDDEN, "AccessDenied", message)
}

/// Our own fault: logged here with its causes, and told to nobody outside.
fn failure(error: &dyn Error) -> QueryError {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(%error, cause, "an identity operation failed");
    let message = "The request processing has failed because of an unknown error, exception or \
                   failure.";
    QueryError::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceFailure", message)
}
