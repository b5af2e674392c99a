//! Reading frames out of files, past damage.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};

use super::disk::{Disk, File};
use super::format::{self, Decoder, FILE_HEADER, FRAME_HEADER, FRAME_MAGIC, FrameHeader};
use super::{Chunk, Extent, LogError, Position, Record};

/// What is read first of a frame: with typical documents all of it.
const FIRST_READ: usize = 32 << 10;

/// How much is searched at a time for the next sound frame.
const SEARCH_WINDOW: usize = 1 << 20;

/// What cannot be read is passed over in steps of so many bytes of the file: no disk has smaller places that fail.
const UNREADABLE_STEP: u64 = 4 << 10;

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
    /// Held while files are removed.
    pub(super) releasing: Mutex<()>,
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
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(super) fn frame(&self, offset: u64, limit: u64) -> Result<Option<Frame>, LogError> {
        let in_file = offset - self.first;
        let available = usize::try_from(limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; FIRST_READ.min(available)];
        let read = self.read(&mut bytes, in_file)?;
        bytes.truncate(read);
        self.fill(&mut bytes, FRAME_HEADER.min(available), in_file)?;
        let Some(header) = FrameHeader::read(&bytes, offset) else {
            return Ok(None);
        };
        let length = FRAME_HEADER + header.stored;
        if length > available {
            return Ok(None);
        }
        self.fill(&mut bytes, length, in_file)?;
        bytes.truncate(length);
        let body = bytes.split_off(FRAME_HEADER);
        Ok(header.vouches_for(&body).then_some(Frame {
            offset,
            header,
            body,
        }))
    }

    /// The first sound frame that begins at `from` or later and ends at `limit` or before, past what cannot be read.
    ///
    /// # Errors
    ///
    /// When none was found, and something could not be read.
    pub(super) fn next_frame(&self, from: u64, limit: u64) -> Result<Option<Frame>, LogError> {
        let mut at = from;
        let mut unreadable = None;
        while at < limit {
            let in_file = at - self.first;
            let length = usize::try_from(limit - at).unwrap_or(usize::MAX);
            let mut window = vec![0; SEARCH_WINDOW.min(length)];
            let read = match self.read(&mut window, in_file) {
                Ok(read) => read,
                Err(error) => {
                    unreadable.get_or_insert(error);
                    at = self.first + (in_file / UNREADABLE_STEP + 1) * UNREADABLE_STEP;
                    continue;
                }
            };
            window.truncate(read);
            let candidates = window
                .windows(FRAME_MAGIC.len())
                .enumerate()
                .filter(|(_, bytes)| bytes == FRAME_MAGIC)
                .map(|(index, _)| at + index as u64);
            for candidate in candidates {
                match self.frame(candidate, limit) {
                    Ok(Some(frame)) => return Ok(Some(frame)),
                    Ok(None) => {}
                    Err(error) => {
                        unreadable.get_or_insert(error);
                    }
                }
            }
            if read == 0 || read == length {
                break;
            }
            // Keep the last bytes: a magic may lie across the edge.
            at += read.saturating_sub(FRAME_MAGIC.len() - 1).max(1) as u64;
        }
        unreadable.map_or(Ok(None), Err)
    }

    /// Reads on until there are so many `bytes` of those that begin at `in_file`, or the file ends.
    fn fill(&self, bytes: &mut Vec<u8>, length: usize, in_file: u64) -> Result<(), LogError> {
        while bytes.len() < length {
            let had = bytes.len();
            bytes.resize(length, 0);
            let more = self.read(&mut bytes[had..], in_file + had as u64)?;
            bytes.truncate(had + more);
            if more == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads what can be read from there on; tries twice before it says that nothing can.
    fn read(&self, into: &mut [u8], in_file: u64) -> Result<usize, LogError> {
        self.file
            .read_full_at(into, in_file)
            .or_else(|_| self.file.read_full_at(into, in_file))
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
            releasing: Mutex::default(),
            damaged: Mutex::default(),
        }
    }

    /// Notes and reports a damaged place, once; with the error, if it is one that cannot even be read.
    pub(super) fn report(&self, piece: &Piece, from: u64, to: u64, why: Option<&LogError>) {
        if self.damaged.lock().insert(from) {
            tracing::error!(
                error = why.map(|why| why as &dyn std::error::Error),
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
                open = Some((offset, self.records_at(&mut decoder, offset)));
            }
            if let Some((_, records)) = &open {
                // A copy: the document lies in its inflated frame, which must not stay for it.
                found[at] = records.get(index).map(|record| Record {
                    document: Bytes::copy_from_slice(&record.document),
                    ..*record
                });
            }
        }
        Ok(found)
    }

    /// The records of the frame at `offset`; none when it was released or is damaged.
    fn records_at(&self, decoder: &mut Decoder, offset: u64) -> Vec<Record> {
        let Some(piece) = self.piece_of(offset) else {
            return Vec::new();
        };
        let frame = piece.frame(offset, piece.end());
        let records = frame.and_then(|frame| match frame {
            Some(frame) => frame.records(decoder, &piece).map(Some),
            None => Ok(None),
        });
        match records {
            Ok(Some(records)) => records,
            Ok(None) => {
                self.report(&piece, offset, offset, None);
                Vec::new()
            }
            Err(error) => {
                self.report(&piece, offset, offset, Some(&error));
                Vec::new()
            }
        }
    }

    pub(super) fn scan(&self, from: Position, bytes: usize) -> Result<Chunk, LogError> {
        let bytes = bytes.max(1);
        let (mut offset, mut skip) = format::place(from);
        let mut decoder = decoder()?;
        let mut records = Vec::new();
        let (mut read, mut unread) = (0, None);
        while let Some(piece) = self.piece_at_or_after(offset) {
            let end = piece.end();
            offset = offset.max(piece.first + FILE_HEADER as u64);
            while offset < end && read < bytes {
                let frame = match piece.frame(offset, end) {
                    Ok(Some(frame)) => frame,
                    missing => {
                        let why = missing.err();
                        let next = piece.next_frame(offset + 1, end).unwrap_or_default();
                        let resumed = next.as_ref().map_or(end, |frame| frame.offset);
                        self.report(&piece, offset, resumed, why.as_ref());
                        unread = unread.or(why);
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
                let decoded = frame.records(&mut decoder, &piece).unwrap_or_else(|error| {
                    self.report(&piece, frame.offset, frame.end(), Some(&error));
                    Vec::new()
                });
                for (index, record) in (0u16..).zip(decoded).skip(skip) {
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
            unread,
        })
    }

    pub(super) fn extent(&self) -> Extent {
        let pieces = self.by_first.read();
        let first = pieces.first_key_value().map_or(0, |(first, _)| *first);
        let end = pieces.last_key_value().map_or(0, |(_, last)| last.end());
        Extent {
            first: format::position(first, 0),
            end: format::position(end, 0),
            bytes: pieces.values().map(|piece| piece.end() - piece.first).sum(),
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
