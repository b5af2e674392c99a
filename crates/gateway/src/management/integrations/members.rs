//! Integrations as JSON objects: the body of PutIntegration and the OpenAPI extension have the same members.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{NewIntegration, RequestedKind};
use crate::management::ManagementError;
use crate::records::{IntegrationResponse, Passthrough};

// === impl NewIntegration ===

impl NewIntegration {
    /// Reads an integration's members; what AWS knows and we cannot do is refused by name.
    ///
    /// # Errors
    ///
    /// When a member is of the wrong type, unknown, or unsupported.
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, ManagementError> {
        for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            supported(key, value)?;
        }
        let kind = text(members, "type")?.unwrap_or_default();
        let kind = RequestedKind::parse(&kind)
            .ok_or_else(|| ManagementError::bad_request("Invalid integration type specified"))?;
        let passthrough = text(members, "passthroughBehavior")?;
        Ok(Self {
            kind,
            http_method: text(members, "httpMethod")?.map(|verb| verb.to_ascii_uppercase()),
            uri: text(members, "uri")?,
            request_parameters: texts(members, "requestParameters")?,
            request_templates: texts(members, "requestTemplates")?,
            passthrough: passthrough
                .as_deref()
                .map_or(Ok(Passthrough::default()), Passthrough::parse)?,
            timeout_ms: timeout(members)?,
            cache_namespace: text(members, "cacheNamespace")?,
            cache_key_parameters: list(members, "cacheKeyParameters")?,
        })
    }
}

fn supported(key: &str, value: &Value) -> Result<(), ManagementError> {
    let supported = match key {
        "type"
        | "httpMethod"
        | "uri"
        | "requestParameters"
        | "requestTemplates"
        | "passthroughBehavior"
        | "timeoutInMillis"
        | "cacheNamespace"
        | "cacheKeyParameters"
        | "responses" => true,
        "connectionType" => value.as_str() == Some("INTERNET"),
        "responseTransferMode" => value.as_str() == Some("BUFFERED"),
        "payloadFormatVersion" => value.as_str() == Some("1.0"),
        _ => false,
    };
    if supported {
        return Ok(());
    }
    let value = value.as_str().map(|value| format!(" {value}"));
    let value = value.unwrap_or_default();
    Err(ManagementError::unsupported(format!(
        "{key}{value} of an integration"
    )))
}

// === impl IntegrationResponse ===

impl IntegrationResponse {
    /// Reads an integration response's members.
    ///
    /// # Errors
    ///
    /// When a member is of the wrong type, unknown, or unsupported.
    pub fn from_members(members: &Map<String, Value>) -> Result<Self, ManagementError> {
        const KNOWN: [&str; 4] = [
            "statusCode",
            "selectionPattern",
            "responseParameters",
            "responseTemplates",
        ];
        let mut given = members.iter().filter(|(_, value)| !value.is_null());
        if let Some((key, _)) = given.find(|(key, _)| !KNOWN.contains(&key.as_str())) {
            return Err(ManagementError::unsupported(format!(
                "{key} of an integration response"
            )));
        }
        Ok(Self {
            selection_pattern: text(members, "selectionPattern")?.filter(|text| !text.is_empty()),
            response_parameters: texts(members, "responseParameters")?,
            response_templates: texts(members, "responseTemplates")?,
        })
    }
}

fn text(members: &Map<String, Value>, key: &str) -> Result<Option<String>, ManagementError> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(key)),
    }
}

/// A map of texts. OpenAPI documents may write a number or a boolean where a text is meant, and `null` for an empty template.
fn texts(
    members: &Map<String, Value>,
    key: &str,
) -> Result<BTreeMap<String, String>, ManagementError> {
    let map = match members.get(key) {
        None | Some(Value::Null) => return Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(wrong(key)),
    };
    let entry = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(wrong(key)),
        };
        Ok((name.clone(), value))
    };
    map.iter().map(entry).collect()
}

fn list(members: &Map<String, Value>, key: &str) -> Result<Vec<String>, ManagementError> {
    let items = match members.get(key) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(wrong(key)),
    };
    let item = |item: &Value| item.as_str().map(str::to_owned).ok_or_else(|| wrong(key));
    items.iter().map(item).collect()
}

fn timeout(members: &Map<String, Value>) -> Result<Option<u32>, ManagementError> {
    match members.get("timeoutInMillis") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let milliseconds = value.as_u64().and_then(|ms| u32::try_from(ms).ok());
            milliseconds
                .map(Some)
                .ok_or_else(|| wrong("timeoutInMillis"))
        }
    }
}

fn wrong(key: &str) -> ManagementError {
    ManagementError::BadRequest(format!("Invalid {key} specified in request."))
}
