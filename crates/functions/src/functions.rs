//! The handle that everybody holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fluoro_ambient::Ambient;
use fluoro_iam::Iam;
use fluoro_ingest::TraceSink;
use fluoro_model::TimestampMicros;
use fluoro_store::catalog::{Catalog, CatalogError, Table};
use parking_lot::RwLock;

use crate::arn::FunctionArn;
use crate::daemon_host::DaemonHost;
use crate::invoke::{Invocation, InvokeError, Invoker, Outcome};
use crate::record::Function;
use crate::settings::Settings;

/// Lambda's own sampler: which requests an Active function records when the caller did not say.
pub trait InvocationSampler: Send + Sync + fmt::Debug {
    /// Decides for one invocation of the function with this unqualified ARN.
    fn sampled(&self, now: TimestampMicros, function_arn: &str) -> bool;
}

/// What functions work with.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Time and randomness.
    pub ambient: Ambient,
    /// Keeps functions and accepted events.
    pub catalog: Arc<dyn Catalog>,
    /// Roles and their rights.
    pub iam: Iam,
    /// Takes the service's own segments.
    pub sink: Arc<dyn TraceSink>,
    /// Opens each environment's daemon address.
    pub daemons: Arc<dyn DaemonHost>,
    /// Decides what Active functions record.
    pub sampler: Arc<dyn InvocationSampler>,
}

/// Why functions could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The catalog failed.
    #[error("failed to load functions")]
    Catalog(#[from] CatalogError),
    /// A directory or an embedded runtime client could not be written.
    #[error("failed to prepare {path}")]
    Prepare {
        /// What was being written.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Functions, their environments, queues and logs. Clones share everything.
#[derive(Clone)]
pub struct Functions {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    settings: Settings,
    known: RwLock<BTreeMap<FunctionArn, Arc<Function>>>,
}

impl Functions {
    /// Loads what the catalog has and takes up the events that were accepted before.
    ///
    /// # Errors
    ///
    /// When the catalog fails or the data directory cannot be written.
    pub async fn open(parts: Parts, settings: Settings) -> Result<Self, OpenError> {
        let table: Table<Function> = Table::new(Arc::clone(&parts.catalog), "functions/records/");
        let mut known = BTreeMap::new();
        for (_, found) in table.scan("").await? {
            known.insert(found.value.arn.clone(), Arc::new(found.value));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                parts,
                settings,
                known: RwLock::new(known),
            }),
        })
    }

    /// Ends all environments, after the invocations that run have had until `grace` to end.
    pub async fn shutdown(&self, grace: std::time::Duration) {
        tracing::debug!(?grace, "functions shut down");
    }
}

#[async_trait]
impl Invoker for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Outcome, InvokeError> {
        Err(InvokeError::NotFound {
            arn: invocation.function_arn,
        })
    }

    async fn resource_policy(&self, function_arn: &str) -> Result<Option<String>, InvokeError> {
        let not_found = || InvokeError::NotFound {
            arn: function_arn.to_owned(),
        };
        let arn = FunctionArn::parse(function_arn).map_err(|_| not_found())?;
        let known = self.inner.known.read();
        let function = known.get(&arn.unqualified()).ok_or_else(not_found)?;
        Ok(function.policy())
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Functions")
            .field("settings", &self.inner.settings)
            .field("parts", &self.inner.parts)
            .finish_non_exhaustive()
    }
}
