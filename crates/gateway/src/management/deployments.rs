//! Operations on deployments.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{Expect, Versioned};
use fluoro_wire::Region;

use super::{ManagementError, PatchOperation, child_key, stages};
use crate::Gateway;
use crate::records::{ApiRecord, Deployment};

/// What a new deployment is given, and the stage that it makes or updates.
#[derive(Debug, Clone, Default)]
pub struct NewDeployment {
    /// What it is for.
    pub description: Option<String>,
    /// The stage that shall serve it.
    pub stage_name: Option<String>,
    /// The stage's description.
    pub stage_description: Option<String>,
    /// The stage's variables.
    pub variables: Option<BTreeMap<String, String>>,
    /// The stage's tracing.
    pub tracing_enabled: Option<bool>,
}

impl Gateway {
    /// Copies an API as it is, and lets a stage serve the copy.
    ///
    /// # Errors
    ///
    /// When the API is not there, has no methods, or a method has no integration.
    pub async fn create_deployment(
        &self,
        region: &Region,
        api_id: &str,
        new: NewDeployment,
    ) -> Result<Deployment, ManagementError> {
        let _held = self.shared.deploying.lock().await;
        let record = self.record(region, api_id).await?;
        check_deployable(&record)?;
        if let Some(name) = &new.stage_name {
            stages::check_name(name)?;
        }
        if let Some(variables) = &new.variables {
            stages::check_variables(variables)?;
        }
        let deployment = Deployment {
            id: self.fresh_id(6),
            description: new.description.clone(),
            created: TimestampMicros(self.shared.parts.ambient.now_micros()),
            resources: record.resources,
            binary_media_types: record.api.binary_media_types,
        };
        let key = child_key(region, api_id, &deployment.id);
        self.shared
            .deployments
            .put(&key, &deployment, Expect::Absent)
            .await?;
        if new.stage_name.is_some() {
            self.serve(region, api_id, &deployment.id, new).await?;
        }
        Ok(deployment)
    }

    /// One deployment.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn deployment(
        &self,
        region: &Region,
        api_id: &str,
        deployment_id: &str,
    ) -> Result<Deployment, ManagementError> {
        let found = self.kept_deployment(region, api_id, deployment_id).await?;
        Ok(found.value)
    }

    async fn kept_deployment(
        &self,
        region: &Region,
        api_id: &str,
        deployment_id: &str,
    ) -> Result<Versioned<Deployment>, ManagementError> {
        self.record(region, api_id).await?;
        let key = child_key(region, api_id, deployment_id);
        let found = self.shared.deployments.get(&key).await?;
        found.ok_or_else(ManagementError::no_deployment)
    }

    /// All deployments of an API, oldest first.
    ///
    /// # Errors
    ///
    /// When there is no such API.
    pub async fn deployments(
        &self,
        region: &Region,
        api_id: &str,
    ) -> Result<Vec<Deployment>, ManagementError> {
        self.record(region, api_id).await?;
        let key = child_key(region, api_id, "");
        let found = self.shared.deployments.scan(&key).await?;
        let mut all: Vec<Deployment> = found.into_iter().map(|(_, found)| found.value).collect();
        all.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(all)
    }

    /// Changes a deployment's description, the only thing about it that changes.
    ///
    /// # Errors
    ///
    /// When it is not there, or something else shall change.
    pub async fn update_deployment(
        &self,
        region: &Region,
        api_id: &str,
        deployment_id: &str,
        patches: &[PatchOperation],
    ) -> Result<Deployment, ManagementError> {
        let _held = self.shared.deploying.lock().await;
        let found = self.kept_deployment(region, api_id, deployment_id).await?;
        let mut deployment = found.value;
        for patch in patches {
            patch.changes_one_value()?;
            match patch.path.as_str() {
                "/description" => deployment.description = patch.optional(),
                _ => return Err(patch.invalid_path(&["/description"])),
            }
        }
        let key = child_key(region, api_id, deployment_id);
        self.shared
            .deployments
            .put(&key, &deployment, Expect::Revision(found.revision))
            .await?;
        Ok(deployment)
    }

    /// Deletes a deployment that no stage serves.
    ///
    /// # Errors
    ///
    /// When it is not there, or a stage serves it.
    pub async fn delete_deployment(
        &self,
        region: &Region,
        api_id: &str,
        deployment_id: &str,
    ) -> Result<(), ManagementError> {
        let _held = self.shared.deploying.lock().await;
        self.deployment(region, api_id, deployment_id).await?;
        let stages = self.stages(region, api_id).await?;
        if stages
            .iter()
            .any(|stage| stage.deployment_id == deployment_id)
        {
            return Err(ManagementError::bad_request(
                "Active stages pointing to this deployment must be moved or deleted",
            ));
        }
        let key = child_key(region, api_id, deployment_id);
        self.shared
            .deployments
            .delete(&key, Expect::Anything)
            .await?;
        Ok(())
    }
}

fn check_deployable(record: &ApiRecord) -> Result<(), ManagementError> {
    let mut methods = record
        .resources
        .values()
        .flat_map(|resource| resource.methods.values())
        .peekable();
    if methods.peek().is_none() {
        return Err(ManagementError::bad_request(
            "The REST API doesn't contain any methods",
        ));
    }
    if methods.any(|method| method.integration.is_none()) {
        return Err(ManagementError::bad_request(
            "No integration defined for method",
        ));
    }
    Ok(())
}
