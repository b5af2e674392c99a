//! The embedded engine: append-only files, one writer thread, group commit.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};

use super::disk::{Directory, Disk};
use super::reader::{Piece, Pieces};
use super::waiting::{Request, Row, Waiting};
use super::writer::Writer;
use super::{Chunk, Extent, LARGEST_DOCUMENT, Log, LogError, Position, Record, format, recovery};

/// What of the log can be chosen.
#[derive(Debug, Clone, Copy)]
pub struct LogSettings {
    /// A file is closed once it is this long, in bytes at rest. Room is given back file by file.
    pub file_bytes: u64,
    /// How many bytes of documents may wait to be written, in each of the two rows; appends beyond wait outside.
    pub queue_bytes: usize,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            file_bytes: 64 << 20,
            queue_bytes: 32 << 20,
        }
    }
}

/// A row's room is counted in units of this many bytes; no request takes less than one.
const ROOM_UNIT: usize = 1 << 10;

/// An append-only log in files.
#[derive(Debug)]
pub struct SegmentedLog {
    pieces: Arc<Pieces>,
    waiting: Arc<Waiting>,
    room_first: Arc<Semaphore>,
    room_second: Arc<Semaphore>,
    room_units: u32,
    writer: Mutex<Option<JoinHandle<()>>>,
}

// === impl SegmentedLog ===

impl SegmentedLog {
    /// Opens the log in this directory, and makes it when it is not there. Reads the last file; blocks meanwhile.
    ///
    /// # Errors
    ///
    /// When another process uses it, a newer version wrote it, or the disk fails. Damage is no error.
    pub fn open(path: &Path, settings: LogSettings) -> Result<Self, LogError> {
        let directory = Directory::open(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::WouldBlock => LogError::InUse,
            _ => LogError::disk(format!("open the log in {}", path.display()), source),
        })?;
        Self::open_on(Arc::new(directory), settings)
    }

    /// Opens the log on any disk.
    ///
    /// # Errors
    ///
    /// As [`SegmentedLog::open`].
    pub fn open_on(disk: Arc<dyn Disk>, settings: LogSettings) -> Result<Self, LogError> {
        let pieces = Arc::new(recovery::open(disk)?);
        let writer = Writer::new(Arc::clone(&pieces), settings.file_bytes)?;
        let waiting = Arc::new(Waiting::default());
        let waited_for = Arc::clone(&waiting);
        let thread = std::thread::Builder::new()
            .name("fluoro-log".to_owned())
            .spawn(move || writer.run(&waited_for))
            .map_err(|source| LogError::disk("start the log's writer", source))?;
        let room_units =
            u32::try_from(settings.queue_bytes.div_ceil(ROOM_UNIT)).unwrap_or(u32::MAX);
        Ok(Self {
            pieces,
            waiting,
            room_first: Arc::new(Semaphore::new(room_units as usize)),
            room_second: Arc::new(Semaphore::new(room_units as usize)),
            room_units,
            writer: Mutex::new(Some(thread)),
        })
    }

    async fn append_in(&self, row: Row, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(record) = records
            .iter()
            .find(|record| record.document.len() > LARGEST_DOCUMENT)
        {
            return Err(LogError::TooLarge {
                bytes: record.document.len(),
            });
        }
        let bytes: usize = records.iter().map(|record| record.document.len()).sum();
        let units = u32::try_from(bytes.div_ceil(ROOM_UNIT))
            .unwrap_or(u32::MAX)
            .clamp(1, self.room_units);
        let room = match row {
            Row::First => &self.room_first,
            Row::Second => &self.room_second,
        };
        let room = Arc::clone(room)
            .acquire_many_owned(units)
            .await
            .map_err(|_| LogError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            records,
            answer,
            _room: room,
        };
        self.waiting.push(row, request)?;
        answered.await.unwrap_or(Err(LogError::Closed))
    }

    /// Has the writer begin a new file, so that all others can go.
    async fn begin_file(&self) -> Result<(), LogError> {
        let room = Arc::clone(&self.room_second).acquire_owned();
        let room = room.await.map_err(|_| LogError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let request = Request {
            records: Vec::new(),
            answer,
            _room: room,
        };
        self.waiting.push(Row::Second, request)?;
        answered.await.unwrap_or(Err(LogError::Closed)).map(drop)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Pieces) -> Result<T, LogError> + Send + 'static,
    ) -> Result<T, LogError> {
        let pieces = Arc::clone(&self.pieces);
        tokio::task::spawn_blocking(move || read(&pieces))
            .await
            .unwrap_or(Err(LogError::Closed))
    }
}

#[async_trait]
impl Log for SegmentedLog {
    async fn append(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.append_in(Row::Second, records).await
    }

    async fn append_first(&self, records: Vec<Record>) -> Result<Vec<Position>, LogError> {
        self.append_in(Row::First, records).await
    }

    async fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        let positions = positions.to_vec();
        self.blocking(move |pieces| pieces.read(&positions)).await
    }

    async fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        self.blocking(move |pieces| pieces.scan(from, bytes)).await
    }

    async fn release(&self, up_to: Position) -> Result<(), LogError> {
        if up_to >= self.extent().end {
            self.begin_file().await?;
        }
        let (up_to, _) = format::place(up_to);
        self.blocking(move |pieces| release(pieces, up_to)).await
    }

    fn extent(&self) -> Extent {
        self.pieces.extent()
    }
}

/// Drops every file that ends at `up_to` or before; never the last, which is being written.
fn release(pieces: &Pieces, up_to: u64) -> Result<(), LogError> {
    // Who releases at the same time must not remove the next one by the name of this one.
    let _releasing = pieces.releasing.lock();
    while let Some(oldest) = oldest_below(pieces, up_to) {
        // One at a time: were two removals pending at a power cut, the older file might come back without the other.
        remove(&*pieces.disk, &oldest.name)
            .and_then(|()| pieces.disk.sync())
            .map_err(|source| LogError::disk(format!("remove log file {}", oldest.name), source))?;
        // Not before: a file that is still there would be a hole's edge after the next start.
        pieces.by_first.write().remove(&oldest.first);
    }
    Ok(())
}

fn oldest_below(pieces: &Pieces, up_to: u64) -> Option<Arc<Piece>> {
    let pieces = pieces.by_first.read();
    let second = *pieces.keys().nth(1)?;
    let (_, oldest) = pieces.first_key_value()?;
    (second <= up_to).then(|| Arc::clone(oldest))
}

/// Removes a file that may have been removed already, when its removal could not be made durable.
fn remove(disk: &dyn Disk, name: &str) -> std::io::Result<()> {
    match disk.remove(name) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

impl Drop for SegmentedLog {
    /// Waits for the writer, at most for the groups in its queue, so that the directory is free afterwards.
    fn drop(&mut self) {
        self.waiting.close();
        if let Some(writer) = self.writer.lock().take()
            && writer.join().is_err()
        {
            tracing::error!("the log's writer panicked");
        }
    }
}
