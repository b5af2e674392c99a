//! The embedded engine: a `fjall` database of its own.
//!
//! A value is its revision (8 bytes, little endian) and then the record. Keyspace `records` holds the records,
//! `meta` the format's version and the last revision given, so that no revision comes twice, even after a deletion
//! and a restart. Writes are few and small: one at a time, each synced before it is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::fjall::{Database, JournalRecoveryError, Keyspace, KeyspaceCreateOptions, PersistMode};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::watch::Watchers;
use super::{Catalog, CatalogError, Expect, Revision, Versioned, Watch};
use crate::log::disk::make_directory;

mod files;

const VERSION: u64 = 1;
const VERSION_KEY: &str = "version";
const REVISION_KEY: &str = "revision";

/// What fjall may keep of its files in memory. The records in use are kept by who uses them.
const CACHE_BYTES: u64 = 4 << 20;

/// The least that fjall allows.
const JOURNAL_BYTES: u64 = 64 << 20;

/// A catalog in a directory.
#[derive(Debug)]
pub struct FjallCatalog {
    store: Arc<Store>,
}

#[derive(Debug)]
struct Store {
    path: PathBuf,
    /// `None` after a failure, until it could be opened again.
    opened: RwLock<Option<Opened>>,
    /// Held while writing: what is expected must still hold when it is written.
    writing: Mutex<()>,
    watchers: Watchers,
}

struct Opened {
    database: Database,
    records: Keyspace,
    meta: Keyspace,
}

// === impl FjallCatalog ===

impl FjallCatalog {
    /// Opens the catalog in this directory, and makes it when it is not there. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// When another process uses it, a newer version wrote it, or the disk fails.
    pub fn open(path: &Path) -> Result<Self, CatalogError> {
        if files::is_free(path).map_err(engine)? {
            make(path)?;
        }
        let opened = Opened::open(path)?;
        Ok(Self {
            store: Arc::new(Store {
                path: path.to_owned(),
                opened: RwLock::new(Some(opened)),
                writing: Mutex::default(),
                watchers: Watchers::default(),
            }),
        })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, CatalogError> + Send + 'static,
    ) -> Result<T, CatalogError> {
        let store = Arc::clone(&self.store);
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .map_err(engine)?
    }
}

#[async_trait]
impl Catalog for FjallCatalog {
    async fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError> {
        let key = key.to_owned();
        self.blocking(move |store| store.with(|opened| opened.get(&key)))
            .await
    }

    async fn put(&self, key: &str, value: Bytes, expect: Expect) -> Result<Revision, CatalogError> {
        let key = key.to_owned();
        self.blocking(move |store| {
            let _alone = store.writing.lock();
            let revision = store.with(|opened| opened.put(&key, &value, expect))?;
            store.watchers.changed(&key);
            Ok(revision)
        })
        .await
    }

    async fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        let key = key.to_owned();
        self.blocking(move |store| {
            let _alone = store.writing.lock();
            let removed = store.with(|opened| opened.delete(&key, expect))?;
            if removed {
                store.watchers.changed(&key);
            }
            Ok(removed)
        })
        .await
    }

    async fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError> {
        let prefix = prefix.to_owned();
        self.blocking(move |store| store.with(|opened| opened.scan(&prefix)))
            .await
    }

    fn watch(&self, prefix: &str) -> Watch {
        self.store.watchers.watch(prefix)
    }
}

// === impl Store ===

impl Store {
    /// Works with the database. After a failed write fjall takes no more until it is opened again (a full disk is
    /// enough): that is done here, by the next who comes.
    fn with<T>(
        &self,
        work: impl FnOnce(&Opened) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        if self.opened.read().is_none() {
            let mut opened = self.opened.write();
            if opened.is_none() {
                *opened = Some(Opened::open(&self.path)?);
            }
        }
        let result = match &*self.opened.read() {
            Some(opened) => work(opened),
            None => return Err(engine(::fjall::Error::Poisoned)),
        };
        if matches!(result, Err(CatalogError::Engine(_))) {
            *self.opened.write() = None;
        }
        result
    }
}

// === impl Opened ===

impl Opened {
    fn open(path: &Path) -> Result<Self, CatalogError> {
        let database = match open_database(path) {
            Err(::fjall::Error::JournalRecovery(
                JournalRecoveryError::ChecksumMismatch | JournalRecoveryError::InsufficientLength,
            )) => {
                discard_torn(path)?;
                open_database(path)
            }
            opened => opened,
        };
        let database = database.map_err(engine)?;
        // A process that was killed may have left what is not durable yet, and what is read of it now will count as durable.
        database.persist(PersistMode::SyncAll).map_err(engine)?;
        files::sync_directories(path).map_err(engine)?;
        let keyspace = |name| {
            database
                .keyspace(name, KeyspaceCreateOptions::default)
                .map_err(engine)
        };
        let opened = Self {
            records: keyspace("records")?,
            meta: keyspace("meta")?,
            database,
        };
        match opened.number(VERSION_KEY)? {
            None => opened.begin()?,
            Some(found) if found > VERSION => {
                return Err(CatalogError::Newer {
                    found,
                    known: VERSION,
                });
            }
            Some(_) => {}
        }
        Ok(opened)
    }

    fn begin(&self) -> Result<(), CatalogError> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.meta, VERSION_KEY, VERSION.to_le_bytes());
        batch.commit().map_err(engine)
    }

    fn number(&self, key: &str) -> Result<Option<u64>, CatalogError> {
        let Some(value) = self.meta.get(key).map_err(engine)? else {
            return Ok(None);
        };
        let bytes = <[u8; 8]>::try_from(&*value).map_err(engine)?;
        Ok(Some(u64::from_le_bytes(bytes)))
    }

    fn get(&self, key: &str) -> Result<Option<Versioned<Bytes>>, CatalogError> {
        let found = self.records.get(key).map_err(engine)?;
        found.map(|value| decode(&value)).transpose()
    }

    fn put(&self, key: &str, value: &[u8], expect: Expect) -> Result<Revision, CatalogError> {
        expect.check(key, self.get(key)?.map(|record| record.revision))?;
        let revision = self.number(REVISION_KEY)?.unwrap_or(0) + 1;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.meta, REVISION_KEY, revision.to_le_bytes());
        batch.insert(
            &self.records,
            key,
            [&revision.to_le_bytes(), value].concat(),
        );
        batch.commit().map_err(engine)?;
        Ok(revision)
    }

    fn delete(&self, key: &str, expect: Expect) -> Result<bool, CatalogError> {
        let found = self.get(key)?;
        expect.check(key, found.as_ref().map(|record| record.revision))?;
        if found.is_none() {
            return Ok(false);
        }
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        batch.remove(&self.records, key);
        batch.commit().map_err(engine)?;
        Ok(true)
    }

    fn scan(&self, prefix: &str) -> Result<Vec<(String, Versioned<Bytes>)>, CatalogError> {
        let mut found = Vec::new();
        for guard in self.records.prefix(prefix) {
            let (key, value) = guard.into_inner().map_err(engine)?;
            let key = std::str::from_utf8(&key).map_err(engine)?.to_owned();
            found.push((key, decode(&value)?));
        }
        Ok(found)
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}

/// Makes a catalog elsewhere, and moves it to where it belongs once all of it is durable: fjall cannot open one that is half made, and
/// does not make the names of its keyspaces durable.
fn make(path: &Path) -> Result<(), CatalogError> {
    let draft = files::draft_of(path);
    files::remove(&draft).map_err(engine)?;
    drop(Opened::open(&draft)?);
    files::sync_directories(&draft)
        .and_then(|()| std::fs::rename(&draft, path))
        // Also its new name.
        .and_then(|()| make_directory(path))
        .map_err(engine)
}

/// Discards the last batch, if it is the one that is damaged: it was being written when power was lost. That is tried with a copy first.
/// fjall does so by itself unless the batch's end is there.
fn discard_torn(path: &Path) -> Result<(), CatalogError> {
    let draft = files::draft_of(path);
    files::remove(&draft).map_err(engine)?;
    files::copy(path, &draft).map_err(engine)?;
    let tried = match files::spoil_last_batch(&draft) {
        Ok(true) => open_database(&draft).map_err(engine),
        Ok(false) => Err(engine("there is no batch")),
        Err(error) => Err(engine(error)),
    };
    let is_last = tried.map(drop);
    files::remove(&draft).map_err(engine)?;
    is_last?;
    tracing::warn!(
        "cut off the end of the catalog's journal, which is not whole: a write that was not acknowledged, or the last that was, damaged"
    );
    files::spoil_last_batch(path).map(drop).map_err(engine)
}

fn open_database(path: &Path) -> Result<Database, ::fjall::Error> {
    Database::builder(path)
        .cache_size(CACHE_BYTES)
        .max_journaling_size(JOURNAL_BYTES)
        .worker_threads(1)
        .open()
}

fn decode(value: &[u8]) -> Result<Versioned<Bytes>, CatalogError> {
    let (revision, record) = value
        .split_first_chunk()
        .ok_or_else(|| engine("a record is too short"))?;
    Ok(Versioned {
        revision: Revision::from_le_bytes(*revision),
        value: Bytes::copy_from_slice(record),
    })
}

fn engine(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CatalogError {
    CatalogError::Engine(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_process_and_a_newer_version_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let catalog = FjallCatalog::open(directory.path()).unwrap();
        let second = FjallCatalog::open(directory.path());
        assert!(matches!(second, Err(CatalogError::Engine(_))));
        catalog
            .store
            .with(|opened| {
                let newer = opened.meta.insert("version", 2u64.to_le_bytes());
                newer.map_err(|error| CatalogError::Engine(error.into()))
            })
            .unwrap();
        drop(catalog);
        let error = FjallCatalog::open(directory.path()).unwrap_err();
        assert!(matches!(error, CatalogError::Newer { found: 2, known: 1 }));
    }

    #[tokio::test]
    async fn one_that_is_half_made_is_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("catalog");
        // As far as a start comes that is cut off: fjall would not open it.
        let draft = directory.path().join("catalog.new");
        std::fs::create_dir(&draft).unwrap();
        std::fs::write(draft.join("0.jnl"), "").unwrap();
        assert!(Opened::open(&draft).is_err());

        let catalog = FjallCatalog::open(&path).unwrap();
        let value = Bytes::from_static(b"x");
        catalog.put("a", value, Expect::Absent).await.unwrap();
        drop(catalog);
        assert!(!draft.exists());
        let catalog = FjallCatalog::open(&path).unwrap();
        assert!(catalog.get("a").await.unwrap().is_some());
    }

    /// Three records in a catalog whose journal has lost a sector of this one: the path, and the journal.
    async fn damaged(directory: &Path, lost: &str) -> (PathBuf, Vec<u8>) {
        let path = directory.join("catalog");
        let catalog = FjallCatalog::open(&path).unwrap();
        for key in ["a", "b", "c"] {
            let value = Bytes::from(format!("the record of {key}: {}", "x".repeat(4 << 10)));
            catalog.put(key, value, Expect::Absent).await.unwrap();
        }
        drop(catalog);
        let journal = path.join("0.jnl");
        let mut content = std::fs::read(&journal).unwrap();
        let text = format!("the record of {lost}");
        let found = content.windows(text.len());
        let found = found.enumerate().find(|(_, part)| *part == text.as_bytes());
        let (start, _) = found.unwrap();
        // A sector that was not written.
        let sector = (start / 512 + 2) * 512;
        content[sector..sector + 512].fill(0);
        std::fs::write(&journal, &content).unwrap();
        (path, content)
    }

    #[tokio::test]
    async fn a_torn_write_at_the_end_is_discarded() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _) = damaged(directory.path(), "c").await;
        assert!(open_database(&path).is_err());
        for _ in 0..2 {
            let catalog = FjallCatalog::open(&path).unwrap();
            assert!(catalog.get("a").await.unwrap().is_some());
            assert!(catalog.get("b").await.unwrap().is_some());
            assert!(catalog.get("c").await.unwrap().is_none());
            catalog
                .put("d", Bytes::from_static(b"x"), Expect::Anything)
                .await
                .unwrap();
        }
        assert!(!files::draft_of(&path).exists());
    }

    #[tokio::test]
    async fn damage_elsewhere_is_an_error_and_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (path, content) = damaged(directory.path(), "b").await;
        assert!(FjallCatalog::open(&path).is_err());
        assert!(std::fs::read(path.join("0.jnl")).unwrap() == content);
    }

    #[tokio::test]
    async fn after_a_failure_the_database_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let catalog = FjallCatalog::open(directory.path()).unwrap();
        let value = Bytes::from_static(b"x");
        catalog
            .put("a", value.clone(), Expect::Absent)
            .await
            .unwrap();
        let failed = catalog
            .store
            .with(|_| Err::<(), _>(CatalogError::Engine("disk full".into())));
        assert!(failed.is_err());
        assert_eq!(catalog.get("a").await.unwrap().unwrap().value, value);
        catalog.put("b", value, Expect::Absent).await.unwrap();
    }
}
