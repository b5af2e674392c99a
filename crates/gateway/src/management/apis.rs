//! Operations on REST APIs.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use fluoro_store::catalog::Expect;
use fluoro_wire::Region;

use super::{ManagementError, PatchOp, PatchOperation, api_key, child_key};
use crate::Gateway;
use crate::records::{
    ApiRecord, EndpointConfiguration, EndpointType, IpAddressType, Resource, RestApi,
};

/// What a new API is given.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "the members of RestApi, where they are explained"
)]
pub struct NewRestApi {
    pub name: String,
    pub description: Option<String>,
    pub version: Option<String>,
    pub endpoint: EndpointConfiguration,
    pub binary_media_types: Vec<String>,
    pub minimum_compression_size: Option<u32>,
    pub disable_execute_api_endpoint: bool,
    pub tags: BTreeMap<String, String>,
}

const PATHS: [&str; 7] = [
    "/name",
    "/description",
    "/binaryMediaTypes/{type}",
    "/minimumCompressionSize",
    "/disableExecuteApiEndpoint",
    "/endpointConfiguration/types/{type}",
    "/endpointConfiguration/ipAddressType",
];

/// The largest size from which answers may be compressed. Source: API reference, CreateRestApi.
const COMPRESSION_LIMIT: u32 = 10_485_760;

impl Gateway {
    /// Makes an API with nothing but its root.
    ///
    /// # Errors
    ///
    /// When a member is not valid, or the catalog fails; so for all operations below.
    pub async fn create_rest_api(
        &self,
        region: &Region,
        new: NewRestApi,
    ) -> Result<RestApi, ManagementError> {
        let record = self.new_record(new)?;
        self.insert_api(region, &record).await?;
        Ok(record.api)
    }

    pub(super) fn new_record(&self, new: NewRestApi) -> Result<ApiRecord, ManagementError> {
        let api = RestApi {
            id: self.fresh_id(10),
            name: new.name,
            description: new.description,
            version: new.version,
            created: TimestampMicros(self.shared.parts.ambient.now_micros()),
            endpoint: new.endpoint,
            binary_media_types: new.binary_media_types,
            minimum_compression_size: new.minimum_compression_size,
            disable_execute_api_endpoint: new.disable_execute_api_endpoint,
            tags: new.tags,
            root_resource_id: self.fresh_id(10),
            warnings: Vec::new(),
        };
        check(&api)?;
        let root = Resource {
            id: api.root_resource_id.clone(),
            parent_id: None,
            path_part: None,
            path: "/".to_owned(),
            methods: BTreeMap::new(),
        };
        Ok(ApiRecord {
            resources: BTreeMap::from([(root.id.clone(), root)]),
            api,
        })
    }

    pub(super) async fn insert_api(
        &self,
        region: &Region,
        record: &ApiRecord,
    ) -> Result<(), ManagementError> {
        let key = api_key(region, &record.api.id);
        self.shared.apis.put(&key, record, Expect::Absent).await?;
        Ok(())
    }

    /// The API of that id.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn rest_api(
        &self,
        region: &Region,
        api_id: &str,
    ) -> Result<RestApi, ManagementError> {
        Ok(self.record(region, api_id).await?.api)
    }

    /// All APIs of a region, oldest first.
    ///
    /// # Errors
    ///
    /// When the catalog fails.
    pub async fn rest_apis(&self, region: &Region) -> Result<Vec<RestApi>, ManagementError> {
        let found = self.shared.apis.scan(&api_key(region, "")).await?;
        let mut apis: Vec<_> = found
            .into_iter()
            .map(|(_, found)| found.value.api)
            .collect();
        apis.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(apis)
    }

    /// Changes an API.
    ///
    /// # Errors
    ///
    /// When there is none, or a change is not one of those that an API takes.
    pub async fn update_rest_api(
        &self,
        region: &Region,
        api_id: &str,
        patches: &[PatchOperation],
    ) -> Result<RestApi, ManagementError> {
        let api = self
            .edit(region, api_id, |record| {
                for patch in patches {
                    apply(&mut record.api, patch)?;
                }
                check(&record.api)?;
                Ok(record.api.clone())
            })
            .await?;
        self.refresh(region, api_id).await?;
        Ok(api)
    }

    /// Deletes an API with its stages and deployments.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn delete_rest_api(
        &self,
        region: &Region,
        api_id: &str,
    ) -> Result<(), ManagementError> {
        let shared = &self.shared;
        let _held = shared.deploying.lock().await;
        let deleted = shared
            .apis
            .delete(&api_key(region, api_id), Expect::Anything)
            .await?;
        if !deleted {
            return Err(self.no_such_api(api_id));
        }
        self.refresh(region, api_id).await?;
        let children = child_key(region, api_id, "");
        for (key, _) in shared.stages.scan(&children).await? {
            shared.stages.delete(&key, Expect::Anything).await?;
        }
        for (key, _) in shared.deployments.scan(&children).await? {
            shared.deployments.delete(&key, Expect::Anything).await?;
        }
        Ok(())
    }
}

fn apply(api: &mut RestApi, patch: &PatchOperation) -> Result<(), ManagementError> {
    patch.changes_one_value()?;
    let parts = patch.parts();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["name"] => api.name = patch.value()?.to_owned(),
        ["description"] => api.description = patch.optional(),
        ["disableExecuteApiEndpoint"] => api.disable_execute_api_endpoint = patch.flag(),
        ["minimumCompressionSize"] => {
            let size = patch.optional().map(|size| size.parse()).transpose();
            api.minimum_compression_size = size.map_err(|_| invalid_compression())?;
        }
        ["binaryMediaTypes"] => {
            return Err(ManagementError::bad_request(
                "Invalid patch path /binaryMediaTypes",
            ));
        }
        ["binaryMediaTypes", one] => binary_media_type(api, patch, one)?,
        ["endpointConfiguration", "types", _] => {
            api.endpoint.kind = EndpointType::parse(patch.value()?)?;
        }
        ["endpointConfiguration", "ipAddressType"] => {
            api.endpoint.ip_address_type = IpAddressType::parse(patch.value()?)?;
        }
        ["apiKeySource"] if patch.value.as_deref() == Some("HEADER") => {}
        ["apiKeySource" | "policy"] | ["endpointConfiguration", "vpcEndpointIds", ..] => {
            return Err(ManagementError::unsupported(format!(
                "{} of a REST API",
                patch.path
            )));
        }
        _ => return Err(patch.invalid_path(&PATHS)),
    }
    Ok(())
}

fn binary_media_type(
    api: &mut RestApi,
    patch: &PatchOperation,
    one: &str,
) -> Result<(), ManagementError> {
    let types = &mut api.binary_media_types;
    if patch.op != PatchOp::Add && !types.iter().any(|known| known == one) {
        return Err(patch.invalid_path(&PATHS));
    }
    types.retain(|known| known != one);
    match patch.op {
        PatchOp::Remove => {}
        PatchOp::Replace => types.push(patch.value()?.to_owned()),
        _ => types.push(one.to_owned()),
    }
    Ok(())
}

/// What every API must be, wherever it comes from.
pub(super) fn check(api: &RestApi) -> Result<(), ManagementError> {
    if api.name.trim().is_empty() {
        return Err(ManagementError::bad_request("Invalid API name specified"));
    }
    match api.minimum_compression_size {
        Some(size) if size > COMPRESSION_LIMIT => Err(invalid_compression()),
        _ => Ok(()),
    }
}

fn invalid_compression() -> ManagementError {
    ManagementError::bad_request("Invalid minimum compression size, must be between 0 and 10485760")
}

// === impl EndpointType, IpAddressType ===

impl EndpointType {
    /// The type of that name.
    ///
    /// # Errors
    ///
    /// When it is another word, or `PRIVATE`.
    pub fn parse(name: &str) -> Result<Self, ManagementError> {
        match name {
            "EDGE" => Ok(Self::Edge),
            "REGIONAL" => Ok(Self::Regional),
            "PRIVATE" => Err(ManagementError::unsupported("endpoint type PRIVATE")),
            _ => Err(ManagementError::bad_request(
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
            )),
        }
    }
}

impl IpAddressType {
    /// The type of that name.
    ///
    /// # Errors
    ///
    /// When it is another word.
    pub fn parse(name: &str) -> Result<Self, ManagementError> {
        match name {
            "ipv4" => Ok(Self::Ipv4),
            "dualstack" => Ok(Self::Dualstack),
            _ => Err(ManagementError::bad_request(
                "Invalid ipAddressType specified. Valid options are ipv4,dualstack",
            )),
        }
    }
}
