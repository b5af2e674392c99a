//! Operations on deployments.

use fluoro_gateway::Gateway;
use fluoro_gateway::management::NewDeployment;
use fluoro_wire::json_input::JsonInput;

use super::{Answer, accepted, created, ok};
use crate::error::{self, answer};
use crate::input::{self, Input};
use crate::output::{DeploymentOutput, Items};

pub(super) async fn create(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    let stage_name = input::text(&body, "stageName")?.filter(|name| !name.is_empty());
    if body.structure("canarySettings")?.is_some() {
        let api = input.label("api");
        return Err(canary(gateway, input, api, stage_name.as_deref()).await?);
    }
    input::refuse(
        &body,
        "a deployment",
        &["cacheClusterEnabled", "cacheClusterSize"],
    )?;
    let variables = body.structure("variables")?;
    let new = NewDeployment {
        description: input::text(&body, "description")?,
        stage_name,
        stage_description: input::text(&body, "stageDescription")?,
        variables: variables
            .map(|_| input::texts(&body, "variables"))
            .transpose()?,
        tracing_enabled: body.flag("tracingEnabled")?,
    };
    let deployment = gateway
        .create_deployment(input.region, input.label("api"), new)
        .await
        .map_err(answer)?;
    created(&DeploymentOutput::new(deployment, false), input)
}

/// Why a canary is refused: AWS's reasons come before ours.
async fn canary(
    gateway: &Gateway,
    input: &Input<'_>,
    api: &str,
    stage: Option<&str>,
) -> Result<fluoro_wire::JsonError, fluoro_wire::JsonError> {
    let text = "Invalid deployment content specified.";
    let Some(stage) = stage else {
        return Ok(error::bad_request(format!(
            "{text}Non null and non empty stageName must be provided for canary deployment. Provided value is null"
        )));
    };
    let stages = gateway.stages(input.region, api).await.map_err(answer)?;
    if stages.iter().any(|known| known.name == stage) {
        return Ok(error::unsupported("canary releases"));
    }
    Ok(error::bad_request(format!(
        "{text}Stage {stage} must already be created before making a canary release deployment"
    )))
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let deployment = gateway
        .deployment(input.region, input.label("api"), input.label("deployment"))
        .await
        .map_err(answer)?;
    let with_summary = input.all("embed").any(|what| what == "apisummary");
    ok(&DeploymentOutput::new(deployment, with_summary), input)
}

pub(super) async fn list(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let deployments = gateway
        .deployments(input.region, input.label("api"))
        .await
        .map_err(answer)?;
    let (page, position) = input.page(deployments, |deployment| &deployment.id)?;
    let outputs = page
        .into_iter()
        .map(|deployment| DeploymentOutput::new(deployment, false));
    let item = outputs.collect();
    ok(&Items { position, item }, input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let patches = input.patches()?;
    let (api, id) = (input.label("api"), input.label("deployment"));
    let deployment = gateway
        .update_deployment(input.region, api, id, &patches)
        .await
        .map_err(answer)?;
    ok(&DeploymentOutput::new(deployment, false), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    gateway
        .delete_deployment(input.region, input.label("api"), input.label("deployment"))
        .await
        .map_err(answer)?;
    accepted(input)
}
