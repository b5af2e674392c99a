//! What an operator may set: the section `[gateway]`.

use serde::Deserialize;

/// The section `[gateway]` of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaySettings {
    /// Whether a stage without tracing records a request that its caller sampled.
    ///
    /// On, as the guide documents it. Source: API Gateway developer guide, tracing with X-Ray.
    pub passive_recording: bool,
    /// What an HTTP integration's subsegment, and so its node in the service graph, is named after.
    pub http_integration_node: IntegrationNode,
    /// Whether answers carry `x-fluoro-sampling`: the decision and what made it.
    pub sampling_header: bool,
}

/// How an HTTP integration appears in the service graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntegrationNode {
    /// A node for every host and path, as AWS does. Many paths make many nodes.
    #[default]
    Url,
    /// A node for every host.
    Host,
}

// === impl GatewaySettings ===

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            passive_recording: true,
            http_integration_node: IntegrationNode::Url,
            sampling_header: false,
        }
    }
}
