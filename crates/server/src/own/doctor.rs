//! `GET doctor`: what came in, what became of it, what was set in vain.

use fluoro_api_xray::DaemonTelemetry;
use fluoro_gateway::management::WithoutEffect;
use fluoro_ingest::LedgerLine;
use serde::Serialize;

use super::OwnApi;
use super::reply::{Problem, Reply};

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "DoctorReport"))]
pub(super) struct Report {
    lines: Vec<LedgerLine>,
    held: Held,
    without_effect: Vec<WithoutEffect>,
    daemons: Vec<DaemonTelemetry>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Held {
    traces: usize,
    documents: usize,
    memory_bytes: usize,
    cache_bytes: usize,
}

pub(super) async fn report(own: &OwnApi) -> Result<Reply, Problem> {
    let lines = own
        .ingest
        .report()
        .await
        .map_err(|error| Problem::failed("failed to look for orphans", &error))?;
    let mut without_effect = own
        .gateway
        .without_effect()
        .await
        .map_err(|error| Problem::failed("failed to read the stages", &error))?;
    let stored_only = own.xray.stored_only().into_iter();
    without_effect.extend(stored_only.map(|stored| WithoutEffect {
        of: format!("X-Ray in {}", stored.region),
        setting: stored.setting,
        meaning: stored.meaning,
    }));
    let held = own.hot.held();
    Ok(Reply::json(&Report {
        lines,
        held: Held {
            traces: held.traces,
            documents: held.documents,
            memory_bytes: held.memory_bytes,
            cache_bytes: held.cache_bytes,
        },
        without_effect,
        daemons: own.xray.telemetry(),
    }))
}
