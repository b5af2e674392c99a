//! Tags of APIs and stages, by ARN.

use std::collections::BTreeMap;

use fluoro_wire::Region;

use super::ManagementError;
use crate::Gateway;

/// What has tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taggable {
    /// `arn:aws:apigateway:{region}::/restapis/{api}`.
    Api(String),
    /// `arn:aws:apigateway:{region}::/restapis/{api}/stages/{stage}`.
    Stage(String, String),
}

// === impl Taggable ===

impl Taggable {
    /// What an ARN names.
    ///
    /// # Errors
    ///
    /// When it is not the ARN of an API or a stage.
    pub fn parse(arn: &str) -> Result<Self, ManagementError> {
        let invalid =
            || ManagementError::bad_request("Invalid resource ARN specified in the request.");
        let path = arn
            .strip_prefix("arn:aws:apigateway:")
            .and_then(|rest| rest.split_once("::/restapis/"))
            .map(|(_region, path)| path)
            .ok_or_else(invalid)?;
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            [api] if !api.is_empty() => Ok(Self::Api((*api).to_owned())),
            [api, "stages", stage] => Ok(Self::Stage((*api).to_owned(), (*stage).to_owned())),
            _ => Err(invalid()),
        }
    }
}

impl Gateway {
    /// The tags of an API or a stage.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub async fn tags(
        &self,
        region: &Region,
        of: &Taggable,
    ) -> Result<BTreeMap<String, String>, ManagementError> {
        match of {
            Taggable::Api(api) => Ok(self.rest_api(region, api).await?.tags),
            Taggable::Stage(api, stage) => Ok(self.stage(region, api, stage).await?.tags),
        }
    }

    /// Adds tags, and removes others.
    ///
    /// # Errors
    ///
    /// When what has them is not there.
    pub async fn change_tags(
        &self,
        region: &Region,
        of: &Taggable,
        added: &BTreeMap<String, String>,
        removed: &[String],
    ) -> Result<(), ManagementError> {
        let change = |tags: &mut BTreeMap<String, String>| {
            tags.retain(|key, _| !removed.contains(key));
            tags.extend(added.clone());
        };
        match of {
            Taggable::Api(api) => {
                self.edit(region, api, |record| {
                    change(&mut record.api.tags);
                    Ok(())
                })
                .await
            }
            Taggable::Stage(api, stage) => self
                .edit_stage(region, api, stage, None, |stage| {
                    change(&mut stage.tags);
                    Ok(())
                })
                .await
                .map(|_| ()),
        }
    }
}
