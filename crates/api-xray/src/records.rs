//! What the API stores beside rules and groups: durable, answered from memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fluoro_model::TimestampMicros;
use fluoro_query::groups::Scope;
use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use fluoro_wire::Call;
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::encryption::EncryptionRecord;
use crate::error::XRayError;
use crate::groups::scope_of;
use crate::policies::PolicyRecord;
use crate::search::{DestinationRecord, IndexingRecord};
use crate::tags::Tags;

/// Tags, policies and settings of all accounts and regions. Clones share them.
#[derive(Debug, Clone)]
pub struct XRayRecords {
    /// By the ARN of what is tagged.
    pub(crate) tags: Records<Tags>,
    /// By scope and name.
    pub(crate) policies: Records<PolicyRecord>,
    /// By scope, as all below.
    pub(crate) encryption: Records<EncryptionRecord>,
    pub(crate) destinations: Records<DestinationRecord>,
    pub(crate) indexing: Records<IndexingRecord>,
}

/// How long a setting is said to be changing after it was changed. The service takes minutes.
const SETTLES_AFTER_MICROS: i64 = 1_000_000;

/// The scope of a call, as keys begin with it: account and region.
pub(crate) fn scope_key(call: &Call) -> String {
    format!("{}/", scope_of(call))
}

/// The region in a key that begins with a [`scope_key`].
pub(crate) fn region_of(key: &str) -> &str {
    key.split('/').nth(1).unwrap_or_default()
}

/// When a setting that was changed takes effect.
pub(crate) fn settled_at(changed: TimestampMicros) -> TimestampMicros {
    TimestampMicros(changed.0 + SETTLES_AFTER_MICROS)
}

impl XRayRecords {
    /// Reads what is stored.
    ///
    /// # Errors
    ///
    /// When the catalog fails, or holds a record that this version cannot read.
    pub async fn open(catalog: &Arc<dyn Catalog>) -> Result<Self, CatalogError> {
        Ok(Self {
            tags: Records::open(catalog, "xray/tags/").await?,
            policies: Records::open(catalog, "xray/resource-policies/").await?,
            encryption: Records::open(catalog, "xray/encryption/").await?,
            destinations: Records::open(catalog, "xray/segment-destinations/").await?,
            indexing: Records::open(catalog, "xray/indexing-rules/").await?,
        })
    }
}

/// Records of one kind. A change is written to the catalog first and seen when it is written. Clones share them.
#[derive(Debug)]
pub(crate) struct Records<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    table: Table<T>,
    held: RwLock<BTreeMap<String, T>>,
    /// Held from planning a change until it is seen, so that changes do not cross.
    changing: tokio::sync::Mutex<()>,
}

impl<T: Clone + Serialize + DeserializeOwned> Records<T> {
    async fn open(catalog: &Arc<dyn Catalog>, prefix: &'static str) -> Result<Self, CatalogError> {
        let table: Table<T> = Table::new(Arc::clone(catalog), prefix);
        let stored = table.scan("").await?.into_iter();
        let held = stored.map(|(key, found)| (key, found.value)).collect();
        Ok(Self(Arc::new(Shared {
            table,
            held: RwLock::new(held),
            changing: tokio::sync::Mutex::default(),
        })))
    }

    pub(crate) fn get(&self, key: &str) -> Option<T> {
        self.0.held.read().get(key).cloned()
    }

    /// All records whose key begins with `prefix`, in key order.
    pub(crate) fn below(&self, prefix: &str) -> Vec<T> {
        self.with_below(prefix, <[T]>::to_vec)
    }

    /// The same, and no change is seen before `look` is done.
    pub(crate) fn with_below<O>(&self, prefix: &str, look: impl FnOnce(&[T]) -> O) -> O {
        let held = self.0.held.read();
        let from = held.range(prefix.to_owned()..);
        let below = from.take_while(|(key, _)| key.starts_with(prefix));
        let below: Vec<T> = below.map(|(_, record)| record.clone()).collect();
        look(&below)
    }

    /// Looks at every record, in key order.
    pub(crate) fn each(&self, mut look: impl FnMut(&str, &T)) {
        for (key, record) in self.0.held.read().iter() {
            look(key, record);
        }
    }

    /// The accounts and regions that have records, as [`scope_key`] writes them.
    pub(crate) fn scopes(&self) -> BTreeSet<String> {
        let held = self.0.held.read();
        let scopes = held.keys().filter_map(|key| {
            let (account, rest) = key.split_once('/')?;
            let (region, _) = rest.split_once('/')?;
            Some(format!("{}/", Scope::new(account, region)))
        });
        scopes.collect()
    }

    /// Writes what `plan` makes of the record that is there; `None` deletes it.
    pub(crate) async fn change(
        &self,
        key: &str,
        plan: impl FnOnce(Option<T>) -> Result<Option<T>, XRayError>,
    ) -> Result<Option<T>, XRayError> {
        let _changing = self.0.changing.lock().await;
        let planned = plan(self.get(key))?;
        match &planned {
            Some(record) => {
                self.0.table.put(key, record, Expect::Anything).await?;
                let mut held = self.0.held.write();
                held.insert(key.to_owned(), record.clone());
            }
            None => {
                self.0.table.delete(key, Expect::Anything).await?;
                self.0.held.write().remove(key);
            }
        }
        Ok(planned)
    }
}

impl<T> Clone for Records<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
