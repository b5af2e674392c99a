//! The operations of the management API on the records, free of its wire forms.
//!
//! Every operation names the region first: an API lives in one. A write goes to the catalog, then the stages that it
//! concerns are prepared anew and served from then on.

mod apis;
mod check;
mod deployments;
mod error;
mod import;
mod integrations;
mod methods;
mod patch;
mod resources;
mod stages;
mod tags;
mod view;
mod without_effect;

use fluoro_store::catalog::{CatalogError, Expect};
use fluoro_wire::Region;

use crate::Gateway;
use crate::records::ApiRecord;

pub use apis::NewRestApi;
pub use deployments::NewDeployment;
pub use error::ManagementError;
pub use import::{BasePath, ImportOptions, PutMode};
pub use integrations::{NewIntegration, NewIntegrationResponse, RequestedKind};
pub use methods::{MethodAt, NewMethod, NewMethodResponse};
pub use patch::{PatchOp, PatchOperation};
pub use stages::NewStage;
pub use tags::Taggable;
pub use without_effect::WithoutEffect;

/// How often an edit is tried when others write the same record in between.
const ATTEMPTS: usize = 20;

const LOWER_CASE: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

impl Gateway {
    /// Changes an API's record; `change` runs again when somebody else wrote in between.
    async fn edit<T>(
        &self,
        region: &Region,
        api_id: &str,
        mut change: impl FnMut(&mut ApiRecord) -> Result<T, ManagementError>,
    ) -> Result<T, ManagementError> {
        let key = api_key(region, api_id);
        for _ in 0..ATTEMPTS {
            let Some(found) = self.shared.apis.get(&key).await? else {
                return Err(self.no_such_api(api_id));
            };
            let mut record = found.value;
            let outcome = change(&mut record)?;
            let written = self
                .shared
                .apis
                .put(&key, &record, Expect::Revision(found.revision))
                .await;
            match written {
                Ok(_revision) => return Ok(outcome),
                Err(CatalogError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(ManagementError::Conflict(
            "Unable to complete operation due to concurrent modification. Please try again later."
                .to_owned(),
        ))
    }

    /// The API's record as it is.
    async fn record(&self, region: &Region, api_id: &str) -> Result<ApiRecord, ManagementError> {
        let found = self.shared.apis.get(&api_key(region, api_id)).await?;
        found
            .map(|found| found.value)
            .ok_or_else(|| self.no_such_api(api_id))
    }

    fn no_such_api(&self, api_id: &str) -> ManagementError {
        let account = &self.shared.parts.account;
        ManagementError::NotFound(format!(
            "Invalid API identifier specified {account}:{api_id}"
        ))
    }

    fn fresh_id(&self, length: usize) -> String {
        self.shared.parts.ambient.text(LOWER_CASE, length)
    }
}

fn api_key(region: &Region, api_id: &str) -> String {
    format!("{region}/{api_id}")
}

/// The key of a stage or a deployment; with an empty name, the prefix of all of an API's.
fn child_key(region: &Region, api_id: &str, name: &str) -> String {
    format!("{region}/{api_id}/{name}")
}
