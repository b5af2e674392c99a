//! An API and its resources.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use serde::{Deserialize, Serialize};

use super::Method;

/// An API as it is being edited: what a deployment copies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApiRecord {
    /// The API itself.
    pub api: RestApi,
    /// Its resources by id; the root is always there.
    pub resources: BTreeMap<String, Resource>,
}

/// A REST API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestApi {
    /// Ten lower-case letters and digits; also the first label of its host.
    pub id: String,
    /// The name: with the stage, the service's name in traces and sampling rules.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The owner's own version of it.
    pub version: Option<String>,
    /// When it was made.
    pub created: TimestampMicros,
    /// How clients reach it.
    pub endpoint: EndpointConfiguration,
    /// Media types whose bodies are bytes, not text.
    pub binary_media_types: Vec<String>,
    /// Answers of at least so many bytes may be compressed.
    pub minimum_compression_size: Option<u32>,
    /// Whether its `execute-api` address answers nothing.
    pub disable_execute_api_endpoint: bool,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// The id of the resource `/`.
    pub root_resource_id: String,
    /// What the last import understood but could not do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// How clients reach an API.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointConfiguration {
    /// Exactly one, as AWS has it, though its form is a list.
    pub kind: EndpointType,
    /// Which addresses it answers on.
    pub ip_address_type: IpAddressType,
}

/// Where an API's endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum EndpointType {
    /// Behind CloudFront; the default.
    #[default]
    Edge,
    /// In its region.
    Regional,
}

/// Which addresses an endpoint answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IpAddressType {
    /// IPv4 alone.
    #[default]
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
}

/// A part of the path below its parent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Six lower-case letters and digits, ten for a root.
    pub id: String,
    /// `None` for the root.
    pub parent_id: Option<String>,
    /// `orders`, `{id}` or `{proxy+}`; `None` for the root.
    pub path_part: Option<String>,
    /// The whole path.
    pub path: String,
    /// Its methods by verb or `ANY`.
    pub methods: BTreeMap<String, Method>,
}

// === impl ApiRecord ===

impl ApiRecord {
    /// The resource at this path.
    #[must_use]
    pub fn resource_at(&self, path: &str) -> Option<&Resource> {
        self.resources
            .values()
            .find(|resource| resource.path == path)
    }
}
