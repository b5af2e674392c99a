//! Why a change of roles or policies was not made.

use fluoro_store::catalog::CatalogError;

use crate::policy::Malformed;

/// Why a change was not made. Displays as what the client may see.
#[derive(Debug, thiserror::Error)]
pub enum IamError {
    /// The request is at fault, as the kind says.
    #[error("{message}")]
    Refused {
        /// IAM's code.
        kind: IamErrorKind,
        /// In IAM's words.
        message: String,
    },
    /// The catalog failed; nothing was changed.
    #[error("the catalog of roles and policies failed")]
    Catalog(#[source] CatalogError),
}

/// IAM's codes for what is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IamErrorKind {
    /// What is named does not exist.
    NoSuchEntity,
    /// The name is taken.
    EntityAlreadyExists,
    /// Something still hangs on what shall be deleted.
    DeleteConflict,
    /// A policy document is not understood.
    MalformedPolicyDocument,
    /// A quota would be exceeded.
    LimitExceeded,
    /// AWS's own policies cannot be changed.
    AccessDenied,
    /// Somebody else changed it at the same time.
    ConcurrentModification,
}

impl IamError {
    pub(crate) fn refused(kind: IamErrorKind, message: impl Into<String>) -> Self {
        Self::Refused {
            kind,
            message: message.into(),
        }
    }

    pub(crate) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::refused(IamErrorKind::NoSuchEntity, message)
    }

    /// The code, when the request is at fault.
    #[must_use]
    pub fn kind(&self) -> Option<IamErrorKind> {
        match self {
            Self::Refused { kind, .. } => Some(*kind),
            Self::Catalog(_) => None,
        }
    }
}

impl From<Malformed> for IamError {
    fn from(malformed: Malformed) -> Self {
        Self::refused(IamErrorKind::MalformedPolicyDocument, malformed.to_string())
    }
}

impl From<CatalogError> for IamError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::Conflict { .. } => Self::refused(
                IamErrorKind::ConcurrentModification,
                "The request was rejected because multiple requests to change this object were \
                 submitted simultaneously.",
            ),
            other => Self::Catalog(other),
        }
    }
}
