//! The embedded engine: a file a block in a local directory.
//!
//! A block is written under a name that no block can have, synced, and then linked to its own: a crash leaves it whole
//! or not at all. What is left of half-written ones is removed when the directory is opened.

use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_block::checked::Source;

use super::{BlockError, BlockInfo, BlockName, Blocks};
use crate::log::disk;

/// No block's name begins so.
const HALF_WRITTEN: &str = ".half-";

/// The file whose lock says that a process uses the directory; no block has such a name.
const LOCK: &str = ".lock";

/// Blocks in a directory.
#[derive(Debug)]
pub struct DirectoryBlocks {
    path: PathBuf,
    // Locked for as long as it is open.
    _lock: fs::File,
    writes: AtomicU64,
}

// === impl DirectoryBlocks ===

impl DirectoryBlocks {
    /// Opens a directory, which no other process may use, and makes it when it is not there.
    ///
    /// # Errors
    ///
    /// When another process uses it, or it cannot be made, read or cleaned.
    pub fn open(path: &Path) -> Result<Self, BlockError> {
        let lock = prepare(path)
            .map_err(|source| failed(format!("open blocks in {}", path.display()), source))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            writes: AtomicU64::new(0),
        })
    }

    fn path_of(&self, name: &BlockName) -> PathBuf {
        self.path.join(name.as_str())
    }
}

#[async_trait]
impl Blocks for DirectoryBlocks {
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError> {
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        let half = self.path.join(format!("{HALF_WRITTEN}{write}"));
        let whole = self.path_of(name);
        let directory = self.path.clone();
        let written = blocking(move || {
            let written = write_block(&half, &whole, &content);
            // Linked or not, the first name has served. One that stays goes at the next start.
            if let Err(error) = fs::remove_file(&half) {
                tracing::warn!(file = %half.display(), %error, "cannot remove the first name of a block");
            }
            written?;
            let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
            // A block that may not last is none.
            synced.inspect_err(|_| drop(fs::remove_file(&whole)))
        });
        written.await.map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => BlockError::Exists(name.clone()),
            _ => failed(format!("write block {name}"), source),
        })
    }

    async fn get(&self, name: &BlockName, range: Range<u64>) -> Result<Bytes, BlockError> {
        let path = self.path_of(name);
        let wanted = range.clone();
        let found = blocking(move || {
            let file = fs::File::open(path)?;
            let bytes = file.metadata()?.len();
            if wanted.start > wanted.end || wanted.end > bytes {
                return Ok(Err(bytes));
            }
            let length = usize::try_from(wanted.end - wanted.start).map_err(io::Error::other)?;
            let mut content = vec![0; length];
            file.read_exact_at(&mut content, wanted.start)?;
            Ok(Ok(Bytes::from(content)))
        });
        let found = found.await.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BlockError::Missing(name.clone()),
            _ => failed(format!("read block {name}"), source),
        })?;
        found.map_err(|bytes| BlockError::Range {
            name: name.clone(),
            bytes,
            range,
        })
    }

    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError> {
        let path = self.path_of(name);
        let opened = blocking(move || fs::File::open(path)).await;
        let file = opened.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BlockError::Missing(name.clone()),
            _ => failed(format!("open block {name}"), source),
        })?;
        Ok(Arc::new(file))
    }

    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError> {
        let path = self.path.clone();
        let found = blocking(move || {
            let mut found = Vec::new();
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                let name = entry.file_name().into_string().ok();
                let Some(name) = name.and_then(|name| BlockName::new(name).ok()) else {
                    continue;
                };
                let bytes = entry.metadata()?.len();
                found.push(BlockInfo { name, bytes });
            }
            found.sort_by(|a, b| a.name.cmp(&b.name));
            Ok(found)
        });
        found
            .await
            .map_err(|source| failed("list blocks".to_owned(), source))
    }

    async fn delete(&self, name: &BlockName) -> Result<(), BlockError> {
        let path = self.path_of(name);
        let directory = self.path.clone();
        let deleted = blocking(move || {
            fs::remove_file(path)?;
            fs::File::open(directory)?.sync_all()
        });
        deleted.await.map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => BlockError::Missing(name.clone()),
            _ => failed(format!("delete block {name}"), source),
        })
    }
}

fn prepare(path: &Path) -> io::Result<fs::File> {
    disk::make_directory(path)?;
    let lock = disk::lock(&path.join(LOCK))?;
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.as_encoded_bytes().starts_with(HALF_WRITTEN.as_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(lock)
}

/// Fails with [`io::ErrorKind::AlreadyExists`] when there is such a block.
fn write_block(half: &Path, whole: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(half)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::hard_link(half, whole)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn failed(attempt: String, source: io::Error) -> BlockError {
    BlockError::Engine {
        attempt,
        source: Box::new(source),
    }
}
