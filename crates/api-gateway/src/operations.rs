//! The operations: read the input, do it, write the output.

mod apis;
mod deployments;
mod methods;
mod resources;
mod stages;
mod tags;

use fluoro_gateway::Gateway;
use fluoro_wire::json_error::{empty_response, json_response};
use fluoro_wire::{JsonError, Response};
use http::StatusCode;
use serde::Serialize;

use crate::error;
use crate::input::Input;
use crate::route::Operation;

type Answer = Result<Response, JsonError>;

/// Carries out one operation.
pub(crate) async fn run(gateway: &Gateway, operation: Operation, input: &Input<'_>) -> Answer {
    use Operation as Op;

    match operation {
        Op::CreateRestApi => apis::create_or_import(gateway, input).await,
        Op::GetRestApi => apis::get(gateway, input).await,
        Op::GetRestApis => apis::list(gateway, input).await,
        Op::UpdateRestApi => apis::update(gateway, input).await,
        Op::DeleteRestApi => apis::delete(gateway, input).await,
        Op::PutRestApi => apis::put(gateway, input).await,
        Op::GetGatewayResponses => apis::gateway_responses(gateway, input).await,
        Op::GetGatewayResponse => apis::gateway_response(gateway, input).await,
        Op::GetResources => resources::list(gateway, input).await,
        Op::GetResource => resources::get(gateway, input).await,
        Op::CreateResource => resources::create(gateway, input).await,
        Op::UpdateResource => resources::update(gateway, input).await,
        Op::DeleteResource => resources::delete(gateway, input).await,
        Op::PutMethod => methods::put(gateway, input).await,
        Op::GetMethod => methods::get(gateway, input).await,
        Op::UpdateMethod => methods::update(gateway, input).await,
        Op::DeleteMethod => methods::delete(gateway, input).await,
        Op::PutMethodResponse => methods::put_response(gateway, input).await,
        Op::GetMethodResponse => methods::get_response(gateway, input).await,
        Op::UpdateMethodResponse => methods::update_response(gateway, input).await,
        Op::DeleteMethodResponse => methods::delete_response(gateway, input).await,
        Op::PutIntegration => methods::integrations::put(gateway, input).await,
        Op::GetIntegration => methods::integrations::get(gateway, input).await,
        Op::UpdateIntegration => methods::integrations::update(gateway, input).await,
        Op::DeleteIntegration => methods::integrations::delete(gateway, input).await,
        Op::PutIntegrationResponse => methods::integrations::put_response(gateway, input).await,
        Op::GetIntegrationResponse => methods::integrations::get_response(gateway, input).await,
        Op::UpdateIntegrationResponse => {
            methods::integrations::update_response(gateway, input).await
        }
        Op::DeleteIntegrationResponse => {
            methods::integrations::delete_response(gateway, input).await
        }
        Op::CreateDeployment => deployments::create(gateway, input).await,
        Op::GetDeployment => deployments::get(gateway, input).await,
        Op::GetDeployments => deployments::list(gateway, input).await,
        Op::UpdateDeployment => deployments::update(gateway, input).await,
        Op::DeleteDeployment => deployments::delete(gateway, input).await,
        Op::CreateStage => stages::create(gateway, input).await,
        Op::GetStage => stages::get(gateway, input).await,
        Op::GetStages => stages::list(gateway, input).await,
        Op::UpdateStage => stages::update(gateway, input).await,
        Op::DeleteStage => stages::delete(gateway, input).await,
        Op::GetTags => tags::get(gateway, input).await,
        Op::TagResource => tags::add(gateway, input).await,
        Op::UntagResource => tags::remove(gateway, input).await,
        Op::Unsupported(name) => Err(error::unsupported(format!("the operation {name}"))),
    }
}

/// 200 with a body.
fn ok<T: Serialize>(output: &T, input: &Input<'_>) -> Answer {
    Ok(json_response(StatusCode::OK, output, input.request_id))
}

/// 201 with a body.
fn created<T: Serialize>(output: &T, input: &Input<'_>) -> Answer {
    Ok(json_response(StatusCode::CREATED, output, input.request_id))
}

/// 202: what AWS answers to most deletions.
fn accepted(input: &Input<'_>) -> Answer {
    Ok(empty_response(StatusCode::ACCEPTED, input.request_id))
}

/// 204: deletions of methods, integrations and answers; changes of tags.
fn no_content(input: &Input<'_>) -> Answer {
    Ok(empty_response(StatusCode::NO_CONTENT, input.request_id))
}
