//! The in-memory twin: for tests, and the measure that every engine is held against.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;

use super::watch::Watchers;
use super::{Catalog, CatalogError, Expect, Revision, Versioned, Watch};

/// A catalog that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryCatalog {
    records: Mutex<Records>,
    watchers: Watchers,
}

#[derive(Debug, Default)]
struct Records {
    last: Revision,
    by_key: BTreeMap<String, Versioned<Bytes>>,
}

impl Records {
    fn check(&self, key: &str, expected: Expect) -> Result<(), CatalogError> {
        expected.check(key, self.by_key.get(key).map(|record| record.revision))
    }
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError> {
        Ok(self.records.lock().by_key.get(key).cloned())
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision, CatalogError> {
        let mut records = self.records.lock();
        records.check(key, expect)?;
        records.last += 1;
        let revision = records.last;
        records
            .by_key
            .insert(key.to_owned(), Versioned { revision, value });
        self.watchers.changed(key);
        Ok(revision)
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        let mut records = self.records.lock();
        records.check(key, expect)?;
        let removed = records.by_key.remove(key).is_some();
        if removed {
            self.watchers.changed(key);
        }
        Ok(removed)
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError> {
        let records = self.records.lock();
        let from_prefix = records.by_key.range(prefix.to_owned()..);
        Ok(from_prefix
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, record)| (key.clone(), record.clone()))
            .collect())
    }

    fn watch(&self, prefix: &str) -> Watch {
        self.watchers.watch(prefix)
    }
}
