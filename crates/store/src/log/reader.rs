//! Reading frames out of files, past damage.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::disk::{Disk, File};
use super::format::{self, Decoder, FILE_HEADER, FRAME_HEADER, FRAME_MAGIC, FrameHeader};
use super::{Chunk, Extent, LogError, Position, Record};

/// What is read first of a frame: with typical documents all of it.
const FIRST_READ: usize = 32 << 10;

/// How much is searched at a time for the next sound frame.
const SEARCH_WINDOW: usize = 1 << 20;

/// One file of the log.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) name: String,
    pub(super) file: Arc<dyn File>,
    /// The offset of the file's first byte.
    pub(super) first: u64,
    /// One past the offset of its last durable byte. Grows only, and only in the last piece.
    end: AtomicU64,
}

/// A frame that its checksum vouches for.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) offset: u64,
    pub(super) header: FrameHeader,
    body: Vec<u8>,
}

/// What the writer and all readers share.
#[derive(Debug)]
pub(super) struct Pieces {
    pub(super) disk: Arc<dyn Disk>,
    /// By first offset, without gaps.
    pub(super) by_first: RwLock<BTreeMap<u64, Arc<Piece>>>,
    damaged: Mutex<HashSet<u64>>,
}

// === impl Piece ===

impl Piece {
    pub(super) fn new(name: String, file: Arc<dyn File>, first: u64, end: u64) -> Self {
        Self {
            name,
            file,
            first,
            end: AtomicU64::new(end),
        }
    }

    pub(super) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// Makes everything below `end` readable; it must be durable.
    pub(super) fn grow_to(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// The frame at `offset` if a sound one lies there and ends at `limit` or before.
    pub(super) fn frame(&self, offset: u64, limit: u64) -> Result<Option<Frame>, LogError> {
        let in_file = offset - self.first;
        let available = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; FIRST_READ.min(available)];
        let read = self.read(&mut bytes, in_file)?;
        bytes.truncate(read);
        let Some(header) = FrameHeader::read(&bytes, offset) else {
            return Ok(None);
        };
        let length = FRAME_HEADER + header.stored;
        if length > available {
            return Ok(None);
        }
        if bytes.len() < length {
            let had = bytes.len();
            bytes.resize(length, 0);
            let more = self.read(&mut bytes[had..], in_file + had as u64)?;
            bytes.truncate(had + more);
        }
        bytes.truncate(length);
        let body = bytes.split_off(FRAME_HEADER);
        Ok(header.vouches_for(&body).then_some(Frame {
            offset,
            header,
            body,
        }))
    }

    /// The first sound frame that begins at `from` or later and ends at `limit` or before.
    pub(super) fn next_frame(&self, from: u64, limit: u64) -> Result<Option<Frame>, LogError> {
        let mut at = from;
        while at < limit {
            let mut window = vec![0; SEARCH_WINDOW];
            let read = self.read(&mut window, at - self.first)?;
            window.truncate(read);
            let candidates = window
                .windows(FRAME_MAGIC.len())
                .enumerate()
                .filter(|(_, bytes)| bytes == FRAME_MAGIC)
                .map(|(index, _)| at + index as u64);
            for candidate in candidates {
                if let Some(frame) = self.frame(candidate, limit)? {
                    return Ok(Some(frame));
                }
            }
            if read < SEARCH_WINDOW {
                break;
            }
            // Keep the last bytes: a magic may lie across the edge.
            at += (read - (FRAME_MAGIC.len() - 1)) as u64;
        }
        Ok(None)
    }

    fn read(&self, into: &mut [u8], in_file: u64) -> Result<usize, LogError> {
        self.file
            .read_full_at(into, in_file)
            .map_err(|source| LogError::disk(format!("read log file {}", self.name), source))
    }
}

// === impl Frame ===

impl Frame {
    pub(super) fn end(&self) -> u64 {
        self.offset + self.header.length()
    }

    fn records(&self, decoder: &mut Decoder, piece: &Piece) -> Result<Vec<Record>, LogError> {
        self.header.records(decoder, &self.body).map_err(|source| {
            LogError::disk(
                format!("decode frame {} of log file {}", self.offset, piece.name),
                source,
            )
        })
    }
}

// === impl Pieces ===

impl Pieces {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            by_first: RwLock::default(),
            damaged: Mutex::default(),
        }
    }

    /// Notes and reports a damaged place, once.
    pub(super) fn report(&self, piece: &Piece, from: u64, to: u64) {
        if self.damaged.lock().insert(from) {
            tracing::error!(
                file = piece.name,
                at = from - piece.first,
                bytes = to - from,
                "log is damaged; what lay there is lost"
            );
        }
    }

    pub(super) fn read(&self, positions: &[Position]) -> Result<Vec<Option<Record>>, LogError> {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_unstable_by_key(|&at| positions[at]);
        let mut found = vec![None; positions.len()];
        let mut decoder = decoder()?;
        let mut open: Option<(u64, Vec<Record>)> = None;
        for at in order {
            let (offset, index) = format::place(positions[at]);
            if open.as_ref().is_none_or(|(frame, _)| *frame != offset) {
                open = Some((offset, self.records_at(&mut decoder, offset)?));
            }
            if let Some((_, records)) = &open {
                found[at] = records.get(index).cloned();
            }
        }
        Ok(found)
    }

    /// The records of the frame at `offset`; none when it was released or is damaged.
    fn records_at(&self, decoder: &mut Decoder, offset: u64) -> Result<Vec<Record>, LogError> {
        let Some(piece) = self.piece_of(offset) else {
            return Ok(Vec::new());
        };
        match piece.frame(offset, piece.end())? {
            Some(frame) => frame.records(decoder, &piece),
            None => {
                self.report(&piece, offset, offset);
                Ok(Vec::new())
            }
        }
    }

    pub(super) fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        let bytes = bytes.max(1);
        let (mut offset, mut skip) = format::place(from);
        let mut decoder = decoder()?;
        let mut records = Vec::new();
        let mut read = 0;
        while let Some(piece) = self.piece_at_or_after(offset) {
            let end = piece.end();
            offset = offset.max(piece.first + FILE_HEADER as u64);
            while offset < end && read < bytes {
                let frame = match piece.frame(offset, end)? {
                    Some(frame) => frame,
                    None => {
                        let next = piece.next_frame(offset + 1, end)?;
                        let resumed = next.as_ref().map_or(end, |frame| frame.offset);
                        self.report(&piece, offset, resumed);
                        skip = 0;
                        match next {
                            Some(frame) => frame,
                            None => {
                                offset = end;
                                break;
                            }
                        }
                    }
                };
                for (index, record) in (0u16..)
                    .zip(frame.records(&mut decoder, &piece)?)
                    .skip(skip)
                {
                    read += record.document.len();
                    records.push((format::position(frame.offset, index), record));
                }
                skip = 0;
                offset = frame.end();
            }
            if read >= bytes {
                break;
            }
        }
        let more = self.piece_at_or_after(offset).is_some();
        Ok(Chunk {
            records,
            next: more.then(|| format::position(offset, 0)),
        })
    }

    pub(super) fn extent(&self) -> Extent {
        let pieces = self.by_first.read();
        let first = pieces.first_key_value().map_or(0, |(first, _)| *first);
        let end = pieces.last_key_value().map_or(0, |(_, last)| last.end());
        Extent {
            first: format::position(first, 0),
            end: format::position(end, 0),
            bytes: end - first,
            oldest_ends: pieces
                .keys()
                .nth(1)
                .map(|&second| format::position(second, 0)),
            damaged: self.damaged.lock().len() as u64,
        }
    }

    fn piece_of(&self, offset: u64) -> Option<Arc<Piece>> {
        let pieces = self.by_first.read();
        let (_, piece) = pieces.range(..=offset).next_back()?;
        (offset < piece.end()).then(|| Arc::clone(piece))
    }

    /// The piece that has something at `offset`, or the first after it.
    fn piece_at_or_after(&self, offset: u64) -> Option<Arc<Piece>> {
        let pieces = self.by_first.read();
        let holds_more =
            |piece: &&Arc<Piece>| offset.max(piece.first + FILE_HEADER as u64) < piece.end();
        let before = pieces.range(..=offset).next_back().map(|(_, piece)| piece);
        before
            .filter(holds_more)
            .or_else(|| {
                pieces
                    .range(offset..)
                    .map(|(_, piece)| piece)
                    .find(holds_more)
            })
            .map(Arc::clone)
    }
}

fn decoder() -> Result<Decoder, LogError> {
    Decoder::new().map_err(|source| LogError::disk("start zstd", source))
}
