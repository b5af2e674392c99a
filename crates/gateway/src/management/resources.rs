//! Operations on resources.

use std::collections::{BTreeMap, BTreeSet};

use fluoro_wire::Region;

use super::{ManagementError, PatchOp, PatchOperation};
use crate::Gateway;
use crate::records::{ApiRecord, Resource};

impl Gateway {
    /// All resources of an API, by path.
    ///
    /// # Errors
    ///
    /// When there is no such API.
    pub async fn resources(
        &self,
        region: &Region,
        api_id: &str,
    ) -> Result<Vec<Resource>, ManagementError> {
        let record = self.record(region, api_id).await?;
        let mut resources: Vec<Resource> = record.resources.into_values().collect();
        resources.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(resources)
    }

    /// One resource.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn resource(
        &self,
        region: &Region,
        api_id: &str,
        resource_id: &str,
    ) -> Result<Resource, ManagementError> {
        let mut record = self.record(region, api_id).await?;
        let found = record.resources.remove(resource_id);
        found.ok_or_else(ManagementError::no_resource)
    }

    /// Makes a resource below another.
    ///
    /// # Errors
    ///
    /// When the parent is not there or takes no such child.
    pub async fn create_resource(
        &self,
        region: &Region,
        api_id: &str,
        parent_id: &str,
        path_part: &str,
    ) -> Result<Resource, ManagementError> {
        let id = self.fresh_id(6);
        self.edit(region, api_id, |record| {
            add(record, id.clone(), parent_id, path_part)
        })
        .await
    }

    /// Renames or moves a resource with everything below it.
    ///
    /// # Errors
    ///
    /// When it is not there, or does not fit where it shall be.
    pub async fn update_resource(
        &self,
        region: &Region,
        api_id: &str,
        resource_id: &str,
        patches: &[PatchOperation],
    ) -> Result<Resource, ManagementError> {
        self.edit(region, api_id, |record| {
            for patch in patches {
                apply(record, resource_id, patch)?;
            }
            let found = record.resources.get(resource_id);
            found.cloned().ok_or_else(ManagementError::no_resource)
        })
        .await
    }

    /// Deletes a resource with everything below it.
    ///
    /// # Errors
    ///
    /// When it is not there, or is the root.
    pub async fn delete_resource(
        &self,
        region: &Region,
        api_id: &str,
        resource_id: &str,
    ) -> Result<(), ManagementError> {
        self.edit(region, api_id, |record| {
            let resource = record.resources.get(resource_id);
            let resource = resource.ok_or_else(ManagementError::no_resource)?;
            if resource.parent_id.is_none() {
                return Err(ManagementError::bad_request(
                    "Root resource cannot be deleted",
                ));
            }
            for id in with_descendants(record, resource_id) {
                record.resources.remove(&id);
            }
            Ok(())
        })
        .await
    }
}

/// Adds a resource below `parent_id`.
pub(super) fn add(
    record: &mut ApiRecord,
    id: String,
    parent_id: &str,
    path_part: &str,
) -> Result<Resource, ManagementError> {
    let path = fitting_path(record, parent_id, path_part, None)?;
    let resource = Resource {
        id: id.clone(),
        parent_id: Some(parent_id.to_owned()),
        path_part: Some(path_part.to_owned()),
        path,
        methods: BTreeMap::new(),
    };
    record.resources.insert(id, resource.clone());
    Ok(resource)
}

fn apply(
    record: &mut ApiRecord,
    resource_id: &str,
    patch: &PatchOperation,
) -> Result<(), ManagementError> {
    if patch.op != PatchOp::Replace {
        return Err(ManagementError::bad_request(
            "Invalid patch operation specified. Must be one of: [replace]",
        ));
    }
    let resource = record.resources.get(resource_id);
    let resource = resource.ok_or_else(ManagementError::no_resource)?;
    let (Some(parent), Some(part)) = (resource.parent_id.clone(), resource.path_part.clone())
    else {
        return Err(ManagementError::bad_request(
            "Root resource cannot be changed",
        ));
    };
    let (parent, part) = match patch.path.as_str() {
        "/pathPart" => (parent, patch.value()?.to_owned()),
        "/parentId" => (patch.value()?.to_owned(), part),
        _ => return Err(patch.invalid_path(&["/pathPart", "/parentId"])),
    };
    let moved = with_descendants(record, resource_id);
    if moved.contains(&parent) {
        return Err(ManagementError::bad_request(
            "Resources cannot be cyclical.",
        ));
    }
    let old = resource.path.clone();
    let new = fitting_path(record, &parent, &part, Some(resource_id))?;
    for (id, resource) in &mut record.resources {
        if id == resource_id {
            resource.parent_id = Some(parent.clone());
            resource.path_part = Some(part.clone());
        }
        if moved.contains(id) {
            resource.path = format!("{new}{}", &resource.path[old.len()..]);
        }
    }
    Ok(())
}

/// The path of a child, if the parent may have it. `moving` is not a sibling of itself.
fn fitting_path(
    record: &ApiRecord,
    parent_id: &str,
    path_part: &str,
    moving: Option<&str>,
) -> Result<String, ManagementError> {
    let parent = record.resources.get(parent_id);
    let parent = parent.ok_or_else(ManagementError::no_resource)?;
    check_part(path_part)?;
    let parent_part = parent.path_part.as_deref().unwrap_or_default();
    if parent_part.ends_with("+}") {
        return Err(ManagementError::BadRequest(format!(
            "Cannot create a child of a resource with a greedy path variable: {parent_part}"
        )));
    }
    let siblings = record.resources.values().filter(|resource| {
        resource.parent_id.as_deref() == Some(parent_id) && Some(resource.id.as_str()) != moving
    });
    for sibling in siblings {
        let part = sibling.path_part.as_deref().unwrap_or_default();
        if part == path_part {
            return Err(ManagementError::Conflict(format!(
                "Another resource with the same parent already has this name: {path_part}"
            )));
        }
        if part.starts_with('{') && path_part.starts_with('{') {
            return Err(ManagementError::BadRequest(format!(
                "A sibling ({part}) of this resource already has a variable path part -- only one is allowed"
            )));
        }
    }
    Ok(format!(
        "{}/{path_part}",
        parent.path.strip_suffix('/').unwrap_or(&parent.path)
    ))
}

fn check_part(part: &str) -> Result<(), ManagementError> {
    let plain = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:$".contains(&byte);
        !text.is_empty() && text.bytes().all(allowed)
    };
    let sound = match part.strip_prefix('{') {
        None => plain(part),
        Some(rest) => rest
            .strip_suffix('}')
            .is_some_and(|name| plain(name.strip_suffix('+').unwrap_or(name))),
    };
    sound.then_some(()).ok_or_else(|| {
        ManagementError::bad_request(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        )
    })
}

fn with_descendants(record: &ApiRecord, resource_id: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::from([resource_id.to_owned()]);
    loop {
        let below = record.resources.values().filter(|resource| {
            let parent = resource.parent_id.as_ref();
            parent.is_some_and(|parent| found.contains(parent)) && !found.contains(&resource.id)
        });
        let below: Vec<String> = below.map(|resource| resource.id.clone()).collect();
        if below.is_empty() {
            return found;
        }
        found.extend(below);
    }
}
