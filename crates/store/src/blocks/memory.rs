//! The in-memory twin.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use fluoro_block::checked::Source;
use parking_lot::Mutex;

use super::{BlockError, BlockInfo, BlockName, Blocks};

/// Blocks that are gone when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryBlocks {
    blocks: Mutex<BTreeMap<BlockName, Bytes>>,
}

#[async_trait]
impl Blocks for MemoryBlocks {
    async fn put(&self, name: &BlockName, content: Bytes) -> Result<(), BlockError> {
        let mut blocks = self.blocks.lock();
        if blocks.contains_key(name) {
            return Err(BlockError::Exists(name.clone()));
        }
        blocks.insert(name.clone(), content);
        Ok(())
    }

    async fn get(&self, name: &BlockName, range: Range<u64>) -> Result<Bytes, BlockError> {
        let blocks = self.blocks.lock();
        let block = blocks
            .get(name)
            .ok_or_else(|| BlockError::Missing(name.clone()))?;
        let bytes = block.len() as u64;
        let within = usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok())
            .filter(|_| range.start <= range.end && range.end <= bytes);
        let Some((start, end)) = within else {
            return Err(BlockError::Range {
                name: name.clone(),
                bytes,
                range,
            });
        };
        Ok(block.slice(start..end))
    }

    async fn open(&self, name: &BlockName) -> Result<Arc<dyn Source>, BlockError> {
        let block = self.blocks.lock().get(name).cloned();
        let block = block.ok_or_else(|| BlockError::Missing(name.clone()))?;
        Ok(Arc::new(block))
    }

    async fn list(&self) -> Result<Vec<BlockInfo>, BlockError> {
        let blocks = self.blocks.lock();
        let info = |(name, content): (&BlockName, &Bytes)| BlockInfo {
            name: name.clone(),
            bytes: content.len() as u64,
        };
        Ok(blocks.iter().map(info).collect())
    }

    async fn delete(&self, name: &BlockName) -> Result<(), BlockError> {
        let removed = self.blocks.lock().remove(name);
        removed
            .map(drop)
            .ok_or_else(|| BlockError::Missing(name.clone()))
    }
}
