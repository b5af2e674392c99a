//! The in-memory twin: for tests, and the measure that the engine is held against.

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::{Chunk, Extent, LARGEST_DOCUMENT, Log, LogError, Position, Record};

/// A log that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryLog {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    end: u64,
    bytes: u64,
    records: BTreeMap<u64, Record>,
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        let too_large = |record: &&Record| record.document.len() > LARGEST_DOCUMENT;
        if let Some(record) = records.iter().find(too_large) {
            return Err(LogError::TooLarge {
                bytes: record.document.len(),
            });
        }
        let mut held = self.held.lock();
        let mut positions = Vec::with_capacity(records.len());
        for record in records {
            let position = held.end;
            held.end += 1;
            held.bytes += record.document.len() as u64;
            held.records.insert(position, record);
            positions.push(Position(position));
        }
        Ok(positions)
    }

    async fn append_first(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        // Nobody waits here.
        self.append(records).await
    }

    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        let held = self.held.lock();
        Ok(positions
            .iter()
            .map(|position| held.records.get(&position.0).cloned())
            .collect())
    }

    async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        let held = self.held.lock();
        let mut records = Vec::new();
        let mut read = 0;
        for (&position, record) in held.records.range(from.0..) {
            if read >= bytes && !records.is_empty() {
                return Ok(Chunk {
                    records,
                    next: Some(Position(position)),
                    unread: None,
                });
            }
            read += record.document.len();
            records.push((Position(position), record.clone()));
        }
        Ok(Chunk {
            records,
            next: None,
            unread: None,
        })
    }

    async fn release(&self, up_to: Position) -> Result<(), LogError> {
        let mut held = self.held.lock();
        let kept = held.records.split_off(&up_to.0);
        held.records = kept;
        held.bytes = held
            .records
            .values()
            .map(|record| record.document.len() as u64)
            .sum();
        Ok(())
    }

    fn extent(&self) -> Extent {
        let held = self.held.lock();
        let first = held.records.keys().next().copied().unwrap_or(held.end);
        Extent {
            first: Position(first),
            end: Position(held.end),
            bytes: held.bytes,
            oldest_ends: (first < held.end).then_some(Position(first + 1)),
            damaged: 0,
        }
    }
}
