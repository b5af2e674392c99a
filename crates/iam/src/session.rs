//! Sessions of roles and their temporary credentials.

use std::fmt;

use fluoro_model::TimestampMicros;
use fluoro_store::catalog::CatalogError;
use serde::{Deserialize, Serialize};

/// What a session signs its requests with. Its `Debug` form shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionCredentials {
    /// `ASIA…`.
    pub access_key_id: String,
    /// What signatures are made with.
    pub secret_access_key: String,
    /// Sent along with every request.
    pub session_token: String,
    /// When they stop working.
    pub expiration: TimestampMicros,
    /// The role's ARN.
    pub role_arn: String,
    /// `arn:aws:sts::{account}:assumed-role/{role}/{session}`.
    pub session_arn: String,
    /// `AROA…:{session}`.
    pub assumed_role_id: String,
}

/// Why a role was not assumed.
#[derive(Debug, thiserror::Error)]
pub enum AssumeError {
    /// There is no such role in this account.
    #[error("role {0} does not exist")]
    UnknownRole(String),
    /// The trust policy does not let this principal in, or its own policies do not let it ask.
    #[error("{principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")]
    NotTrusted {
        /// Who asked.
        principal: String,
        /// For which role.
        role_arn: String,
    },
    /// Longer than the role allows.
    #[error("the requested DurationSeconds exceeds the MaxSessionDuration set for this role")]
    TooLong,
    /// The session could not be recorded.
    #[error("the session could not be recorded")]
    Catalog(#[from] CatalogError),
}

/// The credentials are known, but no longer good: expired, or their role is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the security token included in the request is expired")]
pub struct ExpiredSession;

/// A session as it is stored, by its access key id.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) role_name: String,
    /// A role made anew under the same name does not revive its predecessor's sessions.
    pub(crate) role_id: String,
    pub(crate) session_name: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    pub(crate) expiration: TimestampMicros,
}

impl fmt::Debug for SessionCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCredentials")
            .field("access_key_id", &self.access_key_id)
            .field("session_arn", &self.session_arn)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("role_name", &self.role_name)
            .field("session_name", &self.session_name)
            .field("expiration", &self.expiration)
            .finish_non_exhaustive()
    }
}
