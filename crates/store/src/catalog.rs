//! The catalog: small typed records (rules, groups, APIs, functions, roles), compare-and-set on a revision.
//!
//! [`Catalog`] is the seam, in bytes; [`Table`] is what the rest of Fluoro uses, in types. Keys are text; the parts
//! of a key are joined by `/`, most significant first, so that a prefix scan lists what belongs together. Account and
//! region are part of every key whose record has an ARN.
//!
//! [`FjallCatalog`] is the embedded engine, [`MemoryCatalog`] the twin for tests; both pass [`conformance`].

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod fjall;
mod memory;
#[cfg(test)]
mod tests;
mod watch;

pub use self::fjall::FjallCatalog;
pub use self::memory::MemoryCatalog;
pub use self::watch::{Change, Watch};

/// Grows with every write of a key; never 0.
pub type Revision = u64;

/// A value and the revision that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The revision to pass as [`Expect::Revision`] for a compare-and-set.
    pub revision: Revision,
    /// The record.
    pub value: T,
}

/// What must be there for a write to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever is there.
    Anything,
    /// Nothing: the write creates.
    Absent,
    /// The record at just this revision.
    Revision(Revision),
}

/// Why the catalog did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// Somebody else wrote in between; read again and decide anew.
    #[error("record {key} is not as expected: {expected:?}, found revision {found:?}")]
    Conflict {
        /// The record's key.
        key: String,
        /// What the caller expected.
        expected: Expect,
        /// The revision that is there.
        found: Option<Revision>,
    },
    /// The record was written by a newer version, or is damaged.
    #[error("record {key} cannot be read")]
    Unreadable {
        /// The record's key.
        key: String,
        /// What the decoder said.
        source: serde_json::Error,
    },
    /// The catalog was written by a newer version of Fluoro.
    #[error("the catalog has format version {found}, this version of Fluoro reads up to {known}")]
    Newer {
        /// Its version.
        found: u64,
        /// The newest that we know.
        known: u64,
    },
    /// The engine failed: disk, network. Worth another try later.
    #[error("catalog engine failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The seam: bytes by key. A write is durable when its future is done.
#[async_trait]
pub trait Catalog: Send + Sync + fmt::Debug {
    /// The record at `key`.
    async fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError>;

    /// Writes the record if `expect` holds, and returns its new revision.
    async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision, CatalogError>;

    /// Removes the record if `expect` holds; whether there was one.
    async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError>;

    /// All records whose key begins with `prefix`, in key order.
    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError>;

    /// Tells from now on which keys below `prefix` change, once the change is durable.
    fn watch(&self, prefix: &str) -> Watch;
}

/// Records of one type under one prefix, as JSON.
pub struct Table<T> {
    catalog: Arc<dyn Catalog>,
    prefix: &'static str,
    record: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> Table<T> {
    /// The records below `prefix`, which must be unique to this type and end in `/`.
    #[must_use]
    pub fn new(catalog: Arc<dyn Catalog>, prefix: &'static str) -> Self {
        debug_assert!(prefix.ends_with('/'), "{prefix} must end in a slash");
        Self {
            catalog,
            prefix,
            record: PhantomData,
        }
    }

    /// The record at `key`.
    ///
    /// # Errors
    ///
    /// When the engine fails or the record cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Versioned<T>>, CatalogError> {
        let key = self.full(key);
        let Some(found) = self.catalog.get(&key).await? else {
            return Ok(None);
        };
        decode(&key, found).map(Some)
    }

    /// Writes the record if `expect` holds.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Conflict`] when it does not hold; otherwise when the engine fails.
    pub async fn put(
        &self,
        key: &str,
        value: &T,
        expect: Expect,
    ) -> Result<Revision, CatalogError> {
        let bytes =
            serde_json::to_vec(value).expect("records have text keys and no failing serializer");
        self.catalog
            .put(&self.full(key), bytes.into(), expect)
            .await
    }

    /// Removes the record if `expect` holds; whether there was one.
    ///
    /// # Errors
    ///
    /// [`CatalogError::Conflict`] when it does not hold; otherwise when the engine fails.
    pub async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        self.catalog.delete(&self.full(key), expect).await
    }

    /// All records whose key begins with `prefix` (empty for every one), in key order, keys without the table's prefix.
    ///
    /// # Errors
    ///
    /// When the engine fails or a record cannot be read.
    pub async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<T>)>, CatalogError> {
        let found = self.catalog.scan(&self.full(prefix)).await?;
        found
            .into_iter()
            .map(|(key, record)| {
                let value = decode(&key, record)?;
                Ok((key[self.prefix.len()..].to_owned(), value))
            })
            .collect()
    }

    /// Tells from now on which of the table's keys change; see [`Watch`]. Keys come without the table's prefix.
    #[must_use]
    pub fn watch(&self) -> Watch {
        self.catalog.watch(self.prefix).below(self.prefix.len())
    }

    fn full(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

fn decode<T: DeserializeOwned>(
    key: &str,
    found: Versioned<Bytes>,
) -> Result<Versioned<T>, CatalogError> {
    let value =
        serde_json::from_slice(&found.value).map_err(|source| CatalogError::Unreadable {
            key: key.to_owned(),
            source,
        })?;
    Ok(Versioned {
        revision: found.revision,
        value,
    })
}

impl Expect {
    /// Whether what is there is as expected.
    pub(crate) fn check(self, key: &str, found: Option<Revision>) -> Result<(), CatalogError> {
        let holds = match self {
            Self::Anything => true,
            Self::Absent => found.is_none(),
            Self::Revision(revision) => found == Some(revision),
        };
        if holds {
            return Ok(());
        }
        Err(CatalogError::Conflict {
            key: key.to_owned(),
            expected: self,
            found,
        })
    }
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self {
            catalog: Arc::clone(&self.catalog),
            prefix: self.prefix,
            record: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}
