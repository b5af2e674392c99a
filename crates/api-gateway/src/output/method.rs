//! Methods, integrations and their answers on the wire.

use std::collections::BTreeMap;

use fluoro_gateway::records::{
    Integration, IntegrationKind, IntegrationResponse, Method, MethodResponse,
};
use serde::Serialize;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MethodOutput {
    http_method: String,
    authorization_type: &'static str,
    api_key_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    request_parameters: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    request_models: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    method_responses: BTreeMap<String, MethodResponseOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method_integration: Option<IntegrationOutput>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MethodResponseOutput {
    status_code: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    response_parameters: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    response_models: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationOutput {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_type: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    request_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    request_templates: BTreeMap<String, String>,
    passthrough_behavior: &'static str,
    timeout_in_millis: u32,
    cache_namespace: String,
    cache_key_parameters: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    integration_responses: BTreeMap<String, IntegrationResponseOutput>,
    response_transfer_mode: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationResponseOutput {
    status_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    selection_pattern: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    response_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    response_templates: BTreeMap<String, String>,
}

// === impl MethodOutput ===

impl MethodOutput {
    pub(crate) fn new(verb: &str, method: Method) -> Self {
        let responses = method.responses.into_iter();
        Self {
            http_method: verb.to_owned(),
            authorization_type: "NONE",
            api_key_required: false,
            operation_name: method.operation_name,
            request_parameters: method.request_parameters,
            request_models: method.request_models,
            method_responses: responses
                .map(|(status, response)| {
                    let output = MethodResponseOutput::new(&status, response);
                    (status, output)
                })
                .collect(),
            method_integration: method.integration.map(IntegrationOutput::from),
        }
    }
}

// === impl MethodResponseOutput ===

impl MethodResponseOutput {
    pub(crate) fn new(status: &str, response: MethodResponse) -> Self {
        Self {
            status_code: status.to_owned(),
            response_parameters: response.response_parameters,
            response_models: response.response_models,
        }
    }
}

// === impl IntegrationOutput ===

impl From<Integration> for IntegrationOutput {
    fn from(integration: Integration) -> Self {
        let over_http = integration.kind == IntegrationKind::HttpProxy;
        let responses = integration.responses.into_iter();
        Self {
            kind: integration.kind.as_str(),
            http_method: integration.http_method,
            uri: integration.uri,
            connection_type: over_http.then_some("INTERNET"),
            request_parameters: integration.request_parameters,
            request_templates: integration.request_templates,
            passthrough_behavior: integration.passthrough.as_str(),
            timeout_in_millis: integration.timeout_ms,
            cache_namespace: integration.cache_namespace,
            cache_key_parameters: integration.cache_key_parameters,
            integration_responses: responses
                .map(|(status, response)| {
                    let output = IntegrationResponseOutput::new(&status, response);
                    (status, output)
                })
                .collect(),
            response_transfer_mode: "BUFFERED",
        }
    }
}

// === impl IntegrationResponseOutput ===

impl IntegrationResponseOutput {
    pub(crate) fn new(status: &str, response: IntegrationResponse) -> Self {
        Self {
            status_code: status.to_owned(),
            selection_pattern: response.selection_pattern,
            response_parameters: response.response_parameters,
            response_templates: response.response_templates,
        }
    }
}
