//! Without the feature.

use std::sync::Arc;

use fluoro_store::hot::HotTraces;
use fluoro_wire::query::Form;
use http::request::Parts;
use http::{Response, StatusCode};

use crate::body::Body;
use crate::own::OwnApi;
use crate::own::reply::Problem;
use crate::settings::SqlSettings;

/// Nobody is asked.
#[derive(Debug)]
pub(crate) struct Statements;

// === impl Statements ===

impl Statements {
    pub(crate) fn new(_hot: &Arc<HotTraces>, _settings: &SqlSettings) -> Self {
        Self
    }
}

/// What to do about it.
const MESSAGE: &str =
    "this server was built without SQL; `cargo build --release --features sql` makes one with it";

pub(in crate::own) async fn answer(
    own: &OwnApi,
    _query: &Form,
    _head: &Parts,
    _body: Body,
) -> Result<Response<Body>, Problem> {
    let Statements = own.sql;
    Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "NoSql", MESSAGE))
}
