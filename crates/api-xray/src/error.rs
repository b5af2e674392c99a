//! What goes wrong, and what it looks like on the wire: the one place that decides it.

use fluoro_filter::{GroupError, ParseError};
use fluoro_iam::Denied;
use fluoro_ingest::IngestError;
use fluoro_query::groups::GroupsError;
use fluoro_sampling::RuleError;
use fluoro_store::catalog::CatalogError;
use fluoro_store::scan::ScanError;
use fluoro_wire::{JsonError, Violations};
use http::StatusCode;

use crate::policies::PolicyError;

/// Why an operation did not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum XRayError {
    /// The framework refuses the input.
    #[error("the input is refused")]
    Input(JsonError),
    /// The operation refuses the input, in AWS's words.
    #[error("the request is invalid: {0}")]
    Invalid(String),
    /// A change of sampling rules is refused.
    #[error("the sampling rule is refused")]
    Rule(#[from] RuleError),
    /// A change of groups is refused.
    #[error("the group is refused")]
    Group(#[from] GroupsError),
    /// A change of resource policies is refused.
    #[error("the resource policy is refused")]
    Policy(#[from] PolicyError),
    /// What is named is not there.
    #[error("{message}")]
    NotFound {
        /// What the caller reads.
        message: String,
        /// The name it gave.
        resource: String,
    },
    /// The caller's policies do not allow it.
    #[error("the caller may not do this")]
    Denied(#[from] Denied),
    /// Documents could not be taken.
    #[error("failed to take documents")]
    Ingest(#[from] IngestError),
    /// There is no room for more work of this kind.
    #[error("there is too much of this already")]
    Throttled,
    /// Traces could not be read.
    #[error("failed to read traces")]
    Scan(#[from] ScanError),
    /// A record could not be written.
    #[error("failed to write a record")]
    Catalog(#[from] CatalogError),
    /// Work in the background ended before it was done: the server is going down.
    #[error("the server is going down")]
    Closed(#[from] tokio::task::JoinError),
}

impl XRayError {
    /// An InvalidRequestException that says this.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// Whether an operator should hear of it: the caller cannot mend it.
    pub(crate) fn is_ours(&self) -> bool {
        match self {
            Self::Input(_)
            | Self::Invalid(_)
            | Self::Rule(_)
            | Self::Policy(_)
            | Self::Throttled
            | Self::NotFound { .. }
            | Self::Denied(_) => false,
            Self::Group(error) => matches!(error, GroupsError::Catalog(_)),
            Self::Ingest(error) => !matches!(error, IngestError::Busy),
            Self::Scan(error) => !error.is_busy(),
            Self::Catalog(_) | Self::Closed(_) => true,
        }
    }

    /// The error as the service would send it.
    pub(crate) fn on_the_wire(self) -> JsonError {
        match self {
            Self::Input(error) => error,
            Self::Invalid(message) => invalid_request(message),
            Self::Rule(error) => rule_error(error),
            Self::Group(error) => group_error(error),
            Self::Policy(error) => policy_error(error),
            Self::NotFound { message, resource } => {
                JsonError::capital(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
                    .member("ResourceName", resource)
            }
            Self::Denied(denied) => JsonError::access_denied(denied.to_string()),
            Self::Throttled | Self::Ingest(IngestError::Busy) => throttled("Rate exceeded"),
            // The service says "Rate exceeded" of its own limits; these are others.
            Self::Scan(ScanError::NoRoom) => throttled(
                "The questions under way hold all the memory that they may (query.memory). Ask again, or for less at a time.",
            ),
            Self::Scan(ScanError::TooMany) => throttled(
                "Too many questions that look through many traces wait for their turn (query.scans). Ask again.",
            ),
            Self::Ingest(error) if error.is_retryable() => unavailable(),
            Self::Closed(_) | Self::Scan(ScanError::Closed) | Self::Ingest(IngestError::Closed) => {
                unavailable()
            }
            Self::Ingest(_) | Self::Scan(_) | Self::Catalog(_) => JsonError::internal_failure(),
        }
    }
}

impl From<JsonError> for XRayError {
    fn from(error: JsonError) -> Self {
        Self::Input(error)
    }
}

/// The message is the service's, to the letter.
impl From<ParseError> for XRayError {
    fn from(error: ParseError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<GroupError> for XRayError {
    fn from(error: GroupError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<Violations> for XRayError {
    fn from(violations: Violations) -> Self {
        Self::Input(violations.into())
    }
}

fn invalid_request(message: impl Into<String>) -> JsonError {
    JsonError::capital(StatusCode::BAD_REQUEST, "InvalidRequestException", message)
}

/// Clients of AWS wait and ask again.
fn throttled(message: &str) -> JsonError {
    let status = StatusCode::TOO_MANY_REQUESTS;
    JsonError::capital(status, "ThrottledException", message)
}

fn unavailable() -> JsonError {
    JsonError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "ServiceUnavailable",
        "The service cannot take the request now. Try it again.",
    )
}

/// Texts of the recorded refusals; those of the limit and the default rule are not recorded.
fn rule_error(error: RuleError) -> JsonError {
    match error {
        RuleError::AlreadyExists => invalid_request("Sampling rule already exists"),
        RuleError::DoesNotExist => invalid_request("Sampling rule does not exist"),
        RuleError::InvalidUpdate => invalid_request("Invalid update request for sampling rule"),
        // The service fails here, and leaves the rule as it was (recorded).
        RuleError::BoostWithoutCooldown => JsonError::internal_failure(),
        RuleError::DefaultIsPermanent => {
            invalid_request("The default sampling rule cannot be deleted")
        }
        RuleError::LimitExceeded => JsonError::capital(
            StatusCode::BAD_REQUEST,
            "RuleLimitExceededException",
            "The maximum number of sampling rules has been reached",
        ),
    }
}

/// Texts of the recorded refusals; those of names, references, the limit, notifications and the default group are not
/// recorded.
fn group_error(error: GroupsError) -> JsonError {
    match error {
        GroupsError::NotFound => invalid_request("Group not found"),
        GroupsError::AlreadyExists(name) => invalid_request(format!("{name} already exists")),
        GroupsError::EmptyExpression => invalid_request("Filter Expression is empty"),
        GroupsError::Expression(error) => invalid_request(error.to_string()),
        GroupsError::References(error) => invalid_request(error.to_string()),
        GroupsError::InvalidName(_) => {
            invalid_request("Group name can only contain letters, numbers and dashes")
        }
        GroupsError::LimitExceeded => {
            invalid_request("The maximum number of groups has been reached")
        }
        GroupsError::NotificationsWithoutInsights => {
            invalid_request("Notifications can only be enabled on a group with insights enabled")
        }
        GroupsError::DefaultIsPermanent => invalid_request("The default group cannot be deleted"),
        GroupsError::DefaultHasNoExpression => {
            invalid_request("The default group cannot have a filter expression")
        }
        GroupsError::Catalog(_) => JsonError::internal_failure(),
    }
}

/// Texts of the recorded refusals; those of size and number are not recorded.
fn policy_error(error: PolicyError) -> JsonError {
    let refusal = |code: &'static str, message: String| {
        JsonError::capital(StatusCode::BAD_REQUEST, code, message)
    };
    match error {
        PolicyError::NoJson => {
            refusal("MalformedPolicyDocumentException", String::new()).without_message()
        }
        PolicyError::Malformed(message) => refusal("MalformedPolicyDocumentException", message),
        PolicyError::TooLarge(_) => refusal(
            "PolicySizeLimitExceededException",
            "The resource policy exceeds the maximum size of 5 KB.".to_owned(),
        ),
        PolicyError::TooMany => refusal(
            "PolicyCountLimitExceededException",
            "The maximum number of resource policies has been reached.".to_owned(),
        ),
        PolicyError::LocksOut => refusal(
            "LockoutPreventionException",
            "The new resource policy will not allow the caller of this request to call PutResourcePolicy in the future."
                .to_owned(),
        ),
        PolicyError::Revision(message) => refusal("InvalidPolicyRevisionIdException", message),
    }
}
