//! What is told while the server is not up yet.

use std::sync::{Arc, OnceLock};

use fluoro_store::hot::HotTraces;
use http::request::Parts;
use http::{Response, StatusCode};
use serde::Serialize;

use super::reply::{Problem, Reply};
use crate::body::Body;

/// How far the start is.
#[derive(Debug, Default)]
pub(crate) struct Starting {
    /// Set as soon as the log is being read.
    pub(crate) hot: OnceLock<Arc<HotTraces>>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "Starting"))]
pub(super) struct Progress {
    #[cfg_attr(test, schemars(extend("const" = "starting")))]
    status: &'static str,
    percent_read: u8,
    documents: u64,
    traces_waiting: usize,
}

impl Starting {
    /// Progress for who asks about health, 503 for everybody.
    pub(crate) fn answer(&self, head: &Parts) -> Response<Body> {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        if head.uri.path() != "/_fluoro/health" {
            let message = "the server is starting: /_fluoro/health says how far it is";
            return Reply::from(Problem::new(status, "Starting", message)).into_response();
        }
        let read = self.hot.get().map(|hot| hot.progress());
        let progress = Progress {
            status: "starting",
            percent_read: read.map_or(0, |read| read.percent_read),
            documents: read.map_or(0, |read| read.documents),
            traces_waiting: read.map_or(0, |read| read.traces_waiting),
        };
        Reply::with_status(status, &progress).into_response()
    }
}
