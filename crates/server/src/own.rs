//! Our own API, below `/_fluoro/`: what no AWS API tells. `docs/http.md` describes it for its users.
//!
//! Answers are JSON. An error is `{"error": {"code", "message"}}`, with a code that does not change.

mod doctor;
mod export;
mod follow;
mod functions;
mod groups;
mod lines;
mod logs;
mod metrics;
#[cfg(test)]
mod openapi;
mod pieces;
mod reply;
mod routes;
mod sampling;
mod sql;
mod stacks;
mod starting;
mod statistics;
mod store;
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
use http::{Response, StatusCode};
use serde::Serialize;

use crate::body::{self, Body};
use crate::calls::Abandoned;
use crate::feed::TraceFeed;
use crate::http1::Stop;
use crate::running::Addresses;
use reply::{Problem, Reply};
use routes::{Call, Taken};

pub(crate) use export::Exports;
pub(crate) use sql::Statements;
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
    pub(crate) feed: Arc<TraceFeed>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) sampling: Sampling,
    pub(crate) groups: Groups,
    pub(crate) statistics: Statistics,
    pub(crate) xray: Arc<XRay>,
    pub(crate) stacks: StackRecords,
    pub(crate) exports: Exports,
    pub(crate) sql: Statements,
    pub(crate) abandoned: Abandoned,
}

/// A request, taken apart.
#[derive(Debug)]
struct Asked<'h> {
    route: Taken<'h>,
    query: Form,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Health {
    #[cfg_attr(test, schemars(extend("const" = "ok")))]
    status: &'static str,
    version: &'static str,
    traces: u64,
    documents: u64,
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
        let (named, query) = (&*asked.route.named, &asked.query);
        let reply = match asked.route.call {
            Call::Metrics => return Ok(metrics::metrics(self)),
            Call::Follow => return follow::answer(self, query),
            Call::Export => return export::answer(self, query).await,
            Call::Sql => return sql::answer(self, query, head, body).await,
            Call::Logs => return logs::answer(self, named, query).await,
            Call::Health => self.health(),
            Call::Listeners => Reply::json(&self.addresses),
            Call::Doctor => doctor::report(self).await?,
            Call::Groups => groups::groups(self, query.get("region")),
            Call::Trace => traces::trace(self, named, query).await?,
            Call::Store => store::state(self),
            Call::Settle => store::settle(self).await?,
            Call::Function => functions::state(self, named)?,
            Call::Code => functions::code(self, named).await?,
            Call::Rules => sampling::rules(self, query.get("region")),
            Call::Why => sampling::why(self, query)?,
            Call::Preview => sampling::preview(self, query, head, body).await?,
            Call::Statistics => statistics::statistics(self, query)?,
            Call::ListStacks => stacks::list(&self.stacks).await?,
            Call::GetStack => stacks::get(&self.stacks, named).await?,
            Call::PutStack => stacks::put(&self.stacks, named, head, body).await?,
            Call::DeleteStack => stacks::delete(&self.stacks, named).await?,
        };
        Ok(reply.into_response())
    }

    fn health(&self) -> Reply {
        let kept = self.hot.kept();
        Reply::json(&Health {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            traces: kept.traces,
            documents: kept.documents,
        })
    }
}

/// A body of at most so many bytes.
async fn read_body(head: &Parts, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let read = body::read(&head.headers, body, limit).await;
    read.map_err(|error| Problem::new(error.status(), "BadBody", error))
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
        let route = routes::find(&head.method, path)?;
        Ok(Self { route, query })
    }
}
