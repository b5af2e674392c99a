//! Blocks: immutable files, written whole and read by range.
//!
//! [`Blocks`] is the seam. [`DirectoryBlocks`] is the embedded engine, [`MemoryBlocks`] the twin for tests; both pass
//! [`conformance`]. What is in them is for [`crate::archive`] to say.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_block::checked::Source;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod directory;
mod memory;
#[cfg(test)]
mod tests;

pub use directory::DirectoryBlocks;
pub use memory::MemoryBlocks;

/// A block's name: 1 to 200 letters, digits, `-`, `_` and `.`, not beginning with `.`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockName(String);

/// The text is no name of a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no name of a block")]
pub struct BlockNameError(String);

impl BlockName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn new(name: impl Into<String>) -> Result<Self, BlockNameError> {
        let name = name.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if (1..=200).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with('.') {
            Ok(Self(name))
        } else {
            Err(BlockNameError(name))
        }
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A block that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its name.
    pub name: BlockName,
    /// Its length, in bytes.
    pub bytes: u64,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// There is no such block.
    #[error("there is no block {0}")]
    Missing(BlockName),
    /// There is one already; blocks never change.
    #[error("there is a block {0} already")]
    Exists(BlockName),
    /// The range goes beyond the block's end.
    #[error("block {name} has {bytes} bytes, asked for {range:?}")]
    Range {
        /// The block.
        name: BlockName,
        /// Its length.
        bytes: u64,
        /// What was asked for.
        range: Range<u64>,
    },
    /// The engine failed: disk, network. Worth another try.
    #[error("failed to {attempt}")]
    Engine {
        /// What was attempted.
        attempt: String,
        /// What the engine said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The seam.
#[async_trait]
pub trait Blocks: Send + Sync + fmt::Debug {
    /// Writes a block. Durable and visible, all of it, when the future is done; otherwise not there at all.
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError>;

    /// A part of a block; the range must lie within it.
    async fn get(&self, name: &BlockName, range: Range<u64>) -> Result<Bytes, BlockError>;

    /// A block for whoever reads it on a thread that may block, within a tokio runtime. Whether it can be read when it is
    /// deleted meanwhile is the engine's affair.
    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError>;

    /// What is there, by name.
    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError>;

    /// Removes a block.
    async fn delete(&self, name: &BlockName) -> Result<(), BlockError>;
}
