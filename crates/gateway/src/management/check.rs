//! Whether an integration can be carried out as it is set up. What cannot is refused here, by name, so that a request
//! never finds out.

use super::ManagementError;
use crate::integration::mock;
use crate::mapping::{Destination, MappingError, Source};
use crate::records::{Integration, IntegrationKind, IntegrationResponse, Method};
use crate::template::Template;
use crate::uri::{self, FunctionTarget};

/// How long a backend may take, in milliseconds. Source: API Gateway developer guide, limits.
const TIMEOUTS_MS: std::ops::RangeInclusive<u32> = 50..=29_000;

pub(super) fn integration(integration: &Integration) -> Result<(), ManagementError> {
    if !TIMEOUTS_MS.contains(&integration.timeout_ms) {
        return Err(ManagementError::bad_request(
            "Timeout should be between 50 ms and 29000 ms",
        ));
    }
    let uri = integration.uri.as_deref().unwrap_or_default();
    match integration.kind {
        IntegrationKind::AwsProxy => function_uri(uri)?,
        IntegrationKind::HttpProxy => uri::check_http(uri)?,
        IntegrationKind::Mock => templates(integration.request_templates.values())?,
    }
    for (destination, source) in &integration.request_parameters {
        let to = Destination::parse(destination).map_err(|error| mapping(&error))?;
        Source::request(source).map_err(|error| mapping(&error))?;
        let changes_event = !matches!(to, Destination::Path(_));
        if integration.kind == IntegrationKind::AwsProxy && changes_event {
            return Err(ManagementError::unsupported(format!(
                "mapping {destination} into a Lambda proxy event"
            )));
        }
    }
    for response in integration.responses.values() {
        integration_response(integration.kind, response)?;
    }
    Ok(())
}

/// Whether an integration response can be carried out; proxies make their whole answer themselves.
pub(super) fn integration_response(
    kind: IntegrationKind,
    response: &IntegrationResponse,
) -> Result<(), ManagementError> {
    mock::pattern(response.selection_pattern.as_deref()).map_err(|_| {
        ManagementError::bad_request("Invalid selection pattern specified in request.")
    })?;
    if kind != IntegrationKind::Mock {
        return Ok(());
    }
    for (destination, source) in &response.response_parameters {
        if mock::response_header(destination).is_none() {
            return Err(invalid_mapping(destination));
        }
        Source::response(source).map_err(|error| mapping(&error))?;
    }
    templates(response.response_templates.values())
}

/// Whether a method declares what an integration response sets.
pub(super) fn declared(
    method: &Method,
    status: &str,
    response: &IntegrationResponse,
) -> Result<(), ManagementError> {
    let declared = method
        .responses
        .get(status)
        .ok_or_else(ManagementError::no_response)?;
    let mut parameters = response.response_parameters.keys();
    match parameters.find(|name| !declared.response_parameters.contains_key(*name)) {
        Some(name) => Err(invalid_mapping(name)),
        None => Ok(()),
    }
}

fn function_uri(uri: &str) -> Result<(), ManagementError> {
    match FunctionTarget::parse(uri) {
        // A variable may stand for any part of the function's ARN.
        Err(uri::UriError::InvalidFunction) if uri::has_stage_variables(uri) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

fn templates<'t>(texts: impl Iterator<Item = &'t String>) -> Result<(), ManagementError> {
    for text in texts {
        Template::parse(text)
            .map_err(|error| ManagementError::BadRequest(format!("Invalid template: {error}")))?;
    }
    Ok(())
}

fn mapping(error: &MappingError) -> ManagementError {
    match error {
        MappingError::Invalid(expression) => invalid_mapping(expression),
        MappingError::Body(expression) => {
            ManagementError::unsupported(format!("mapping expression {expression}"))
        }
    }
}

/// Source: refusals of AWS in validated tests.
fn invalid_mapping(expression: &str) -> ManagementError {
    ManagementError::BadRequest(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: {expression}]"
    ))
}

impl From<uri::UriError> for ManagementError {
    fn from(error: uri::UriError) -> Self {
        Self::BadRequest(error.to_string())
    }
}
