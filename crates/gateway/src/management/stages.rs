//! Operations on stages. What they change is served at once.

mod patch;

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{CatalogError, Expect};
use fluoro_wire::Region;

use super::deployments::NewDeployment;
use super::{ATTEMPTS, ManagementError, PatchOperation, child_key};
use crate::Gateway;
use crate::records::Stage;

/// What a new stage is given.
#[derive(Debug, Clone, Default)]
#[expect(
    missing_docs,
    reason = "the members of Stage, where they are explained"
)]
pub struct NewStage {
    pub name: String,
    pub deployment_id: String,
    pub description: Option<String>,
    pub tracing_enabled: bool,
    pub variables: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

impl Gateway {
    /// Makes a stage.
    ///
    /// # Errors
    ///
    /// When there is one of that name, the deployment is not there, or a member is not valid.
    pub async fn create_stage(
        &self,
        region: &Region,
        api_id: &str,
        new: NewStage,
    ) -> Result<Stage, ManagementError> {
        check_name(&new.name)?;
        check_variables(&new.variables)?;
        let _held = self.shared.deploying.lock().await;
        self.deployment(region, api_id, &new.deployment_id).await?;
        let stage = self.fresh_stage(new);
        let key = child_key(region, api_id, &stage.name);
        match self.shared.stages.put(&key, &stage, Expect::Absent).await {
            Err(CatalogError::Conflict { .. }) => {
                return Err(ManagementError::Conflict("Stage already exists".to_owned()));
            }
            written => written?,
        };
        self.refresh(region, api_id).await?;
        Ok(stage)
    }

    fn fresh_stage(&self, new: NewStage) -> Stage {
        let now = TimestampMicros(self.shared.parts.ambient.now_micros());
        Stage {
            name: new.name,
            deployment_id: new.deployment_id,
            description: new.description,
            tracing_enabled: new.tracing_enabled,
            variables: new.variables,
            method_settings: BTreeMap::new(),
            tags: new.tags,
            created: now,
            updated: now,
        }
    }

    /// Lets the stage that a deployment names serve it; makes the stage if it is not there. To be called while nobody
    /// else can delete the deployment.
    pub(super) async fn serve(
        &self,
        region: &Region,
        api_id: &str,
        deployment_id: &str,
        new: NewDeployment,
    ) -> Result<(), ManagementError> {
        let name = new.stage_name.unwrap_or_default();
        let fresh = self.fresh_stage(NewStage {
            name: name.clone(),
            deployment_id: deployment_id.to_owned(),
            ..NewStage::default()
        });
        self.edit_stage(region, api_id, &name, Some(fresh), |stage| {
            deployment_id.clone_into(&mut stage.deployment_id);
            if let Some(description) = &new.stage_description {
                stage.description = Some(description.clone());
            }
            if let Some(variables) = &new.variables {
                stage.variables.clone_from(variables);
            }
            if let Some(tracing_enabled) = new.tracing_enabled {
                stage.tracing_enabled = tracing_enabled;
            }
            Ok(())
        })
        .await
        .map(|_| ())
    }

    /// One stage.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn stage(
        &self,
        region: &Region,
        api_id: &str,
        name: &str,
    ) -> Result<Stage, ManagementError> {
        self.record(region, api_id).await?;
        let found = self
            .shared
            .stages
            .get(&child_key(region, api_id, name))
            .await?;
        found
            .map(|found| found.value)
            .ok_or_else(ManagementError::no_stage)
    }

    /// All stages of an API, by name.
    ///
    /// # Errors
    ///
    /// When there is no such API.
    pub async fn stages(
        &self,
        region: &Region,
        api_id: &str,
    ) -> Result<Vec<Stage>, ManagementError> {
        self.record(region, api_id).await?;
        let found = self
            .shared
            .stages
            .scan(&child_key(region, api_id, ""))
            .await?;
        Ok(found.into_iter().map(|(_, found)| found.value).collect())
    }

    /// Changes a stage.
    ///
    /// # Errors
    ///
    /// When it is not there, or a change is not one of those that a stage takes.
    pub async fn update_stage(
        &self,
        region: &Region,
        api_id: &str,
        name: &str,
        patches: &[PatchOperation],
    ) -> Result<Stage, ManagementError> {
        let _held = self.shared.deploying.lock().await;
        self.record(region, api_id).await?;
        for patch in patches {
            if patch.path == "/deploymentId" {
                self.deployment(region, api_id, patch.value()?).await?;
            }
        }
        self.edit_stage(region, api_id, name, None, |stage| {
            for one in patches {
                patch::apply(stage, one)?;
            }
            check_variables(&stage.variables)
        })
        .await
    }

    /// Deletes a stage.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn delete_stage(
        &self,
        region: &Region,
        api_id: &str,
        name: &str,
    ) -> Result<(), ManagementError> {
        self.record(region, api_id).await?;
        let key = child_key(region, api_id, name);
        if !self.shared.stages.delete(&key, Expect::Anything).await? {
            return Err(ManagementError::no_stage());
        }
        self.refresh(region, api_id).await?;
        Ok(())
    }

    /// Changes a stage's record, beginning with `fresh` when it is not there, and serves it.
    pub(super) async fn edit_stage(
        &self,
        region: &Region,
        api_id: &str,
        name: &str,
        fresh: Option<Stage>,
        mut change: impl FnMut(&mut Stage) -> Result<(), ManagementError>,
    ) -> Result<Stage, ManagementError> {
        let key = child_key(region, api_id, name);
        for _ in 0..ATTEMPTS {
            let (mut stage, expect) = match self.shared.stages.get(&key).await? {
                Some(found) => (found.value, Expect::Revision(found.revision)),
                None => {
                    let fresh = fresh.clone().ok_or_else(ManagementError::no_stage)?;
                    (fresh, Expect::Absent)
                }
            };
            change(&mut stage)?;
            stage.updated = TimestampMicros(self.shared.parts.ambient.now_micros());
            match self.shared.stages.put(&key, &stage, expect).await {
                Ok(_revision) => {
                    self.refresh(region, api_id).await?;
                    return Ok(stage);
                }
                Err(CatalogError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagementError::Conflict(
            "Unable to complete operation due to concurrent modification. Please try again later."
                .to_owned(),
        ))
    }
}

pub(super) fn check_name(name: &str) -> Result<(), ManagementError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 128 || !name.bytes().all(allowed) {
        return Err(ManagementError::bad_request(
            "Stage name only allows a-zA-Z0-9_-",
        ));
    }
    Ok(())
}

/// Names and values of stage variables. Source: API Gateway developer guide, stage variables.
pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ManagementError> {
    for (name, value) in variables {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(word) {
            return Err(ManagementError::BadRequest(format!(
                "Stage variable name {name} is invalid. Please use alphanumeric characters and underscores."
            )));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&byte);
        if value.len() > 512 || !value.bytes().all(allowed) {
            return Err(ManagementError::BadRequest(format!(
                "Stage variable value {value} is invalid. Please use values with alphanumeric characters and the symbols ' ',-',' . ','_',':','/','?','&','=',and ','."
            )));
        }
    }
    Ok(())
}
