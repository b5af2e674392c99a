//! Wire forms of answers.

mod api;
mod deployment;
mod method;

use fluoro_model::TimestampMicros;
use serde::Serialize;

pub(crate) use api::{GatewayResponseOutput, Methods, ResourceOutput, RestApiOutput};
pub(crate) use deployment::{DeploymentOutput, StageOutput};
pub(crate) use method::{
    IntegrationOutput, IntegrationResponseOutput, MethodOutput, MethodResponseOutput,
};

/// A page of a collection.
#[derive(Debug, Serialize)]
pub(crate) struct Items<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<String>,
    pub(crate) item: Vec<T>,
}

/// Whole seconds since the epoch.
fn seconds(time: TimestampMicros) -> i64 {
    time.floor_second()
}
