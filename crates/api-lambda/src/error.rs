//! The one mapping of errors to answers: `{"Type":"User","message":…}`, with `Message` for what was not found.
//! Source: recorded refusals.

use fluoro_functions::{CodeError, InvokeError, ManageError, ZIPPED_LIMIT};
use fluoro_wire::JsonError;
use http::{Method, StatusCode};

const OTHER_REVISION: &str = "The Revision Id provided does not match the latest Revision Id. Call the \
                              GetFunction/GetAlias API to retrieve the latest Revision Id";

pub(crate) fn user(
    status: StatusCode,
    code: &'static str,
    message: impl Into<String>,
) -> JsonError {
    JsonError::new(status, code, message).member("Type", "User")
}

pub(crate) fn invalid(message: impl Into<String>) -> JsonError {
    user(
        StatusCode::BAD_REQUEST,
        "InvalidParameterValueException",
        message,
    )
}

pub(crate) fn not_found(message: impl Into<String>) -> JsonError {
    JsonError::capital(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        .member("Type", "User")
}

pub(crate) fn function_not_found(arn: &str) -> JsonError {
    not_found(format!("Function not found: {arn}"))
}

pub(crate) fn too_large(message: impl Into<String>) -> JsonError {
    user(
        StatusCode::PAYLOAD_TOO_LARGE,
        "RequestEntityTooLargeException",
        message,
    )
}

fn conflict(message: impl Into<String>) -> JsonError {
    user(StatusCode::CONFLICT, "ResourceConflictException", message)
}

/// An operation or a parameter that AWS has and we do not yet.
pub(crate) fn unsupported(what: &str) -> JsonError {
    invalid(format!("{what} is not supported yet"))
}

/// No operation of the service.
pub(crate) fn unknown(method: &Method, path: &str) -> JsonError {
    let message = format!("{method} {path} is no operation of Lambda");
    JsonError::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
}

fn internal(error: &dyn std::error::Error, attempted: &'static str) -> JsonError {
    let cause = error.source().map(ToString::to_string);
    tracing::error!(%error, cause, attempted, "Lambda operation failed");
    JsonError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceException",
        "Internal error",
    )
    .member("Type", "Service")
}

pub(crate) fn manage(error: ManageError) -> JsonError {
    match error {
        ManageError::NotFound(arn) => function_not_found(&arn.to_string()),
        ManageError::AlreadyExists(arn) => {
            conflict(format!("Function already exist: {}", arn.name))
        }
        ManageError::InProgress(arn) => conflict(format!(
            "The operation cannot be performed at this time. An update is in progress for resource: {arn}"
        )),
        ManageError::OtherRevision(_) => user(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailedException",
            OTHER_REVISION,
        ),
        ManageError::Code(error) => code(&error),
        ManageError::RoleNotAssumable(_) => {
            invalid("The role defined for the function cannot be assumed by Lambda.")
        }
        ManageError::RoleCannotTrace(_) => invalid(
            "The provided execution role does not have permissions to call PutTraceSegments on XRAY",
        ),
        ManageError::StatementExists(sid) => conflict(format!(
            "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
             existing statement."
        )),
        ManageError::NoStatement(sid) => {
            not_found(format!("Statement {sid} is not found in resource policy."))
        }
        ManageError::NoPolicy(_) => not_found("No policy is associated with the given resource."),
        ManageError::TooManyTags => invalid("Number of tags exceeds resource tag limit."),
        error @ ManageError::Catalog(_) => internal(&error, "keep the function"),
    }
}

fn code(error: &CodeError) -> JsonError {
    match error {
        CodeError::NotAnArchive(_) => invalid(
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        CodeError::ZippedTooLarge(_) => too_large(format!(
            "Zipped size must be smaller than {ZIPPED_LIMIT} bytes"
        )),
        CodeError::UnzippedTooLarge => invalid(format!(
            "Unzipped size must be smaller than {} bytes",
            fluoro_functions::UNZIPPED_LIMIT
        )),
        CodeError::Outside(name) => invalid(format!(
            "Could not unzip uploaded file. Entry {name} points out of the function's directory."
        )),
        CodeError::Io(_) => internal(error, "store code"),
    }
}

/// `kind` is the invocation type as the message names it.
pub(crate) fn invoke(error: InvokeError, kind: &str) -> JsonError {
    match error {
        InvokeError::NotFound { arn } => function_not_found(&arn),
        InvokeError::NotReady { state } => conflict(format!(
            "The operation cannot be performed at this time. The function is currently in the following state: {state}"
        )),
        InvokeError::Throttled { reason, .. } => user(
            StatusCode::TOO_MANY_REQUESTS,
            "TooManyRequestsException",
            "Rate Exceeded.",
        )
        .member("Reason", reason),
        InvokeError::TooLarge { size, limit } => too_large(format!(
            "{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
        )),
        InvokeError::Service(error) => internal(error.as_ref(), "run the function"),
    }
}
