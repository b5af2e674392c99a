//! From records to what is served.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use fluoro_store::catalog::CatalogError;
use fluoro_wire::Region;

use super::{api_key, child_key};
use crate::Gateway;
use crate::served::{ServedStage, Stages, View};

impl Gateway {
    /// Prepares every stage of every API.
    pub(crate) async fn load(&self) -> Result<(), CatalogError> {
        let _held = self.shared.refreshing.lock().await;
        let mut view = View::default();
        let stages = self.shared.stages.scan("").await?;
        let with_stages: BTreeSet<(&str, &str)> = stages
            .iter()
            .filter_map(|(key, _)| {
                let (region, rest) = key.split_once('/')?;
                Some((region, rest.split_once('/')?.0))
            })
            .collect();
        for (region, api_id) in with_stages {
            let region = Region(region.into());
            view = view.with(api_id, self.prepare(&region, api_id).await?);
        }
        self.shared.view.store(Arc::new(view));
        Ok(())
    }

    /// Prepares the stages of one API anew, after its records changed.
    pub(super) async fn refresh(&self, region: &Region, api_id: &str) -> Result<(), CatalogError> {
        let _held = self.shared.refreshing.lock().await;
        let stages = self.prepare(region, api_id).await?;
        let view = self.shared.view.load().with(api_id, stages);
        self.shared.view.store(Arc::new(view));
        Ok(())
    }

    async fn prepare(&self, region: &Region, api_id: &str) -> Result<Stages, CatalogError> {
        let Some(api) = self.shared.apis.get(&api_key(region, api_id)).await? else {
            return Ok(Stages::new());
        };
        let stages = self
            .shared
            .stages
            .scan(&child_key(region, api_id, ""))
            .await?;
        let mut served = HashMap::with_capacity(stages.len());
        for (_, stage) in stages {
            let stage = stage.value;
            let key = child_key(region, api_id, &stage.deployment_id);
            // A stage always has its deployment: one that is in use cannot be deleted.
            let Some(deployment) = self.shared.deployments.get(&key).await? else {
                tracing::error!(
                    api_id,
                    stage = stage.name,
                    "deployment of a stage is missing"
                );
                continue;
            };
            let account = &self.shared.parts.account;
            let (api, deployment) = (&api.value.api, &deployment.value);
            let ready = ServedStage::prepare(region, account, api, &stage, deployment);
            served.insert(stage.name, Arc::new(ready));
        }
        Ok(served)
    }
}
