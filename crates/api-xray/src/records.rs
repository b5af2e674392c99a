//! What the API stores beside rules and groups: durable, answered from memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use fluoro_store::catalog::{Catalog, CatalogError, Expect, Table};
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::XRayError;
use crate::tags::Tags;

/// Tags, policies and settings of all accounts and regions. Clones share them.
#[derive(Debug, Clone)]
pub struct XRayRecords {
    /// By the ARN of what is tagged.
    pub(crate) tags: Records<Tags>,
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
