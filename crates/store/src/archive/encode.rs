//! From rows to the files of a block.

use std::sync::Arc;

use bytes::Bytes;
use fluoro_block::rollups::Rollups;
use fluoro_block::segments::SegmentsWriter;
use fluoro_block::traces::{TraceRow, TracesWriter};
use fluoro_block::{BlockError as FileError, SegmentRow};
use fluoro_shape::Model;

use super::BlockRecord;
use crate::documents::Lineage;
use crate::log::Position;

/// What is to become a block.
#[derive(Debug)]
pub(crate) struct NewBlock {
    pub(crate) from: Position,
    pub(crate) up_to: Position,
    pub(crate) lineage: Lineage,
    pub(crate) model: Arc<Model>,
    /// In order of their places.
    pub(crate) segments: Vec<SegmentRow>,
    /// In order of their places.
    pub(crate) traces: Vec<TraceRow>,
    /// What they contribute to the graphs of minutes, when somebody wants to know.
    pub(crate) rollups: Option<Rollups>,
}

/// The files of a block, with a record that lacks its number and their length.
pub(super) struct Encoded {
    pub(super) record: BlockRecord,
    pub(super) segments: Vec<u8>,
    pub(super) traces: Vec<u8>,
    pub(super) rollups: Option<Bytes>,
}

// === impl NewBlock ===

impl NewBlock {
    pub(super) fn encode(self) -> Result<Encoded, FileError> {
        let received = || self.segments.iter().map(|row| row.received.0);
        let record = BlockRecord {
            number: 0,
            lineage: self.lineage,
            from: self.from.bits(),
            up_to: self.up_to.bits(),
            documents: self.segments.len() as u64,
            traces: self.traces.len() as u64,
            bytes: 0,
            first_received: received().min().unwrap_or(i64::MAX),
            last_received: received().max().unwrap_or(i64::MIN),
            rollups: false,
        };
        let (mut segments, mut traces) = (Vec::new(), Vec::new());
        let mut writer = SegmentsWriter::new(&mut segments)?;
        for row in self.segments {
            writer.push(row)?;
        }
        writer.finish(&self.model)?;
        let mut writer = TracesWriter::new(&mut traces)?;
        for row in self.traces {
            writer.push(row)?;
        }
        writer.finish()?;
        let rollups = self.rollups.map(|mut rollups| {
            rollups.settle();
            Bytes::from(rollups.encode())
        });
        Ok(Encoded {
            record,
            segments,
            traces,
            rollups,
        })
    }
}
