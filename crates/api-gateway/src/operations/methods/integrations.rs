//! Operations on integrations and their answers.

use fluoro_gateway::Gateway;
use fluoro_gateway::management::{NewIntegration, NewIntegrationResponse, RequestedKind};
use fluoro_wire::JsonError;
use http::StatusCode;
use serde_json::{Map, Value};

use super::at;
use crate::error::answer;
use crate::input::Input;
use crate::operations::{Answer, created, no_content, ok};
use crate::output::{IntegrationOutput, IntegrationResponseOutput};

pub(crate) async fn put(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    check_type(&members)?;
    let new = NewIntegration::from_members(&members).map_err(answer)?;
    let at = at(input);
    let integration = gateway.put_integration(at, new).await.map_err(answer)?;
    created(&IntegrationOutput::from(integration), input)
}

/// A type that the model does not have is the framework's to refuse. Source: recorded refusal.
fn check_type(members: &Map<String, Value>) -> Result<(), JsonError> {
    let kind = members
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let known = RequestedKind::parse(kind).is_some() && kind.to_ascii_uppercase() == kind;
    if known {
        return Ok(());
    }
    Err(JsonError::new(
        StatusCode::BAD_REQUEST,
        "ValidationException",
        format!(
            "1 validation error detected: Value '{kind}' at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: [HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"
        ),
    ))
}

pub(crate) async fn get(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    let integration = gateway.integration(at).await.map_err(answer)?;
    ok(&IntegrationOutput::from(integration), input)
}

pub(crate) async fn update(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    let patches = input.patches()?;
    let integration = gateway
        .update_integration(at, &patches)
        .await
        .map_err(answer)?;
    ok(&IntegrationOutput::from(integration), input)
}

pub(crate) async fn delete(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let at = at(input);
    gateway.delete_integration(at).await.map_err(answer)?;
    no_content(input)
}

pub(crate) async fn put_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let members = input.members()?;
    let new = NewIntegrationResponse::from_members(&members).map_err(answer)?;
    let (at, status) = (at(input), input.label("status"));
    let response = gateway
        .put_integration_response(at, status, new)
        .await
        .map_err(answer)?;
    created(&IntegrationResponseOutput::new(status, response), input)
}

pub(crate) async fn get_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    let response = gateway
        .integration_response(at, status)
        .await
        .map_err(answer)?;
    ok(&IntegrationResponseOutput::new(status, response), input)
}

pub(crate) async fn update_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    let patches = input.patches()?;
    let response = gateway
        .update_integration_response(at, status, &patches)
        .await
        .map_err(answer)?;
    ok(&IntegrationResponseOutput::new(status, response), input)
}

pub(crate) async fn delete_response(gateway: &Gateway, input: &Input<'_>) -> Answer {
    let (at, status) = (at(input), input.label("status"));
    gateway
        .delete_integration_response(at, status)
        .await
        .map_err(answer)?;
    no_content(input)
}
