//! Where the blocks of a catalog are, and by which name their engine knows whose they are.

use std::collections::HashSet;
use std::sync::Arc;

use fluoro_ambient::Ambient;
use serde::{Deserialize, Serialize};

use super::ArchiveError;
use super::names::{Part, files_of, name_of};
use super::records::{LIST, LIVE, ListRecord};
use crate::blocks::{BlockName, Blocks};
use crate::catalog::{Catalog, Expect, Table};

/// The key of the one record there is.
const HOME: &str = "home";

/// Where a catalog's blocks are.
#[derive(Debug)]
pub struct Home {
    catalog: Arc<dyn Catalog>,
    record: HomeRecord,
}

/// As the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HomeRecord {
    owner: String,
    /// As people write it.
    place: String,
}

// === impl Home ===

impl Home {
    /// What the catalog says; a new owner, whose blocks were in `place` from the first, when it says nothing.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read or written.
    pub async fn open(
        ambient: &Ambient,
        catalog: &Arc<dyn Catalog>,
        place: &str,
    ) -> Result<Self, ArchiveError> {
        let records = records(catalog);
        let record = match records.get(HOME).await? {
            Some(found) => found.value,
            None => {
                let record = HomeRecord {
                    owner: ambient.uuid(),
                    place: place.to_owned(),
                };
                records.put(HOME, &record, Expect::Absent).await?;
                record
            }
        };
        Ok(Self {
            catalog: Arc::clone(catalog),
            record,
        })
    }

    /// The name by which others know whose the blocks are. It never changes.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.record.owner
    }

    /// Makes `place`, which these blocks are in, the one where all are. Nothing is moved: whoever changes a setting copies the
    /// files first.
    ///
    /// # Errors
    ///
    /// When files are not there that were where the blocks have been so far; or the catalog or the blocks cannot be read.
    pub async fn settle_in(
        &mut self,
        place: &str,
        blocks: &dyn Blocks,
    ) -> Result<(), ArchiveError> {
        if self.record.place == place {
            return Ok(());
        }
        let list: Table<ListRecord> = Table::new(Arc::clone(&self.catalog), LIST);
        let found = list.get(LIVE).await?;
        let live = found.map(|found| found.value.blocks).unwrap_or_default();
        let there = blocks.list().await?;
        let there: HashSet<BlockName> = there.into_iter().map(|file| file.name).collect();
        let files = live.iter().flat_map(|block| {
            let rollups = name_of(block.number, Part::Rollups);
            let files = files_of(block.number).into_iter();
            files.filter(move |file| block.rollups || *file != rollups)
        });
        let files: Vec<BlockName> = files.collect();
        let missing = files.iter().filter(|file| !there.contains(file)).count();
        if missing > 0 {
            return Err(ArchiveError::Moved {
                before: self.record.place.clone(),
                now: place.to_owned(),
                files: files.len(),
                missing,
            });
        }
        let record = HomeRecord {
            place: place.to_owned(),
            ..self.record.clone()
        };
        let records = records(&self.catalog);
        records.put(HOME, &record, Expect::Anything).await?;
        self.record = record;
        Ok(())
    }
}

fn records(catalog: &Arc<dyn Catalog>) -> Table<HomeRecord> {
    Table::new(Arc::clone(catalog), "store/home/")
}
