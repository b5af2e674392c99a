//! Why an operation was not done.

use fluoro_store::catalog::CatalogError;

/// Why an operation was not done. The texts are for the client, and AWS's where AWS has one.
#[derive(Debug, thiserror::Error)]
pub enum ManagementError {
    /// What was named is not there. 404.
    #[error("{0}")]
    NotFound(String),
    /// The request cannot be carried out as it is. 400.
    #[error("{0}")]
    BadRequest(String),
    /// It is there already. 409.
    #[error("{0}")]
    Conflict(String),
    /// AWS has this, Fluoro does not yet. 400, as [`BadRequest`](Self::BadRequest).
    #[error("Fluoro does not support {0} yet")]
    Unsupported(String),
    /// The records could not be read or written.
    #[error("failed to use the catalog")]
    Catalog(#[from] CatalogError),
}

// === impl ManagementError ===

impl ManagementError {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported(what.into())
    }

    pub(crate) fn no_resource() -> Self {
        Self::NotFound("Invalid Resource identifier specified".to_owned())
    }

    pub(crate) fn no_method() -> Self {
        Self::NotFound("Invalid Method identifier specified".to_owned())
    }

    pub(crate) fn no_integration() -> Self {
        Self::NotFound("Invalid Integration identifier specified".to_owned())
    }

    pub(crate) fn no_response() -> Self {
        Self::NotFound("Invalid Response status code specified".to_owned())
    }

    pub(crate) fn no_deployment() -> Self {
        Self::NotFound("Invalid Deployment identifier specified".to_owned())
    }

    pub(crate) fn no_stage() -> Self {
        Self::NotFound("Invalid stage identifier specified".to_owned())
    }
}
