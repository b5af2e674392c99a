//! Makes one item be as the template wants it: created when it is not there, changed where it differs.

mod api;
mod function;
mod queue;
mod role;
mod rule;
mod table;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

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

    fn marked(mut self, mark: String) -> Self {
        self.mark = mark;
        self
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

    /// Whether the last `up` made the item from the very same.
    fn is_as_before(&self, item: &Item, mark: &str) -> bool {
        let before = self.before.find(&item.logical_id, item.body.kind());
        before.is_some_and(|before| before.mark == mark)
    }

    /// Whether something that is there under the item's name may be changed, and one day removed: if it is this stack's,
    /// or has a name of our making, which only this stack gives.
    fn may_take(&self, item: &Item, physical_id: &str, is_given: bool) -> Result<(), StackError> {
        let before = self.before.find(&item.logical_id, item.body.kind());
        if !is_given || before.is_some_and(|before| before.physical_id == physical_id) {
            return Ok(());
        }
        let kind = item.body.kind();
        let problem =
            format!("there is a {kind} {physical_id} already, and it is not this stack's");
        Err(StackError::invalid(&item.place, problem))
    }
}

/// What something was made from, in short.
fn mark(value: &Value) -> String {
    let digest = Sha256::digest(value.to_string());
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
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
        Body::Table(properties) => table::Wanted::read(place, resolved(properties)?).map(drop),
        Body::Queue(properties) => queue::Wanted::read(place, resolved(properties)?).map(drop),
        Body::SamplingRule(properties) => {
            rule::Wanted::read(place, resolved(properties)?).map(drop)
        }
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
            let wanted = table::Wanted::read(place, resolved(properties)?)?;
            table::apply(context, item, wanted).await
        }
        Body::Queue(properties) => {
            let wanted = queue::Wanted::read(place, resolved(properties)?)?;
            queue::apply(context, item, wanted).await
        }
        Body::SamplingRule(properties) => {
            let wanted = rule::Wanted::read(place, resolved(properties)?)?;
            rule::apply(context, item, wanted).await
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
        "table" => table::remove(client, &resource.physical_id).await,
        "queue" => queue::remove(client, &resource.physical_id).await,
        "sampling rule" => rule::remove(client, &resource.physical_id).await,
        other => Err(StackError::invalid(
            &resource.logical_id,
            format!("the record holds a {other}, made by a newer version"),
        )),
    }
}
