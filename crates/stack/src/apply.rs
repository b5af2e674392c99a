//! Makes one item be as the template wants it: created when it is not there, changed where it differs.

mod api;
mod data;
mod function;
mod role;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::StackError;
use crate::client::Client;
use crate::intrinsics::Scope;
use crate::items::{Body, Item, physical_name};
use crate::record::{Record, Resource};
use crate::up::Progress;

/// What every step needs.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) stack: &'a str,
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    /// The folder of the template: paths in it are relative to it.
    pub(crate) folder: &'a Path,
    /// Where dependencies are installed.
    pub(crate) cache: PathBuf,
    /// What the stack was made of before.
    pub(crate) before: &'a Record,
}

/// What was done to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Unchanged,
}

/// What an item came to.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) change: Change,
    pub(crate) physical_id: String,
    /// What `Ref` gives.
    pub(crate) reference: String,
    /// What `Fn::GetAtt` gives.
    pub(crate) attributes: HashMap<&'static str, String>,
    pub(crate) mark: String,
}

impl Made {
    fn new(change: Change, name: &str) -> Self {
        Self {
            change,
            physical_id: name.to_owned(),
            reference: name.to_owned(),
            attributes: HashMap::new(),
            mark: String::new(),
        }
    }

    fn with(mut self, attribute: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(attribute, value.into());
        self
    }
}

impl Context<'_> {
    /// The name that the template gives, or one of ours.
    fn name(&self, given: Option<String>, logical_id: &str, longest: usize) -> String {
        given.unwrap_or_else(|| physical_name(self.stack, logical_id, longest))
    }
}

/// Reads the item as [`apply`] is going to, and calls nobody. `scope` need only know what there will be.
pub(crate) fn check(scope: &Scope, folder: &Path, item: &Item) -> Result<(), StackError> {
    let place = &item.place;
    let resolved = |value: &Value| scope.resolve(place, value);
    match &item.body {
        Body::Role(properties) => role::Wanted::read(place, resolved(properties)?).map(drop),
        Body::Function { properties, code } => {
            function::Wanted::read(place, resolved(properties)?)?;
            function::check_code(folder, place, code)
        }
        Body::Api { properties, routes } => {
            api::Wanted::read(place, resolved(properties)?, routes).map(drop)
        }
        Body::Permission { .. } => Ok(()),
        Body::Table(properties) => data::Table::read(place, resolved(properties)?).map(drop),
        Body::Queue(properties) => data::Queue::read(place, resolved(properties)?).map(drop),
        Body::SamplingRule(properties) => data::Rule::read(place, resolved(properties)?).map(drop),
    }
}

/// Makes the item, its values resolved against what was made before it.
pub(crate) async fn apply(
    context: &Context<'_>,
    scope: &Scope,
    item: &Item,
    progress: &mut dyn Progress,
) -> Result<Made, StackError> {
    let place = &item.place;
    let resolved = |value: &Value| scope.resolve(place, value);
    match &item.body {
        Body::Role(properties) => {
            let wanted = role::Wanted::read(place, resolved(properties)?)?;
            role::apply(context, item, wanted).await
        }
        Body::Function { properties, code } => {
            let wanted = function::Wanted::read(place, resolved(properties)?)?;
            function::apply(context, item, wanted, code, progress).await
        }
        Body::Api { properties, routes } => {
            let wanted = api::Wanted::read(place, resolved(properties)?, routes)?;
            api::apply(context, scope, item, wanted, routes).await
        }
        Body::Permission {
            function,
            api,
            method,
            path,
        } => {
            let route = function::Permitted {
                function,
                api,
                method,
                path,
            };
            function::permit(context, scope, item, &route).await
        }
        Body::Table(properties) => {
            let wanted = data::Table::read(place, resolved(properties)?)?;
            data::table(context, item, wanted).await
        }
        Body::Queue(properties) => {
            let wanted = data::Queue::read(place, resolved(properties)?)?;
            data::queue(context, item, wanted).await
        }
        Body::SamplingRule(properties) => {
            let wanted = data::Rule::read(place, resolved(properties)?)?;
            data::sampling_rule(context, item, wanted).await
        }
    }
}

/// Removes what an earlier template made. What is gone already is fine.
pub(crate) async fn remove(client: &Client, resource: &Resource) -> Result<(), StackError> {
    match resource.kind.as_str() {
        "role" => role::remove(client, &resource.physical_id).await,
        "function" => function::remove(client, &resource.physical_id).await,
        "permission" => function::forbid(client, &resource.physical_id).await,
        "api" => api::remove(client, &resource.physical_id).await,
        "table" => data::remove_table(client, &resource.physical_id).await,
        "queue" => data::remove_queue(client, &resource.physical_id).await,
        "sampling rule" => data::remove_sampling_rule(client, &resource.physical_id).await,
        other => Err(StackError::invalid(
            &resource.logical_id,
            format!("the record holds a {other}, made by a newer version"),
        )),
    }
}
