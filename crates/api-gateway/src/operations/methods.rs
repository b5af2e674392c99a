//! Operations on methods and their declared answers.

pub(super) mod integrations;

use fluoro_gateway::Gateway;
use fluoro_gateway::management::{NewMethod, NewMethodResponse};
use fluoro_wire::json_input::JsonInput;

use super::{Answer, created, no_content, ok};
use crate::error::{self, answer};
use crate::input::{self, Input};
use crate::output::{MethodOutput, MethodResponseOutput};

/// Which method a call is about.
#[derive(Debug, Clone, Copy)]
struct At<'a> {
    api: &'a str,
    resource: &'a str,
    verb: &'a str,
}

impl<'a> At<'a> {
    fn of(input: &'a Input<'_>) -> Self {
        Self {
            api: input.label("api"),
            resource: input.label("resource"),
            verb: input.label("verb"),
        }
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
    let at = At::of(input);
    let new = NewMethod {
        authorization_type: input::text(&body, "authorizationType")?.unwrap_or_default(),
        operation_name: input::text(&body, "operationName")?,
        request_parameters: input::flags(&body, "requestParameters")?,
        request_models: input::texts(&body, "requestModels")?,
    };
    let method = gateway
        .put_method(input.region, at.api, at.resource, at.verb, new)
        .await
        .map_err(answer)?;
    created(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = At::of(input);
    let method = gateway
        .method(input.region, at.api, at.resource, at.verb)
        .await
        .map_err(answer)?;
    ok(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = At::of(input);
    let patches = input.patches()?;
    let method = gateway
        .update_method(input.region, at.api, at.resource, at.verb, &patches)
        .await
        .map_err(answer)?;
    ok(&MethodOutput::new(at.verb, method), input)
}

pub(super) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = At::of(input);
    gateway
        .delete_method(input.region, at.api, at.resource, at.verb)
        .await
        .map_err(answer)?;
    no_content(input)
}

pub(super) async fn put_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let body = JsonInput::new(&members);
    let new = NewMethodResponse {
        response_parameters: input::flags(&body, "responseParameters")?,
        response_models: input::texts(&body, "responseModels")?,
    };
    let (at, status) = (At::of(input), input.label("status"));
    let response = gateway
        .put_method_response(input.region, at.api, at.resource, at.verb, status, new)
        .await
        .map_err(answer)?;
    created(&MethodResponseOutput::new(status, response), input)
}

pub(super) async fn get_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (At::of(input), input.label("status"));
    let response = gateway
        .method_response(input.region, at.api, at.resource, at.verb, status)
        .await
        .map_err(answer)?;
    ok(&MethodResponseOutput::new(status, response), input)
}

/// Answers 201, unlike every other update. Source: API model.
pub(super) async fn update_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (At::of(input), input.label("status"));
    let patches = input.patches()?;
    let response = gateway
        .update_method_response(input.region, at.api, at.resource, at.verb, status, &patches)
        .await
        .map_err(answer)?;
    created(&MethodResponseOutput::new(status, response), input)
}

pub(super) async fn delete_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (At::of(input), input.label("status"));
    gateway
        .delete_method_response(input.region, at.api, at.resource, at.verb, status)
        .await
        .map_err(answer)?;
    no_content(input)
}
