//! What the data plane reads: stages with everything prepared that is the same for every request.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use fluoro_ingest::{Door, Source};
use fluoro_statistics::Series;
use fluoro_wire::{AccountId, Region};

use crate::binary::BinaryTypes;
use crate::integration::Plan;
use crate::integration::function::FunctionPlan;
use crate::integration::http_proxy::HttpPlan;
use crate::integration::mock::MockPlan;
use crate::records::{Deployment, Integration, IntegrationKind, Method, Resource, RestApi, Stage};
use crate::routes::Routes;

/// Everything that is deployed. Never changed: a write replaces it.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    apis: HashMap<String, Stages>,
}

/// The stages of one API by name.
pub(crate) type Stages = HashMap<String, Arc<ServedStage>>;

/// A stage, ready to serve.
#[derive(Debug)]
pub(crate) struct ServedStage {
    pub(crate) region: Region,
    pub(crate) account: AccountId,
    pub(crate) api_id: String,
    pub(crate) api_name: String,
    pub(crate) name: String,
    pub(crate) deployment_id: String,
    /// `{api name}/{stage}`: what sampling rules call the service.
    pub(crate) service_name: String,
    /// The same, in the characters that a segment's name may have.
    pub(crate) segment_name: String,
    pub(crate) resource_arn: String,
    /// The host that AWS would serve it at.
    pub(crate) domain_name: String,
    pub(crate) endpoint_disabled: bool,
    pub(crate) tracing_enabled: bool,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) binary: BinaryTypes,
    pub(crate) source: Source,
    pub(crate) routes: Routes<ServedMethod>,
    /// Counts requests that no method answers, once there was one.
    pub(crate) unrouted: OnceLock<Arc<Series>>,
}

/// A method, ready to serve.
#[derive(Debug)]
pub(crate) struct ServedMethod {
    pub(crate) resource_id: String,
    pub(crate) resource_path: String,
    /// `GET`, or `ANY`.
    pub(crate) verb: String,
    pub(crate) operation_name: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) plan: Plan,
    /// Counts its requests, once there was one.
    pub(crate) series: OnceLock<Arc<Series>>,
}

// === impl View ===

impl View {
    pub(crate) fn stage(&self, api_id: &str, stage: &str) -> Option<&Arc<ServedStage>> {
        self.apis.get(api_id)?.get(stage)
    }

    /// This view with other stages for one API; an API without stages is not in it.
    pub(crate) fn with(&self, api_id: &str, stages: Stages) -> Self {
        let mut apis = self.apis.clone();
        if stages.is_empty() {
            apis.remove(api_id);
        } else {
            apis.insert(api_id.to_owned(), stages);
        }
        Self { apis }
    }
}

// === impl ServedStage ===

impl ServedStage {
    /// Prepares a stage of `api` that serves `deployment`.
    pub(crate) fn prepare(
        region: &Region,
        account: &AccountId,
        api: &RestApi,
        stage: &Stage,
        deployment: &Deployment,
    ) -> Self {
        let service_name = format!("{}/{}", api.name, stage.name);
        let mut routes = Routes::new();
        for resource in deployment.resources.values() {
            for (verb, method) in &resource.methods {
                let served = ServedMethod::prepare(resource, verb, method, &stage.variables);
                routes.add(&resource.path, verb, served);
            }
        }
        Self {
            region: region.clone(),
            account: account.clone(),
            api_id: api.id.clone(),
            api_name: api.name.clone(),
            name: stage.name.clone(),
            deployment_id: deployment.id.clone(),
            segment_name: segment_name(&service_name),
            resource_arn: format!(
                "arn:aws:apigateway:{region}::/restapis/{}/stages/{}",
                api.id, stage.name
            ),
            domain_name: format!("{}.execute-api.{region}.amazonaws.com", api.id),
            endpoint_disabled: api.disable_execute_api_endpoint,
            tracing_enabled: stage.tracing_enabled,
            variables: stage.variables.clone(),
            binary: BinaryTypes::new(&deployment.binary_media_types),
            source: Source {
                door: Door::Gateway,
                client: service_name.clone(),
            },
            service_name,
            routes,
            unrouted: OnceLock::new(),
        }
    }

    /// The ARN that a function's policy names for one of this stage's methods.
    pub(crate) fn method_arn(&self, verb: &str, resource_path: &str) -> String {
        format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{verb}{resource_path}",
            self.region, self.account, self.api_id, self.name
        )
    }
}

// === impl ServedMethod ===

impl ServedMethod {
    fn prepare(
        resource: &Resource,
        verb: &str,
        method: &Method,
        variables: &BTreeMap<String, String>,
    ) -> Self {
        let integration = method.integration.as_ref();
        let plan = match integration {
            Some(integration) => plan(integration, variables),
            None => Plan::Broken("No integration defined for method".to_owned()),
        };
        Self {
            resource_id: resource.id.clone(),
            resource_path: resource.path.clone(),
            verb: verb.to_owned(),
            operation_name: method.operation_name.clone(),
            timeout: Duration::from_millis(
                integration.map_or(0, |integration| integration.timeout_ms.into()),
            ),
            plan,
            series: OnceLock::new(),
        }
    }
}

fn plan(integration: &Integration, variables: &BTreeMap<String, String>) -> Plan {
    let plan = match integration.kind {
        IntegrationKind::AwsProxy => {
            FunctionPlan::prepare(integration, variables).map(Plan::Function)
        }
        IntegrationKind::HttpProxy => {
            HttpPlan::prepare(integration, variables).map(|plan| Plan::HttpProxy(Box::new(plan)))
        }
        IntegrationKind::Mock => MockPlan::prepare(integration).map(Plan::Mock),
    };
    plan.unwrap_or_else(Plan::Broken)
}

/// A text in the characters that X-Ray takes in a segment's name, at most 200 of them.
///
/// Source: X-Ray developer guide, segment documents.
pub(crate) fn segment_name(text: &str) -> String {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/%&#=+\\-@".contains(c);
    text.chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(200)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segments_name_has_only_what_x_ray_takes() {
        assert_eq!(segment_name("orders (v2)/dev"), "orders _v2_/dev");
        assert_eq!(segment_name(&"x".repeat(300)).len(), 200);
    }
}
