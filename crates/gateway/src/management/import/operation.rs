//! One operation of a document becomes a method with its integration.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{Document, invalid};
use super::paths::object;
use super::{ManagementError, has_members};
use crate::management::integrations::NewIntegration;
use crate::management::{check, methods};
use crate::records::{Integration, IntegrationResponse, Method, MethodResponse};

const INTEGRATION: &str = "x-amazon-apigateway-integration";

pub(super) fn method(
    document: &Document,
    operation: &Map<String, Value>,
    shared_parameters: Option<&Value>,
    resource_id: &str,
) -> Result<Method, ManagementError> {
    refuse_unsupported(operation)?;
    let mut method = Method {
        operation_name: operation
            .get("operationId")
            .and_then(Value::as_str)
            .map(str::to_owned),
        ..Method::default()
    };
    for list in [shared_parameters, operation.get("parameters")] {
        for parameter in list.and_then(Value::as_array).into_iter().flatten() {
            add_parameter(&mut method, document.resolve(parameter)?)?;
        }
    }
    for (status, response) in object(operation, "responses")?.into_iter().flatten() {
        // `default` and ranges (`4XX`) name no status that an answer could have.
        if methods::check_status(status).is_ok() {
            let response = method_response(document.resolve(response)?);
            method.responses.insert(status.clone(), response);
        }
    }
    if let Some(members) = object(operation, INTEGRATION)? {
        method.integration = Some(integration(members, resource_id)?);
    }
    Ok(method)
}

fn refuse_unsupported(operation: &Map<String, Value>) -> Result<(), ManagementError> {
    for (key, value) in operation {
        let refused = match key.as_str() {
            INTEGRATION => false,
            "security" => has_members(value),
            "x-amazon-apigateway-auth" => value.get("type").and_then(Value::as_str) != Some("NONE"),
            _ => key.starts_with("x-amazon-apigateway-"),
        };
        if refused {
            return Err(ManagementError::unsupported(format!(
                "{key} of an operation"
            )));
        }
    }
    Ok(())
}

fn add_parameter(method: &mut Method, parameter: &Value) -> Result<(), ManagementError> {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str);
    let place = match text("in").ok_or_else(invalid)? {
        "path" => "path",
        "query" => "querystring",
        "header" => "header",
        // Bodies, forms and cookies are not parameters of a method.
        _ => return Ok(()),
    };
    let name = text("name").ok_or_else(invalid)?;
    let required = parameter.get("required").and_then(Value::as_bool);
    let key = format!("method.request.{place}.{name}");
    method
        .request_parameters
        .insert(key, required.unwrap_or_default());
    Ok(())
}

fn method_response(response: &Value) -> MethodResponse {
    let headers = response.get("headers").and_then(Value::as_object);
    let names = headers.into_iter().flat_map(Map::keys);
    MethodResponse {
        response_parameters: names
            .map(|name| (format!("method.response.header.{name}"), false))
            .collect(),
        response_models: BTreeMap::new(),
    }
}

fn integration(
    members: &Map<String, Value>,
    resource_id: &str,
) -> Result<Integration, ManagementError> {
    let mut integration = NewIntegration::from_members(members)?.build(resource_id)?;
    for (pattern, response) in object(members, "responses")?.into_iter().flatten() {
        let response = response.as_object().ok_or_else(invalid)?;
        let status = match response.get("statusCode") {
            Some(Value::String(status)) => status.clone(),
            Some(Value::Number(status)) => status.to_string(),
            _ => return Err(invalid()),
        };
        methods::check_status(&status)?;
        let mut record = IntegrationResponse::from_members(response)?;
        record.selection_pattern = (pattern != "default").then(|| pattern.clone());
        check::integration_response(integration.kind, &record)?;
        integration.responses.insert(status, record);
    }
    Ok(integration)
}
