//! Operations on resources.

use fluoro_gateway::Gateway;
use fluoro_wire::json_input::JsonInput;

use super::{Answer, accepted, created, ok};
use crate::error::answer;
use crate::input::{self, Input};
use crate::output::{Items, Methods, ResourceOutput};

pub(super) async fn list(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let resources = gateway
        .resources(input.region, input.label("api"))
        .await
        .map_err(answer)?;
    let (page, position) = input.page(resources, |resource| &resource.id)?;
    let methods = methods(input);
    let outputs = page
        .into_iter()
        .map(|resource| ResourceOutput::new(resource, methods));
    let item = outputs.collect();
    ok(&Items { position, item }, input)
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let resource = gateway
        .resource(input.region, input.label("api"), input.label("resource"))
        .await
        .map_err(answer)?;
    ok(&ResourceOutput::new(resource, methods(input)), input)
}

pub(super) async fn create(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let part = input::text(&JsonInput::new(&members), "pathPart")?.unwrap_or_default();
    let (api, parent) = (input.label("api"), input.label("resource"));
    let resource = gateway
        .create_resource(input.region, api, parent, &part)
        .await
        .map_err(answer)?;
    created(&ResourceOutput::new(resource, Methods::Named), input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let patches = input.patches()?;
    let (api, resource) = (input.label("api"), input.label("resource"));
    let resource = gateway
        .update_resource(input.region, api, resource, &patches)
        .await
        .map_err(answer)?;
    ok(&ResourceOutput::new(resource, Methods::Named), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    gateway
        .delete_resource(input.region, input.label("api"), input.label("resource"))
        .await
        .map_err(answer)?;
    accepted(input)
}

fn methods(input: &Input<'_>) -> Methods {
    if input.all("embed").any(|what| what == "methods") {
        Methods::Embedded
    } else {
        Methods::Named
    }
}
