//! Operations on methods and their declared answers.

pub(super) mod integrations;

use fluoro_gateway::Gateway;
use fluoro_gateway::management::{MethodAt, NewMethod, NewMethodResponse};
use fluoro_wire::json_input::JsonInput;

use super::{Answer, created, no_content, ok};
use crate::error::{self, answer};
use crate::input::{self, Input};
use crate::output::{MethodOutput, MethodResponseOutput};

/// Which method a call is about.
fn at<'a>(input: &'a Input<'_>) -> MethodAt<'a> {
    MethodAt {
        region: input.region,
        api_id: input.label("api"),
        resource_id: input.label("resource"),
        verb: input.label("verb"),
    }
}

pub(super) async fn put(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    input::refuse(
        &body,
        "a method",
        &["apiKeyRequired", "authorizationScopes"],
    )?;
    if body
        .text("requestValidatorId")?
        .is_some_and(|id| !id.is_empty())
    {
        return Err(error::bad_request(
            "Invalid Request Validator identifier specified",
        ));
    }
    let at = at(input);
    let new = NewMethod {
        authorization_type: input::text(&body, "authorizationType")?.unwrap_or_default(),
        operation_name: input::text(&body, "operationName")?,
        request_parameters: input::flags(&body, "requestParameters")?,
        request_models: input::texts(&body, "requestModels")?,
    };
    let method = gateway.put_method(at, new).await.map_err(answer)?;
    created(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    let method = gateway.method(at).await.map_err(answer)?;
    ok(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    let patches = input.patches()?;
    let method = gateway.update_method(at, &patches).await.map_err(answer)?;
    ok(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    gateway.delete_method(at).await.map_err(answer)?;
    no_content(input)
}

pub(super) async fn put_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    let new = NewMethodResponse {
        response_parameters: input::flags(&body, "responseParameters")?,
        response_models: input::texts(&body, "responseModels")?,
    };
    let (at, status) = (at(input), input.label("status"));
    let response = gateway
        .put_method_response(at, status, new)
        .await
        .map_err(answer)?;
    created(&MethodResponseOutput::new(status, response), input)
}

pub(super) async fn get_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    let response = gateway.method_response(at, status).await.map_err(answer)?;
    ok(&MethodResponseOutput::new(status, response), input)
}

/// Answers 201, unlike every other update. Source: API model.
pub(super) async fn update_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    let patches = input.patches()?;
    let response = gateway
        .update_method_response(at, status, &patches)
        .await
        .map_err(answer)?;
    created(&MethodResponseOutput::new(status, response), input)
}

pub(super) async fn delete_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    gateway
        .delete_method_response(at, status)
        .await
        .map_err(answer)?;
    no_content(input)
}
