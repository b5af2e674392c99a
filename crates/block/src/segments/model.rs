use std::sync::Arc;

use fluoro_shape::{Corrupt, Model};
use parking_lot::RwLock;

use super::LARGEST_MODEL;
use crate::BlockError;

/// One model in the place of many that have grown out of one another, of files whose documents are coded with its beginnings. It
/// is the longest of theirs.
#[derive(Debug, Default)]
pub struct SharedModel(RwLock<Arc<Model>>);

// === impl SharedModel ===

impl SharedModel {
    /// It, as it is now.
    #[must_use]
    pub fn get(&self) -> Arc<Model> {
        Arc::clone(&self.0.read())
    }

    /// Takes the place of another model, by its journal. Returns whether it can: not when they have grown apart.
    pub(super) fn take_in(&self, journal: &[u8]) -> Result<bool, BlockError> {
        let mut model = self.0.write();
        if model.journal().starts_with(journal) {
            return Ok(true);
        }
        let Some(more) = journal.strip_prefix(model.journal()) else {
            return Ok(false);
        };
        let mut grown = Model::clone(&model);
        grown.extend(more).map_err(|Corrupt| DAMAGED)?;
        *model = Arc::new(grown);
        Ok(true)
    }
}

const DAMAGED: BlockError = BlockError::Foreign("its model is damaged");

/// The journal of a model, as a footer has it.
pub(super) fn journal(text: &str) -> Result<Vec<u8>, BlockError> {
    let compressed = hex::decode(text).map_err(|_| DAMAGED)?;
    zstd::bulk::decompress(&compressed, LARGEST_MODEL).map_err(|_| DAMAGED)
}
