//! Answers that the gateway makes itself: 21 types, each with its status, message and error type.
//!
//! Source: API Gateway developer guide, gateway response types; recorded answers.

use bytes::Bytes;
use http::{HeaderName, StatusCode};

/// The header that names the kind of error.
pub(crate) const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A type of answer that the gateway makes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayResponseType {
    /// The caller's policies, or the API's, do not allow the request.
    AccessDenied,
    /// The integration is not set up as it must be.
    ApiConfigurationError,
    /// The authorizer answered no policy.
    AuthorizerConfigurationError,
    /// The authorizer failed.
    AuthorizerFailure,
    /// A body that does not fit its model.
    BadRequestBody,
    /// A required parameter is missing.
    BadRequestParameters,
    /// What every 4xx without a response of its own inherits.
    Default4xx,
    /// What every 5xx without a response of its own inherits.
    Default5xx,
    /// The caller's session is over.
    ExpiredToken,
    /// The integration could not be reached, or broke off.
    IntegrationFailure,
    /// The integration did not answer in its time.
    IntegrationTimeout,
    /// The API key is missing or unknown.
    InvalidApiKey,
    /// The signature does not match.
    InvalidSignature,
    /// No such path or method.
    MissingAuthenticationToken,
    /// The usage plan's quota is used up.
    QuotaExceeded,
    /// More than 10 MB.
    RequestTooLarge,
    /// The authorised path is not there.
    ResourceNotFound,
    /// Too many requests at once.
    Throttled,
    /// The authorizer said no.
    Unauthorized,
    /// No template for the content type.
    UnsupportedMediaType,
    /// The firewall said no.
    WafFiltered,
}

/// An answer that the gateway makes itself, before the headers that every answer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    pub(crate) status: StatusCode,
    pub(crate) error_type: &'static str,
    message: &'static str,
}

impl GatewayResponseType {
    /// Every type, in the order in which AWS lists them.
    pub const ALL: [Self; 21] = [
        Self::AccessDenied,
        Self::ApiConfigurationError,
        Self::AuthorizerConfigurationError,
        Self::AuthorizerFailure,
        Self::BadRequestBody,
        Self::BadRequestParameters,
        Self::Default4xx,
        Self::Default5xx,
        Self::ExpiredToken,
        Self::IntegrationFailure,
        Self::IntegrationTimeout,
        Self::InvalidApiKey,
        Self::InvalidSignature,
        Self::MissingAuthenticationToken,
        Self::QuotaExceeded,
        Self::RequestTooLarge,
        Self::ResourceNotFound,
        Self::Throttled,
        Self::Unauthorized,
        Self::UnsupportedMediaType,
        Self::WafFiltered,
    ];

    /// The name in the management API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessDenied => "ACCESS_DENIED",
            Self::ApiConfigurationError => "API_CONFIGURATION_ERROR",
            Self::AuthorizerConfigurationError => "AUTHORIZER_CONFIGURATION_ERROR",
            Self::AuthorizerFailure => "AUTHORIZER_FAILURE",
            Self::BadRequestBody => "BAD_REQUEST_BODY",
            Self::BadRequestParameters => "BAD_REQUEST_PARAMETERS",
            Self::Default4xx => "DEFAULT_4XX",
            Self::Default5xx => "DEFAULT_5XX",
            Self::ExpiredToken => "EXPIRED_TOKEN",
            Self::IntegrationFailure => "INTEGRATION_FAILURE",
            Self::IntegrationTimeout => "INTEGRATION_TIMEOUT",
            Self::InvalidApiKey => "INVALID_API_KEY",
            Self::InvalidSignature => "INVALID_SIGNATURE",
            Self::MissingAuthenticationToken => "MISSING_AUTHENTICATION_TOKEN",
            Self::QuotaExceeded => "QUOTA_EXCEEDED",
            Self::RequestTooLarge => "REQUEST_TOO_LARGE",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::Throttled => "THROTTLED",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::WafFiltered => "WAF_FILTERED",
        }
    }

    /// The status unless an API sets another; the two defaults have none.
    #[must_use]
    pub fn status(self) -> Option<StatusCode> {
        match self {
            Self::Default4xx | Self::Default5xx => None,
            Self::BadRequestBody | Self::BadRequestParameters => Some(StatusCode::BAD_REQUEST),
            Self::Unauthorized => Some(StatusCode::UNAUTHORIZED),
            Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidApiKey
            | Self::InvalidSignature
            | Self::MissingAuthenticationToken
            | Self::WafFiltered => Some(StatusCode::FORBIDDEN),
            Self::ResourceNotFound => Some(StatusCode::NOT_FOUND),
            Self::RequestTooLarge => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::QuotaExceeded | Self::Throttled => Some(StatusCode::TOO_MANY_REQUESTS),
            Self::ApiConfigurationError
            | Self::AuthorizerConfigurationError
            | Self::AuthorizerFailure => Some(StatusCode::INTERNAL_SERVER_ERROR),
            Self::IntegrationFailure | Self::IntegrationTimeout => {
                Some(StatusCode::GATEWAY_TIMEOUT)
            }
        }
    }
}

impl ErrorAnswer {
    /// No such stage, or an endpoint that is switched off.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
    }

    /// No such path or method: 403, never 404 or 405.
    pub(crate) fn missing_authentication_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        )
    }

    /// The integration is not set up as it must be, or the function may not be called.
    pub(crate) fn configuration() -> Self {
        Self::internal(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The function failed, or returned what a proxy integration may not return.
    pub(crate) fn bad_gateway() -> Self {
        Self::internal(StatusCode::BAD_GATEWAY)
    }

    /// The backend cannot be reached, or broke off.
    pub(crate) fn integration_failure() -> Self {
        Self::internal(StatusCode::GATEWAY_TIMEOUT)
    }

    /// The integration did not answer in its time.
    pub(crate) fn integration_timeout() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "InternalServerErrorException",
            "Endpoint request timed out",
        )
    }

    /// More than 10 MB.
    pub(crate) fn request_too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            "Request Too Long",
        )
    }

    /// No template for the content type.
    pub(crate) fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "BadRequestException",
            "Unsupported Media Type",
        )
    }

    /// The request's head is larger than AWS takes.
    pub(crate) fn head_too_large() -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "BadRequestException",
            "Request Header Fields Too Large",
        )
    }

    /// The client's body broke off.
    pub(crate) fn bad_request_body() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            "Invalid request body",
        )
    }

    /// All bodies together take too much memory.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "Service Unavailable",
        )
    }

    /// The client's body stood still.
    pub(crate) fn request_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeoutException",
            "Request Timeout",
        )
    }

    pub(crate) fn body(&self) -> Bytes {
        format!(r#"{{"message":"{}"}}"#, self.message).into()
    }

    fn internal(status: StatusCode) -> Self {
        Self::new(
            status,
            "InternalServerErrorException",
            "Internal server error",
        )
    }

    fn new(status: StatusCode, error_type: &'static str, message: &'static str) -> Self {
        Self {
            status,
            error_type,
            message,
        }
    }
}
