//! Deployments and stages on the wire.

use std::collections::BTreeMap;

use fluoro_gateway::records::{Deployment, MethodSetting, Stage};
use serde::Serialize;

use super::seconds;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentOutput {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_summary: Option<BTreeMap<String, BTreeMap<String, SummaryOutput>>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryOutput {
    authorization_type: &'static str,
    api_key_required: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StageOutput {
    deployment_id: String,
    stage_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    cache_cluster_enabled: bool,
    cache_cluster_status: &'static str,
    method_settings: BTreeMap<String, MethodSetting>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, String>,
    tracing_enabled: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    created_date: i64,
    last_updated_date: i64,
}

// === impl DeploymentOutput ===

impl DeploymentOutput {
    pub(crate) fn new(deployment: Deployment, with_summary: bool) -> Self {
        Self {
            api_summary: with_summary.then(|| summary(&deployment)),
            id: deployment.id,
            description: deployment.description,
            created_date: seconds(deployment.created),
        }
    }
}

fn summary(deployment: &Deployment) -> BTreeMap<String, BTreeMap<String, SummaryOutput>> {
    let mut summary: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
    for method in deployment.summary() {
        let output = SummaryOutput {
            authorization_type: "NONE",
            api_key_required: false,
        };
        summary
            .entry(method.path)
            .or_default()
            .insert(method.verb, output);
    }
    summary
}

// === impl StageOutput ===

impl From<Stage> for StageOutput {
    fn from(stage: Stage) -> Self {
        Self {
            deployment_id: stage.deployment_id,
            stage_name: stage.name,
            description: stage.description,
            cache_cluster_enabled: false,
            cache_cluster_status: "NOT_AVAILABLE",
            method_settings: stage.method_settings,
            variables: stage.variables,
            tracing_enabled: stage.tracing_enabled,
            tags: stage.tags,
            created_date: seconds(stage.created),
            last_updated_date: seconds(stage.updated),
        }
    }
}
