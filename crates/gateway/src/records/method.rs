//! A method of a resource, its integration, and the answers of both.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a verb of a resource does. Anybody may call it: no other authorization can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The owner's name for it; functions see it.
    pub operation_name: Option<String>,
    /// `method.request.header.X-Token` and the like, and whether they are required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Models by content type: the built-in ones, `Empty` and `Error`.
    pub request_models: BTreeMap<String, String>,
    /// Declared answers by status code.
    pub responses: BTreeMap<String, MethodResponse>,
    /// What answers it.
    pub integration: Option<Integration>,
}

/// A declared answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MethodResponse {
    /// `method.response.header.X` and whether it is required.
    pub response_parameters: BTreeMap<String, bool>,
    /// Models by content type.
    pub response_models: BTreeMap<String, String>,
}

/// What answers a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Integration {
    /// The kind of integration.
    pub kind: IntegrationKind,
    /// The verb with which the backend is called.
    pub http_method: Option<String>,
    /// Where the backend is; may hold `${stageVariables.x}`.
    pub uri: Option<String>,
    /// `integration.request.header.X` and where its value comes from.
    pub request_parameters: BTreeMap<String, String>,
    /// Templates of the request by content type.
    pub request_templates: BTreeMap<String, String>,
    /// What happens to a body without a template.
    pub passthrough: Passthrough,
    /// How long the backend may take.
    pub timeout_ms: u32,
    /// Kept for clients; nothing is cached.
    pub cache_namespace: String,
    /// Kept for clients; nothing is cached.
    pub cache_key_parameters: Vec<String>,
    /// Answers by status code.
    pub responses: BTreeMap<String, IntegrationResponse>,
}

/// The kinds of integration that can be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IntegrationKind {
    /// A function that sees the request and makes the whole answer.
    AwsProxy,
    /// A web server that sees the request and makes the whole answer.
    HttpProxy,
    /// No backend: templates alone.
    Mock,
}

/// What happens to a body for whose content type there is no template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Passthrough {
    /// It goes on as it is.
    #[default]
    WhenNoMatch,
    /// It goes on as it is if there is no template at all, else 415.
    WhenNoTemplates,
    /// 415.
    Never,
}

/// How an answer of the integration becomes one of the method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IntegrationResponse {
    /// A regular expression over the backend's status; absent or empty for the default.
    pub selection_pattern: Option<String>,
    /// `method.response.header.X` and where its value comes from.
    pub response_parameters: BTreeMap<String, String>,
    /// Templates of the answer by content type.
    pub response_templates: BTreeMap<String, String>,
}

// === impl IntegrationKind ===

impl IntegrationKind {
    /// As the management API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AwsProxy => "AWS_PROXY",
            Self::HttpProxy => "HTTP_PROXY",
            Self::Mock => "MOCK",
        }
    }
}

// === impl Passthrough ===

impl Passthrough {
    /// As the management API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WhenNoMatch => "WHEN_NO_MATCH",
            Self::WhenNoTemplates => "WHEN_NO_TEMPLATES",
            Self::Never => "NEVER",
        }
    }
}
