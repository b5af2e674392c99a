//! Our own API, below `/_fluoro/`: what no AWS API tells. `docs/http.md` describes it for its users.
//!
//! Answers are JSON. An error is `{"error": {"code", "message"}}`, with a code that does not change.

mod doctor;
mod groups;
mod logs;
mod metrics;
mod reply;
mod sampling;
mod stacks;
mod starting;
mod statistics;
mod traces;

use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_api_xray::XRay;
use fluoro_functions::Functions;
use fluoro_gateway::Gateway;
use fluoro_ingest::Ingest;
use fluoro_query::groups::Groups;
use fluoro_sampling::Sampling;
use fluoro_statistics::Statistics;
use fluoro_store::hot::HotTraces;
use fluoro_wire::query::Form;
use http::request::Parts;
use http::{Method, Response, StatusCode};
use serde::Serialize;

use crate::body::{self, Body, ReadError};
use crate::http1::Stop;
use crate::running::Addresses;
use reply::{Problem, Reply};
use stacks::Stacks;

pub(crate) use stacks::{StackRecords, records as stack_records};
pub(crate) use starting::Starting;

/// Answers `/_fluoro/…` once everything is up.
#[derive(Debug)]
pub(crate) struct OwnApi {
    pub(crate) ambient: Ambient,
    pub(crate) addresses: Addresses,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) functions: Functions,
    pub(crate) gateway: Gateway,
    /// Ends what is followed when the server stops.
    pub(crate) stop: Stop,
    pub(crate) hot: Arc<HotTraces>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) sampling: Sampling,
    pub(crate) groups: Groups,
    pub(crate) statistics: Statistics,
    pub(crate) xray: Arc<XRay>,
    pub(crate) stacks: StackRecords,
}

/// A request, taken apart.
#[derive(Debug)]
struct Asked<'h> {
    method: &'h Method,
    /// The path after `/_fluoro/`, by its parts.
    path: Vec<&'h str>,
    query: Form,
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    traces: usize,
    documents: usize,
}

// === impl OwnApi ===

impl OwnApi {
    /// Answers one request. What goes wrong is an answer too.
    pub(crate) async fn answer(&self, head: &Parts, body: Body) -> Response<Body> {
        let outcome = match Asked::of(head) {
            Ok(asked) => self.route(&asked, head, body).await,
            Err(problem) => Err(problem),
        };
        outcome.unwrap_or_else(|problem| Reply::from(problem).into_response())
    }

    async fn route(
        &self,
        asked: &Asked<'_>,
        head: &Parts,
        body: Body,
    ) -> Result<Response<Body>, Problem> {
        if let ["functions", name, "logs"] = asked.path.as_slice()
            && *asked.method == Method::GET
        {
            return logs::answer(self, name, &asked.query).await;
        }
        if asked.path == ["metrics"] && *asked.method == Method::GET {
            return Ok(metrics::metrics(self));
        }
        let reply = self.reply(asked, head, body).await?;
        Ok(reply.into_response())
    }

    async fn reply(&self, asked: &Asked<'_>, head: &Parts, body: Body) -> Result<Reply, Problem> {
        if let ["stacks", rest @ ..] = asked.path.as_slice() {
            return Stacks(&self.stacks)
                .answer(asked.method, rest, head, body)
                .await;
        }
        if asked.path == ["sampling", "preview"] {
            return sampling::preview(self, asked.method, &asked.query, head, body).await;
        }
        if !matches!(*asked.method, Method::GET | Method::HEAD) {
            return Err(Problem::method(asked.method, "GET"));
        }
        match asked.path.as_slice() {
            ["health"] => Ok(self.health()),
            ["listeners"] => Ok(Reply::json(&self.addresses)),
            ["doctor"] => doctor::report(self).await,
            ["groups"] => Ok(groups::groups(self, asked.query.get("region"))),
            ["sampling"] => Ok(sampling::rules(self, asked.query.get("region"))),
            ["sampling", "why"] => sampling::why(self, &asked.query),
            ["statistics"] => statistics::statistics(self, &asked.query),
            ["traces", id] => traces::trace(self, id, &asked.query).await,
            _ => Err(Problem::nowhere(head.uri.path())),
        }
    }

    fn health(&self) -> Reply {
        let held = self.hot.held();
        Reply::json(&Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            traces: held.traces,
            documents: held.documents,
        })
    }
}

/// A body of at most so many bytes.
async fn read_body(head: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let read = body::read(&head.headers, body, limit).await;
    read.map_err(|error| {
        let status = match error {
            ReadError::TooLong { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ReadError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, "BadBody", error)
    })
}

// === impl Asked ===

impl<'h> Asked<'h> {
    fn of(head: &'h Parts) -> Result<Self, Problem> {
        let path = head
            .uri
            .path()
            .strip_prefix("/_fluoro/")
            .unwrap_or_default();
        let query = head.uri.query().unwrap_or_default();
        let query = Form::parse(query.as_bytes())
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "BadQuery", error))?;
        Ok(Self {
            method: &head.method,
            path: path.split('/').collect(),
            query,
        })
    }
}
