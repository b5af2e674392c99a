//! What UpdateStage changes, and in which words it refuses the rest.

use crate::management::{ManagementError, PatchOp, PatchOperation};
use crate::records::{MethodSetting, Stage};

/// The paths, as AWS lists them when one is wrong. Source: recorded refusals of UpdateStage.
const PATHS: &str = "/deploymentId, /description, /cacheClusterEnabled, /cacheClusterSize, /clientCertificateId, /accessLogSettings, /accessLogSettings/destinationArn, /accessLogSettings/format, /{resourcePath}/{httpMethod}/metrics/enabled, /{resourcePath}/{httpMethod}/logging/dataTrace, /{resourcePath}/{httpMethod}/logging/loglevel, /{resourcePath}/{httpMethod}/throttling/burstLimit, /{resourcePath}/{httpMethod}/throttling/rateLimit, /{resourcePath}/{httpMethod}/caching/ttlInSeconds, /{resourcePath}/{httpMethod}/caching/enabled, /{resourcePath}/{httpMethod}/caching/dataEncrypted, /{resourcePath}/{httpMethod}/caching/requireAuthorizationForCacheControl, /{resourcePath}/{httpMethod}/caching/unauthorizedCacheControlHeaderStrategy, /*/*/metrics/enabled, /*/*/logging/dataTrace, /*/*/logging/loglevel, /*/*/throttling/burstLimit, /*/*/throttling/rateLimit, /*/*/caching/ttlInSeconds, /*/*/caching/enabled, /*/*/caching/dataEncrypted, /*/*/caching/requireAuthorizationForCacheControl, /*/*/caching/unauthorizedCacheControlHeaderStrategy, /variables/{variable_name}, /tracingEnabled";

/// No role can be set through which logs would be written, and AWS says so before it looks at a format.
const NO_LOGS: &str = "CloudWatch Logs role ARN must be set in account settings to enable logging";

pub(super) fn apply(stage: &mut Stage, patch: &PatchOperation) -> Result<(), ManagementError> {
    let path = patch.path.strip_prefix('/').unwrap_or(&patch.path);
    // Not unescaped: a resource's path keeps its escapes in the key of a method setting.
    let parts: Vec<&str> = path.split('/').collect();
    if let ["canarySettings", ..] = parts.as_slice() {
        return Err(ManagementError::unsupported("canary releases"));
    }
    patch.changes_one_value()?;
    match parts.as_slice() {
        ["deploymentId"] => patch.value()?.clone_into(&mut stage.deployment_id),
        ["description"] => stage.description = patch.optional(),
        ["tracingEnabled"] => stage.tracing_enabled = patch.flag(),
        ["variables", name] => patch.entry(&mut stage.variables, name)?,
        ["cacheClusterEnabled"] if !patch.flag() => {}
        ["cacheClusterEnabled" | "cacheClusterSize"] => {
            return Err(ManagementError::unsupported("a stage's cache"));
        }
        ["clientCertificateId"] => {
            return Err(ManagementError::unsupported("client certificates"));
        }
        ["accessLogSettings"] if patch.op == PatchOp::Remove => {}
        ["accessLogSettings", rest @ ..] => return Err(access_log(patch, rest)),
        [resource, verb] if patch.op == PatchOp::Remove => {
            remove_setting(stage, resource, verb)?;
        }
        [resource, verb, group, name] => method_setting(stage, patch, resource, verb, group, name)?,
        _ => return Err(invalid_path(patch)),
    }
    Ok(())
}

fn access_log(patch: &PatchOperation, rest: &[&str]) -> ManagementError {
    let value = patch.value.as_deref().unwrap_or_default();
    ManagementError::BadRequest(match rest {
        ["destinationArn"] if !value.starts_with("arn:") => format!(
            "Invalid ARN specified in the request. ARNs must start with 'arn:': {value}"
        ),
        ["destinationArn" | "format"] => NO_LOGS.to_owned(),
        _ => "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, /accessLogSettings/format]".to_owned(),
    })
}

fn remove_setting(stage: &mut Stage, resource: &str, verb: &str) -> Result<(), ManagementError> {
    let key = setting_key(resource, verb);
    if stage.method_settings.remove(&key).is_none() {
        // With the trailing space, as recorded.
        return Err(ManagementError::BadRequest(format!(
            "Cannot remove method setting {key} because there is no method setting for this method "
        )));
    }
    Ok(())
}

fn method_setting(
    stage: &mut Stage,
    patch: &PatchOperation,
    resource: &str,
    verb: &str,
    group: &str,
    name: &str,
) -> Result<(), ManagementError> {
    let key = setting_key(resource, verb);
    let mut setting = stage.method_settings.get(&key).cloned().unwrap_or_default();
    let defaults = MethodSetting::default();
    // Removing one setting gives it its default again.
    let removed = patch.op == PatchOp::Remove;
    let flag = |default: bool| if removed { default } else { patch.flag() };
    match (group, name) {
        ("metrics", "enabled") => setting.metrics_enabled = flag(defaults.metrics_enabled),
        ("logging", "dataTrace") => setting.data_trace_enabled = flag(defaults.data_trace_enabled),
        ("logging", "loglevel") if removed => setting.logging_level = None,
        ("logging", "loglevel") => setting.logging_level = Some(log_level(patch.value()?)?),
        ("throttling", "burstLimit") => {
            setting.throttling_burst_limit =
                number(patch, removed, defaults.throttling_burst_limit)?;
        }
        ("throttling", "rateLimit") => {
            setting.throttling_rate_limit = number(patch, removed, defaults.throttling_rate_limit)?;
        }
        ("caching", "enabled") => setting.caching_enabled = flag(defaults.caching_enabled),
        ("caching", "ttlInSeconds") => {
            setting.cache_ttl_in_seconds = number(patch, removed, defaults.cache_ttl_in_seconds)?;
        }
        ("caching", "dataEncrypted") => {
            setting.cache_data_encrypted = flag(defaults.cache_data_encrypted);
        }
        ("caching", "requireAuthorizationForCacheControl") => {
            setting.require_authorization_for_cache_control =
                flag(defaults.require_authorization_for_cache_control);
        }
        ("caching", "unauthorizedCacheControlHeaderStrategy") if removed => {
            setting.unauthorized_cache_control_header_strategy =
                defaults.unauthorized_cache_control_header_strategy;
        }
        ("caching", "unauthorizedCacheControlHeaderStrategy") => {
            setting.unauthorized_cache_control_header_strategy = strategy(patch.value()?)?;
        }
        _ => return Err(invalid_path(patch)),
    }
    stage.method_settings.insert(key, setting);
    Ok(())
}

/// `*/*`, or the path with its first slash stripped and the others escaped: `~1orders~1{id}/GET`.
fn setting_key(resource: &str, verb: &str) -> String {
    format!("{resource}/{verb}")
}

fn log_level(value: &str) -> Result<String, ManagementError> {
    match value {
        "OFF" => Ok(value.to_owned()),
        "INFO" | "ERROR" => Err(ManagementError::bad_request(NO_LOGS)),
        _ => Err(ManagementError::BadRequest(format!(
            "Invalid logging level specified: {value}"
        ))),
    }
}

fn strategy(value: &str) -> Result<String, ManagementError> {
    let known = [
        "FAIL_WITH_403",
        "SUCCEED_WITH_RESPONSE_HEADER",
        "SUCCEED_WITHOUT_RESPONSE_HEADER",
    ];
    if known.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(ManagementError::BadRequest(format!(
        "Invalid unauthorizedCacheControlHeaderStrategy specified: {value}"
    )))
}

fn number<N: std::str::FromStr>(
    patch: &PatchOperation,
    removed: bool,
    default: N,
) -> Result<N, ManagementError> {
    if removed {
        return Ok(default);
    }
    let value = patch.value()?;
    value.parse().map_err(|_| {
        ManagementError::BadRequest(format!(
            "Invalid number {value} specified for {}",
            patch.path
        ))
    })
}

fn invalid_path(patch: &PatchOperation) -> ManagementError {
    ManagementError::BadRequest(format!(
        "Invalid method setting path: {}. Must be one of: [{PATHS}]",
        patch.path
    ))
}
