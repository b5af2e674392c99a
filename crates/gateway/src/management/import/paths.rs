//! The paths of a document become resources, their operations methods.

use serde_json::{Map, Value};

use super::document::{Document, invalid};
use super::{ManagementError, operation};
use crate::management::resources;
use crate::records::ApiRecord;
use crate::routes::VERBS;

const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

pub(super) fn apply(
    document: &Document,
    prefix: &[String],
    record: &mut ApiRecord,
    fresh_id: &dyn Fn() -> String,
) -> Result<(), ManagementError> {
    // A base path is there even when no path of the document is below it.
    resource_at(record, prefix.iter().map(String::as_str), fresh_id)?;
    for (path, item) in document.object("paths")? {
        let item = item.as_object().ok_or_else(invalid)?;
        let own = path.split('/').filter(|part| !part.is_empty());
        let parts = prefix.iter().map(String::as_str).chain(own);
        let resource_id = resource_at(record, parts, fresh_id)?;
        let shared = item.get("parameters");
        for (key, value) in item {
            let Some(verb) = verb(path, key)? else {
                continue;
            };
            let operation = value.as_object().ok_or_else(invalid)?;
            let method = operation::method(document, operation, shared, &resource_id)
                .map_err(|error| at(error, &verb, path))?;
            let resource = record.resources.get_mut(&resource_id);
            let resource = resource.ok_or_else(ManagementError::no_resource)?;
            resource.methods.insert(verb, method);
        }
    }
    Ok(())
}

/// The verb that a member of a path stands for; `None` for what describes the path.
fn verb(path: &str, key: &str) -> Result<Option<String>, ManagementError> {
    let upper = key.to_ascii_uppercase();
    match key {
        ANY_METHOD => Ok(Some("ANY".to_owned())),
        "parameters" | "summary" | "description" | "servers" => Ok(None),
        _ if VERBS.contains(&upper.as_str()) => Ok(Some(upper)),
        _ if key.starts_with("x-") && !key.starts_with("x-amazon-apigateway-") => Ok(None),
        _ => Err(ManagementError::unsupported(format!(
            "{key} of path {path} in an OpenAPI document"
        ))),
    }
}

/// The id of the resource at a path, made with its ancestors where it is not there.
fn resource_at<'p>(
    record: &mut ApiRecord,
    parts: impl Iterator<Item = &'p str>,
    fresh_id: &dyn Fn() -> String,
) -> Result<String, ManagementError> {
    let mut at = record.api.root_resource_id.clone();
    for part in parts {
        let known = record.resources.values().find(|resource| {
            resource.parent_id.as_deref() == Some(&at)
                && resource.path_part.as_deref() == Some(part)
        });
        at = match known {
            Some(resource) => resource.id.clone(),
            None => resources::add(record, fresh_id(), &at, part)?.id,
        };
    }
    Ok(at)
}

/// Says where in the document an error is, as AWS does. Source: recorded refusals of imports.
fn at(error: ManagementError, verb: &str, path: &str) -> ManagementError {
    ManagementError::BadRequest(format!(
        "Errors found during import:\n\tUnable to put method '{verb}' on resource at path '{path}': {error}"
    ))
}

/// The members of an object that the map has under `key`.
pub(super) fn object<'m>(
    members: &'m Map<String, Value>,
    key: &str,
) -> Result<Option<&'m Map<String, Value>>, ManagementError> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_object().map(Some).ok_or_else(invalid),
    }
}
