//! Operations on integrations and their answers.

mod members;

use std::collections::BTreeMap;

use super::methods::check_status;
use super::{ManagementError, MethodAt, PatchOperation, check};
use crate::Gateway;
use crate::records::{Integration, IntegrationKind, IntegrationResponse, Method, Passthrough};

/// What a new integration is given. The unsupported members are here to be refused.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "the members of Integration, where they are explained"
)]
pub struct NewIntegration {
    pub kind: RequestedKind,
    pub http_method: Option<String>,
    pub uri: Option<String>,
    pub request_parameters: BTreeMap<String, String>,
    pub request_templates: BTreeMap<String, String>,
    pub passthrough: Passthrough,
    pub timeout_ms: Option<u32>,
    pub cache_namespace: Option<String>,
    pub cache_key_parameters: Vec<String>,
}

/// The kinds of integration that AWS has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestedKind {
    /// A service's action, or a function, through templates.
    Aws,
    /// A function that makes the whole answer.
    AwsProxy,
    /// A web server through templates.
    Http,
    /// A web server that makes the whole answer.
    HttpProxy,
    /// Templates alone.
    Mock,
}

/// What an integration response is given.
pub type NewIntegrationResponse = IntegrationResponse;

/// How long a backend may take unless somebody says otherwise.
const TIMEOUT_MS: u32 = 29_000;

impl Gateway {
    /// Makes or replaces a method's integration.
    ///
    /// # Errors
    ///
    /// When the method is not there, or the integration cannot be carried out as it is set up.
    pub async fn put_integration(
        &self,
        at: MethodAt<'_>,
        new: NewIntegration,
    ) -> Result<Integration, ManagementError> {
        self.edit_method(at, |method| {
            let integration = new.clone().build(at.resource_id)?;
            method.integration = Some(integration.clone());
            Ok(integration)
        })
        .await
    }

    /// A method's integration.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn integration(&self, at: MethodAt<'_>) -> Result<Integration, ManagementError> {
        let method = self.method(at).await?;
        method
            .integration
            .ok_or_else(ManagementError::no_integration)
    }

    /// Changes a method's integration.
    ///
    /// # Errors
    ///
    /// When it is not there, or cannot be carried out any more afterwards.
    pub async fn update_integration(
        &self,
        at: MethodAt<'_>,
        patches: &[PatchOperation],
    ) -> Result<Integration, ManagementError> {
        self.edit_method(at, |method| {
            let integration = integration_mut(method)?;
            for patch in patches {
                apply(integration, patch)?;
            }
            check::integration(integration)?;
            Ok(integration.clone())
        })
        .await
    }

    /// Deletes a method's integration.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn delete_integration(&self, at: MethodAt<'_>) -> Result<(), ManagementError> {
        self.edit_method(at, |method| {
            let removed = method.integration.take();
            removed
                .map(|_| ())
                .ok_or_else(ManagementError::no_integration)
        })
        .await
    }

    /// Makes or replaces an integration response.
    ///
    /// # Errors
    ///
    /// When the integration is not there, the method does not declare the answer, or a member is not valid.
    pub async fn put_integration_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
        new: NewIntegrationResponse,
    ) -> Result<IntegrationResponse, ManagementError> {
        check_status(status)?;
        self.edit_method(at, |method| {
            let integration = method.integration.as_ref();
            let kind = integration
                .ok_or_else(ManagementError::no_integration)?
                .kind;
            check::declared(method, status, &new)?;
            check::integration_response(kind, &new)?;
            let integration = integration_mut(method)?;
            integration.responses.insert(status.to_owned(), new.clone());
            Ok(new.clone())
        })
        .await
    }

    /// An integration response.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn integration_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
    ) -> Result<IntegrationResponse, ManagementError> {
        let mut integration = self.integration(at).await?;
        let found = integration.responses.remove(status);
        found.ok_or_else(ManagementError::no_response)
    }

    /// Changes an integration response.
    ///
    /// # Errors
    ///
    /// When it is not there, or cannot be carried out any more afterwards.
    pub async fn update_integration_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
        patches: &[PatchOperation],
    ) -> Result<IntegrationResponse, ManagementError> {
        self.edit_method(at, |method| {
            let integration = integration_mut(method)?;
            let kind = integration.kind;
            let response = integration.responses.get_mut(status);
            let response = response.ok_or_else(ManagementError::no_response)?;
            for patch in patches {
                apply_to_response(response, patch)?;
            }
            check::integration_response(kind, response)?;
            let response = response.clone();
            check::declared(method, status, &response)?;
            Ok(response)
        })
        .await
    }

    /// Deletes an integration response.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn delete_integration_response(
        &self,
        at: MethodAt<'_>,
        status: &str,
    ) -> Result<(), ManagementError> {
        self.edit_method(at, |method| {
            let removed = integration_mut(method)?.responses.remove(status);
            removed.map(|_| ()).ok_or_else(ManagementError::no_response)
        })
        .await
    }
}

fn integration_mut(method: &mut Method) -> Result<&mut Integration, ManagementError> {
    let integration = method.integration.as_mut();
    integration.ok_or_else(ManagementError::no_integration)
}

fn apply(integration: &mut Integration, patch: &PatchOperation) -> Result<(), ManagementError> {
    patch.changes_one_value()?;
    let parts = patch.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["uri"] => integration.uri = patch.optional(),
        ["httpMethod"] => integration.http_method = patch.optional(),
        ["timeoutInMillis"] => {
            integration.timeout_ms = patch.value()?.parse().map_err(|_| {
                ManagementError::bad_request("Timeout should be between 50 ms and 29000 ms")
            })?;
        }
        ["passthroughBehavior"] => integration.passthrough = Passthrough::parse(patch.value()?)?,
        ["cacheNamespace"] => patch.value()?.clone_into(&mut integration.cache_namespace),
        ["requestParameters", name] => patch.entry(&mut integration.request_parameters, name)?,
        ["requestTemplates", content_type] => {
            patch.entry(&mut integration.request_templates, content_type)?;
        }
        ["cacheKeyParameters", name] => {
            integration
                .cache_key_parameters
                .retain(|known| known != name);
            if patch.op != super::PatchOp::Remove {
                integration.cache_key_parameters.push((*name).to_owned());
            }
        }
        ["credentials" | "contentHandling" | "connectionType" | "connectionId"]
        | ["tlsConfig" | "responseTransferMode", ..] => {
            return Err(ManagementError::unsupported(format!(
                "{} of an integration",
                patch.path
            )));
        }
        _ => {
            return Err(patch.invalid_path(&[
                "/uri",
                "/httpMethod",
                "/timeoutInMillis",
                "/passthroughBehavior",
                "/cacheNamespace",
                "/cacheKeyParameters/{name}",
                "/requestParameters/{name}",
                "/requestTemplates/{contentType}",
            ]));
        }
    }
    Ok(())
}

fn apply_to_response(
    response: &mut IntegrationResponse,
    patch: &PatchOperation,
) -> Result<(), ManagementError> {
    patch.changes_one_value()?;
    let parts = patch.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["selectionPattern"] => response.selection_pattern = patch.optional(),
        ["responseParameters", name] => patch.entry(&mut response.response_parameters, name)?,
        ["responseTemplates", content_type] => {
            patch.entry(&mut response.response_templates, content_type)?;
        }
        ["contentHandling"] => {
            return Err(ManagementError::unsupported("contentHandling"));
        }
        _ => {
            return Err(patch.invalid_path(&[
                "/selectionPattern",
                "/responseParameters/{name}",
                "/responseTemplates/{contentType}",
            ]));
        }
    }
    Ok(())
}

// === impl NewIntegration ===

impl NewIntegration {
    /// The integration as a record, if it can be carried out.
    pub(super) fn build(self, resource_id: &str) -> Result<Integration, ManagementError> {
        if self.kind != RequestedKind::Mock && self.http_method.as_deref().unwrap_or("").is_empty()
        {
            return Err(ManagementError::bad_request(
                "Enumeration value for HttpMethod must be non-empty",
            ));
        }
        let kind = match self.kind {
            RequestedKind::AwsProxy => IntegrationKind::AwsProxy,
            RequestedKind::HttpProxy => IntegrationKind::HttpProxy,
            RequestedKind::Mock => IntegrationKind::Mock,
            RequestedKind::Aws => {
                return Err(ManagementError::unsupported("integrations of type AWS"));
            }
            RequestedKind::Http => {
                return Err(ManagementError::unsupported("integrations of type HTTP"));
            }
        };
        let integration = Integration {
            kind,
            http_method: self.http_method,
            uri: self.uri,
            request_parameters: self.request_parameters,
            request_templates: self.request_templates,
            passthrough: self.passthrough,
            timeout_ms: self.timeout_ms.unwrap_or(TIMEOUT_MS),
            cache_namespace: self
                .cache_namespace
                .unwrap_or_else(|| resource_id.to_owned()),
            cache_key_parameters: self.cache_key_parameters,
            responses: BTreeMap::new(),
        };
        check::integration(&integration)?;
        Ok(integration)
    }
}

// === impl RequestedKind ===

impl RequestedKind {
    /// The kind of that name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "AWS" => Self::Aws,
            "AWS_PROXY" => Self::AwsProxy,
            "HTTP" => Self::Http,
            "HTTP_PROXY" => Self::HttpProxy,
            "MOCK" => Self::Mock,
            _ => return None,
        })
    }
}

// === impl Passthrough ===

impl Passthrough {
    /// The behaviour of that name, in any case.
    ///
    /// # Errors
    ///
    /// When it is another word.
    pub fn parse(name: &str) -> Result<Self, ManagementError> {
        match name.to_ascii_uppercase().as_str() {
            "WHEN_NO_MATCH" => Ok(Self::WhenNoMatch),
            "WHEN_NO_TEMPLATES" => Ok(Self::WhenNoTemplates),
            "NEVER" => Ok(Self::Never),
            _ => Err(ManagementError::bad_request(
                "Invalid passthrough behavior specified. Valid options are WHEN_NO_MATCH,WHEN_NO_TEMPLATES,NEVER",
            )),
        }
    }
}
