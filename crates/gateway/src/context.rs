//! Everything that is known of one request while it is answered, and the variables that show it.

use std::borrow::Cow;

use fluoro_model::TimestampMicros;

use crate::head::Head;
use crate::request::Addressed;
use crate::served::{ServedMethod, ServedStage};

/// One request to a method of a stage.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) stage: &'a ServedStage,
    pub(crate) method: &'a ServedMethod,
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) head: &'a Head,
    pub(crate) ids: &'a RequestIds,
    pub(crate) received: TimestampMicros,
}

/// The two ids of a request. Source: recorded answers.
#[derive(Debug)]
pub(crate) struct RequestIds {
    /// `$context.requestId`: a UUID.
    pub(crate) request: String,
    /// `$context.extendedRequestId`: 15 base64url characters and `=`.
    pub(crate) extended: String,
}

/// A variable of `$context` that mappings and templates may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContextVariable {
    AccountId,
    ApiId,
    DeploymentId,
    DomainName,
    DomainPrefix,
    ExtendedRequestId,
    HttpMethod,
    SourceIp,
    UserAgent,
    Path,
    Protocol,
    RequestId,
    RequestTime,
    RequestTimeEpoch,
    ResourceId,
    ResourcePath,
    Stage,
    /// One that exists but never has a value here: nobody authorised, no key was asked for.
    Absent,
}

// === impl Context ===

impl Context<'_> {
    /// The host that the stage was called at, without port.
    pub(crate) fn domain_name(&self) -> &str {
        let called = match self.head.addressed {
            Addressed::Host => self.head.host(),
            Addressed::Path => None,
        };
        let host = called.unwrap_or(&self.stage.domain_name);
        host.split(':').next().unwrap_or(host)
    }

    /// The host's first label.
    pub(crate) fn domain_prefix(&self) -> &str {
        let name = self.domain_name();
        name.split('.').next().unwrap_or(name)
    }

    /// `10/Nov/2026:12:34:56 +0000`.
    pub(crate) fn request_time(&self) -> String {
        jiff::Timestamp::from_microsecond(self.received.0)
            .map(|time| time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string())
            .unwrap_or_default()
    }

    pub(crate) fn request_time_epoch_ms(&self) -> i64 {
        self.received.0.div_euclid(1_000)
    }

    /// A parameter of the path.
    pub(crate) fn path_parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    /// The value of a variable; `None` when it has none.
    pub(crate) fn variable(&self, variable: ContextVariable) -> Option<Cow<'_, str>> {
        Some(match variable {
            ContextVariable::AccountId => (&*self.stage.account.0).into(),
            ContextVariable::ApiId => (&*self.stage.api_id).into(),
            ContextVariable::DeploymentId => (&*self.stage.deployment_id).into(),
            ContextVariable::DomainName => self.domain_name().into(),
            ContextVariable::DomainPrefix => self.domain_prefix().into(),
            ContextVariable::ExtendedRequestId => (&*self.ids.extended).into(),
            ContextVariable::HttpMethod => self.head.method.as_str().into(),
            ContextVariable::SourceIp => self.head.source_ip().into(),
            ContextVariable::UserAgent => self.head.user_agent()?.into(),
            ContextVariable::Path => self.head.path_with_stage(&self.stage.name).into(),
            ContextVariable::Protocol => "HTTP/1.1".into(),
            ContextVariable::RequestId => (&*self.ids.request).into(),
            ContextVariable::RequestTime => self.request_time().into(),
            ContextVariable::RequestTimeEpoch => self.request_time_epoch_ms().to_string().into(),
            ContextVariable::ResourceId => (&*self.method.resource_id).into(),
            ContextVariable::ResourcePath => (&*self.method.resource_path).into(),
            ContextVariable::Stage => (&*self.stage.name).into(),
            ContextVariable::Absent => return None,
        })
    }
}

// === impl ContextVariable ===

impl ContextVariable {
    /// The variable of that name, without `$context.`; `None` when AWS has no such variable in mappings.
    ///
    /// Source: API Gateway developer guide, mapping template reference.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "accountId" => Self::AccountId,
            "apiId" => Self::ApiId,
            "deploymentId" => Self::DeploymentId,
            "domainName" => Self::DomainName,
            "domainPrefix" => Self::DomainPrefix,
            "extendedRequestId" => Self::ExtendedRequestId,
            "httpMethod" => Self::HttpMethod,
            "identity.sourceIp" => Self::SourceIp,
            "identity.userAgent" => Self::UserAgent,
            "path" => Self::Path,
            "protocol" => Self::Protocol,
            "requestId" => Self::RequestId,
            "requestTime" => Self::RequestTime,
            "requestTimeEpoch" => Self::RequestTimeEpoch,
            "resourceId" => Self::ResourceId,
            "resourcePath" => Self::ResourcePath,
            "stage" => Self::Stage,
            "awsEndpointRequestId"
            | "identity.accountId"
            | "identity.apiKey"
            | "identity.apiKeyId"
            | "identity.caller"
            | "identity.cognitoAuthenticationProvider"
            | "identity.cognitoAuthenticationType"
            | "identity.cognitoIdentityId"
            | "identity.cognitoIdentityPoolId"
            | "identity.principalOrgId"
            | "identity.user"
            | "identity.userArn"
            | "identity.vpcId"
            | "identity.vpceId"
            | "isCanaryRequest"
            | "wafResponseCode"
            | "webaclArn" => Self::Absent,
            _ if name.starts_with("authorizer.") => Self::Absent,
            _ => return None,
        })
    }
}
