//! REST APIs: their management records, their deployed snapshots, and the data plane that serves them.
//!
//! [`Gateway`] is the way in. What it serves is an immutable view that every write of a record replaces; a request
//! never reads the catalog, takes no lock and evaluates no regular expression.
//!
//! | module | holds |
//! |---|---|
//! | [`records`] | what the catalog keeps: APIs, methods, deployments, stages |
//! | [`management`] | the operations on them, as the management API maps them; OpenAPI imports |
//! | `served`, `routes`, `integration` | a stage prepared for serving, and what answers its methods |
//! | `data_plane`, `trace`, `passing` | one request, from its head to its answer, its segment and whoever counts it |
//!
//! What is deliberately absent: sockets, the URL shapes of stages (the server's dispatch) and the management API's wire
//! forms (`api-gateway`).

mod binary;
mod context;
mod data_plane;
mod gateway_response;
mod head;
mod http_client;
mod integration;
pub mod management;
mod mapping;
mod passing;
pub mod records;
mod request;
mod response;
mod room;
mod routes;
mod served;
mod settings;
mod template;
mod trace;
mod uri;

use std::sync::Arc;

use arc_swap::ArcSwap;
use fluoro_ambient::Ambient;
use fluoro_functions::Invoker;
use fluoro_ingest::TraceSink;
use fluoro_sampling::{KeepUnsampled, Sampler};
use fluoro_statistics::Statistics;
use fluoro_store::catalog::{Catalog, CatalogError, Table};
use fluoro_wire::AccountId;

use crate::records::{ApiRecord, Deployment, Stage};
use crate::served::View;

pub use gateway_response::GatewayResponseType;
pub use http_client::{CallError, HttpClient};
pub use request::{Addressed, BodyError, RequestBody, Scheme, StageRequest, StoodStill};
pub use response::{HeaderSpelling, ResponseBody, StageResponse};
pub use room::{Room, Taken};
pub use settings::{GatewaySettings, IntegrationNode};

/// The most that a request's or an answer's body may have, in bytes. Source: API Gateway developer guide, limits.
pub const PAYLOAD_LIMIT: usize = 10 * 1024 * 1024;

/// The REST APIs of an account: what the management API writes, and what the stages answer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
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
    /// What is recorded although it was not sampled.
    pub keep_unsampled: KeepUnsampled,
    /// Takes the stages' segments.
    pub traces: Arc<dyn TraceSink>,
    /// Counts the requests.
    pub statistics: Statistics,
    /// Memory of the bodies that are read whole.
    pub room: Room,
    /// The account that owns everything here.
    pub account: AccountId,
    /// What the operator set.
    pub settings: GatewaySettings,
}

#[derive(Debug)]
struct Shared {
    parts: Parts,
    /// By `{region}/{api}`.
    apis: Table<ApiRecord>,
    /// By `{region}/{api}/{deployment}`.
    deployments: Table<Deployment>,
    /// By `{region}/{api}/{stage}`.
    stages: Table<Stage>,
    view: ArcSwap<View>,
    /// Held while the view is made anew, so that an older state never replaces a newer one.
    refreshing: tokio::sync::Mutex<()>,
    /// Held while stages or deployments are looked at and then changed, so that no stage is left without its deployment.
    deploying: tokio::sync::Mutex<()>,
    http: HttpClient,
}

// === impl Gateway ===

impl Gateway {
    /// Reads all records and makes the stages ready to serve.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that cannot be read.
    pub async fn open(parts: Parts) -> Result<Self, CatalogError> {
        let catalog = &parts.catalog;
        let shared = Shared {
            apis: Table::new(Arc::clone(catalog), "gateway/apis/"),
            deployments: Table::new(Arc::clone(catalog), "gateway/deployments/"),
            stages: Table::new(Arc::clone(catalog), "gateway/stages/"),
            view: ArcSwap::default(),
            refreshing: tokio::sync::Mutex::default(),
            deploying: tokio::sync::Mutex::default(),
            http: HttpClient::default(),
            parts,
        };
        let gateway = Self {
            shared: Arc::new(shared),
        };
        gateway.load().await?;
        Ok(gateway)
    }
}
