//! Operations on stages.

use fluoro_gateway::Gateway;
use fluoro_gateway::management::NewStage;
use fluoro_wire::json_input::JsonInput;

use super::{Answer, accepted, created, ok};
use crate::error::answer;
use crate::input::{self, Input};
use crate::output::{Items, StageOutput};

pub(super) async fn create(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    input::refuse(
        &body,
        "a stage",
        &[
            "cacheClusterEnabled",
            "cacheClusterSize",
            "canarySettings",
            "documentationVersion",
        ],
    )?;
    let new = NewStage {
        name: input::text(&body, "stageName")?.unwrap_or_default(),
        deployment_id: input::text(&body, "deploymentId")?.unwrap_or_default(),
        description: input::text(&body, "description")?,
        tracing_enabled: body.flag("tracingEnabled")?.unwrap_or_default(),
        variables: input::texts(&body, "variables")?,
        tags: input::texts(&body, "tags")?,
    };
    let stage = gateway
        .create_stage(input.region, input.label("api"), new)
        .await
        .map_err(answer)?;
    created(&StageOutput::from(stage), input)
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let stage = gateway
        .stage(input.region, input.label("api"), input.label("stage"))
        .await
        .map_err(answer)?;
    ok(&StageOutput::from(stage), input)
}

/// All stages at once: this collection has no pages. Source: API model.
pub(super) async fn list(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let stages = gateway
        .stages(input.region, input.label("api"))
        .await
        .map_err(answer)?;
    let wanted = input.query("deploymentId");
    let of_deployment = stages
        .into_iter()
        .filter(|stage| wanted.is_none_or(|wanted| stage.deployment_id == wanted));
    let items = Items {
        position: None,
        item: of_deployment.map(StageOutput::from).collect(),
    };
    ok(&items, input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let patches = input.patches()?;
    let (api, stage) = (input.label("api"), input.label("stage"));
    let stage = gateway
        .update_stage(input.region, api, stage, &patches)
        .await
        .map_err(answer)?;
    ok(&StageOutput::from(stage), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    gateway
        .delete_stage(input.region, input.label("api"), input.label("stage"))
        .await
        .map_err(answer)?;
    accepted(input)
}
