//! APIs from OpenAPI documents: Swagger 2.0 and OpenAPI 3, as JSON or YAML.
//!
//! Source: API Gateway developer guide, extensions to OpenAPI; recorded imports. An extension that changes what an API
//! does and that we do not have is refused by name; models and documentation, without which an API does the same, are
//! listed in the API's warnings.

mod document;
mod operation;
mod paths;

use std::collections::BTreeMap;

use fluoro_wire::Region;
use serde_json::{Map, Value};

use super::{ManagementError, NewRestApi, apis};
use crate::Gateway;
use crate::records::{ApiRecord, EndpointConfiguration, EndpointType, RestApi};
use document::Document;

/// How a document is imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// What becomes of the document's base path.
    pub base_path: BasePath,
    /// Whether what would be a warning is an error.
    pub fail_on_warnings: bool,
    /// The endpoint's type, for a new API.
    pub endpoint: Option<EndpointType>,
}

/// What becomes of a document's base path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BasePath {
    /// Nothing.
    #[default]
    Ignore,
    /// It comes before every path.
    Prepend,
    /// Its first part is dropped, the rest comes before every path.
    Split,
}

/// What becomes of what an API already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// It stays, unless the document says otherwise.
    Merge,
    /// It goes.
    Overwrite,
}

impl Gateway {
    /// Makes an API from a document.
    ///
    /// # Errors
    ///
    /// When the document cannot be read, or asks for what cannot be done.
    pub async fn import_rest_api(
        &self,
        region: &Region,
        body: &[u8],
        options: ImportOptions,
    ) -> Result<RestApi, ManagementError> {
        let document = Document::parse(body)?;
        let endpoint = EndpointConfiguration {
            kind: options.endpoint.unwrap_or_default(),
            ..EndpointConfiguration::default()
        };
        let mut record = self.new_record(NewRestApi {
            name: document.title()?.to_owned(),
            endpoint,
            ..NewRestApi::default()
        })?;
        self.apply(&document, &mut record, options)?;
        self.insert_api(region, &record).await?;
        Ok(record.api)
    }

    /// Changes an API to what a document says.
    ///
    /// # Errors
    ///
    /// As for [`import_rest_api`](Self::import_rest_api), and when there is no such API.
    pub async fn put_rest_api(
        &self,
        region: &Region,
        api_id: &str,
        mode: PutMode,
        body: &[u8],
        options: ImportOptions,
    ) -> Result<RestApi, ManagementError> {
        let document = Document::parse(body)?;
        let title = document.title()?.to_owned();
        let api = self
            .edit(region, api_id, |record| {
                if mode == PutMode::Overwrite {
                    clear(record);
                }
                record.api.name.clone_from(&title);
                self.apply(&document, record, options)?;
                Ok(record.api.clone())
            })
            .await?;
        self.refresh(region, api_id).await?;
        Ok(api)
    }

    fn apply(
        &self,
        document: &Document,
        record: &mut ApiRecord,
        options: ImportOptions,
    ) -> Result<(), ManagementError> {
        let mut warnings = Vec::new();
        settings(document, &mut record.api, &mut warnings)?;
        apis::check(&record.api)?;
        let prefix = document.base_path(options.base_path)?;
        let fresh_id = || self.fresh_id(6);
        paths::apply(document, &prefix, record, &fresh_id)?;
        if options.fail_on_warnings && !warnings.is_empty() {
            return Err(ManagementError::BadRequest(format!(
                "Warnings found during import:\n\t{}",
                warnings.join("\n\t")
            )));
        }
        record.api.warnings = warnings;
        Ok(())
    }
}

/// Leaves the API with its identity and an empty root.
fn clear(record: &mut ApiRecord) {
    let api = &mut record.api;
    let root_id = api.root_resource_id.clone();
    api.description = None;
    api.version = None;
    api.binary_media_types.clear();
    api.minimum_compression_size = None;
    record.resources.retain(|id, _| *id == root_id);
    for root in record.resources.values_mut() {
        root.methods = BTreeMap::new();
    }
}

/// What a document says of the API as a whole.
fn settings(
    document: &Document,
    api: &mut RestApi,
    warnings: &mut Vec<String>,
) -> Result<(), ManagementError> {
    let info = document.object("info")?;
    let text = |key: &str| info.get(key).and_then(Value::as_str).map(str::to_owned);
    if let Some(version) = text("version") {
        api.version = Some(version);
    }
    if let Some(description) = text("description") {
        api.description = Some(description);
    }
    for (key, value) in document.members() {
        setting(api, key, value, warnings)?;
    }
    Ok(())
}

fn setting(
    api: &mut RestApi,
    key: &str,
    value: &Value,
    warnings: &mut Vec<String>,
) -> Result<(), ManagementError> {
    let refused = || ManagementError::unsupported(format!("{key} in an OpenAPI document"));
    match key {
        "x-amazon-apigateway-binary-media-types" => {
            let types = value.as_array().ok_or_else(document::invalid)?;
            let types = types.iter().map(|one| one.as_str().map(str::to_owned));
            let types: Option<Vec<String>> = types.collect();
            api.binary_media_types = types.ok_or_else(document::invalid)?;
        }
        "x-amazon-apigateway-minimum-compression-size" => {
            let size = value.as_u64().and_then(|size| u32::try_from(size).ok());
            api.minimum_compression_size = Some(size.ok_or_else(document::invalid)?);
        }
        "x-amazon-apigateway-endpoint-configuration" => {
            let members = value.as_object().ok_or_else(document::invalid)?;
            endpoint(api, members)?;
        }
        "x-amazon-apigateway-api-key-source" if value.as_str() == Some("HEADER") => {}
        "x-amazon-apigateway-importexport-version" => {}
        "x-amazon-apigateway-documentation" => {
            warnings.push("Documentation parts are not supported yet and were left out".to_owned());
        }
        "definitions" => models(value, warnings),
        "components" => {
            let components = value.as_object().ok_or_else(document::invalid)?;
            if let Some(schemas) = components.get("schemas") {
                models(schemas, warnings);
            }
            if components.get("securitySchemes").is_some_and(has_members) {
                return Err(ManagementError::unsupported(
                    "components.securitySchemes in an OpenAPI document",
                ));
            }
        }
        "securityDefinitions" | "security" if has_members(value) => return Err(refused()),
        _ if key.starts_with("x-amazon-apigateway-") => return Err(refused()),
        _ => {}
    }
    Ok(())
}

fn endpoint(api: &mut RestApi, members: &Map<String, Value>) -> Result<(), ManagementError> {
    for (key, value) in members {
        match key.as_str() {
            "disableExecuteApiEndpoint" => {
                api.disable_execute_api_endpoint = value.as_bool().ok_or_else(document::invalid)?;
            }
            "vpcEndpointIds" if !has_members(value) => {}
            _ => {
                return Err(ManagementError::unsupported(format!(
                    "{key} of x-amazon-apigateway-endpoint-configuration"
                )));
            }
        }
    }
    Ok(())
}

fn models(schemas: &Value, warnings: &mut Vec<String>) {
    for name in schemas.as_object().into_iter().flat_map(Map::keys) {
        warnings.push(format!("Models are not supported yet: {name} was left out"));
    }
}

/// Whether a list or an object has anything in it.
fn has_members(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }
}
