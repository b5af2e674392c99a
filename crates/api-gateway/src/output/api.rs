//! APIs, resources and gateway responses on the wire.

use std::collections::BTreeMap;

use fluoro_gateway::GatewayResponseType;
use fluoro_gateway::records::{EndpointType, IpAddressType, Method, Resource, RestApi};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{MethodOutput, seconds};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestApiOutput {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    binary_media_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_compression_size: Option<u32>,
    api_key_source: &'static str,
    endpoint_configuration: EndpointOutput,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, String>,
    disable_execute_api_endpoint: bool,
    root_resource_id: String,
    api_status: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointOutput {
    types: [EndpointType; 1],
    ip_address_type: IpAddressType,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResourceOutput {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_part: Option<String>,
    path: String,
    #[serde(skip_serializing_if = "Map::is_empty")]
    resource_methods: Map<String, Value>,
}

/// A response type as it is unless an API changes it, which none can yet.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GatewayResponseOutput {
    pub(crate) response_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<String>,
    response_parameters: BTreeMap<String, String>,
    response_templates: BTreeMap<&'static str, &'static str>,
    default_response: bool,
}

/// Whether a resource shows its methods in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Methods {
    /// `{"GET": {}}`.
    Named,
    /// With integration and answers: `embed=methods`.
    Embedded,
}

// === impl RestApiOutput ===

impl From<RestApi> for RestApiOutput {
    fn from(api: RestApi) -> Self {
        let mut warnings = api.warnings;
        if api.minimum_compression_size.is_some() {
            warnings.push(
                "minimumCompressionSize is kept, but answers are not compressed yet".to_owned(),
            );
        }
        Self {
            id: api.id,
            name: api.name,
            description: api.description,
            created_date: seconds(api.created),
            version: api.version,
            warnings,
            binary_media_types: api.binary_media_types,
            minimum_compression_size: api.minimum_compression_size,
            api_key_source: "HEADER",
            endpoint_configuration: EndpointOutput {
                types: [api.endpoint.kind],
                ip_address_type: api.endpoint.ip_address_type,
            },
            tags: api.tags,
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
            root_resource_id: api.root_resource_id,
            api_status: "AVAILABLE",
        }
    }
}

// === impl ResourceOutput ===

impl ResourceOutput {
    pub(crate) fn new(resource: Resource, methods: Methods) -> Self {
        let shown = |(verb, method): (String, Method)| {
            let value = match methods {
                Methods::Named => Value::Object(Map::new()),
                Methods::Embedded => serde_json::to_value(MethodOutput::new(&verb, method))
                    .expect("the output has text keys and no failing serializer"),
            };
            (verb, value)
        };
        Self {
            id: resource.id,
            parent_id: resource.parent_id,
            path_part: resource.path_part,
            path: resource.path,
            resource_methods: resource.methods.into_iter().map(shown).collect(),
        }
    }
}

// === impl GatewayResponseOutput ===

impl From<GatewayResponseType> for GatewayResponseOutput {
    fn from(kind: GatewayResponseType) -> Self {
        let template = r#"{"message":$context.error.messageString}"#;
        Self {
            response_type: kind.name(),
            status_code: kind.status().map(|status| status.as_str().to_owned()),
            response_parameters: BTreeMap::new(),
            response_templates: BTreeMap::from([("application/json", template)]),
            default_response: true,
        }
    }
}
