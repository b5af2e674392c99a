//! What the log's files look like, to the byte. All numbers are little endian.
//!
//! A log is one run of *offsets*, cut into files. A file is a header and then frames without gaps; a frame is a
//! compressed run of records with a checksum.
//!
//! ```text
//! file   = magic "FLUOROLG" | version u16 | 0 u16 | first offset u64 | crc32 of what precedes u32
//! frame  = magic "frm1" | codec u8 | 0 u8 | records u16 | stored length u32 | raw length u32
//!        | offset u64 | group u64 | crc32 of what precedes and of the body u32 | body
//! body   = records, compressed as the codec says
//! record = trace u128 | received u64, µs | length u32 | document
//! ```
//!
//! A file's *first offset* counts its header. *Group* is the offset of the first frame that was made durable by the
//! same sync: all that lies before it was durable when this frame was written. So recovery can tell a torn write,
//! which nobody was promised, from damage to acknowledged records that others followed.

use std::io;

use bytes::Bytes;
use fluoro_model::{TimestampMicros, TraceId};

use super::{LARGEST_DOCUMENT, Position, Record};

/// The version that we write, and the newest that we read. Before 2, every record was a document as it came.
pub(super) const VERSION: u16 = 2;

/// The length of a file's header.
pub(super) const FILE_HEADER: usize = 24;

/// The length of a frame's header.
pub(super) const FRAME_HEADER: usize = 36;

/// A frame is closed once its records are this long, uncompressed. It bounds what one read has to inflate.
pub(super) const FRAME_TARGET: usize = 128 << 10;

/// The longest body of a frame, raw or stored: the target, one record beyond it, and what the codec adds to random
/// bytes. Keeps a damaged header from asking for more memory than that.
const LONGEST_BODY: usize = 2 * LARGEST_DOCUMENT;

const FILE_MAGIC: &[u8; 8] = b"FLUOROLG";
pub(super) const FRAME_MAGIC: &[u8; 4] = b"frm1";
const RECORD_HEADER: usize = 28;
const CODEC_ZSTD: u8 = 1;
const ZSTD_LEVEL: i32 = 1;

/// Bits of a position that number the records of a frame.
const INDEX_BITS: u32 = 16;

/// The position of record `index` of the frame at `offset`.
pub(super) fn position(offset: u64, index: u16) -> Position {
    debug_assert!(offset < 1 << (64 - INDEX_BITS), "a log of 256 TiB");
    Position(offset << INDEX_BITS | u64::from(index))
}

/// The frame's offset and the record's number in it.
pub(super) const fn place(position: Position) -> (u64, usize) {
    (position.0 >> INDEX_BITS, (position.0 & 0xffff) as usize)
}

/// Why a file's header is of no use.
#[derive(Debug)]
pub(super) enum HeaderFault {
    /// Not a header of ours, or cut short.
    Damaged,
    /// Written by a newer version.
    Newer(u16),
}

pub(super) fn file_header(first: u64) -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..8].copy_from_slice(FILE_MAGIC);
    header[8..10].copy_from_slice(&VERSION.to_le_bytes());
    header[12..20].copy_from_slice(&first.to_le_bytes());
    let crc = crc32fast::hash(&header[..20]);
    header[20..].copy_from_slice(&crc.to_le_bytes());
    header
}

/// Checks a file's header and returns its first offset.
pub(super) fn read_file_header(header: &[u8]) -> Result<u64, HeaderFault> {
    if header.len() < FILE_HEADER || &header[..8] != FILE_MAGIC {
        return Err(HeaderFault::Damaged);
    }
    // The version comes before the checksum: a newer format may have another header.
    let version = u16::from_le_bytes([header[8], header[9]]);
    if version > VERSION {
        return Err(HeaderFault::Newer(version));
    }
    if crc32fast::hash(&header[..20]) != u32_at(header, 20) {
        return Err(HeaderFault::Damaged);
    }
    Ok(u64_at(header, 12))
}

/// A frame's header, checked for sense; only the checksum vouches for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameHeader {
    codec: u8,
    pub(super) records: u16,
    pub(super) stored: usize,
    raw: usize,
    pub(super) group: u64,
    crc: u32,
    crc_of_header: u32,
}

impl FrameHeader {
    /// The header of the frame at `offset`, or `None` when there is none.
    pub(super) fn read(bytes: &[u8], offset: u64) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER)?;
        let header = Self {
            codec: bytes[4],
            records: u16::from_le_bytes([bytes[6], bytes[7]]),
            stored: u32_at(bytes, 8) as usize,
            raw: u32_at(bytes, 12) as usize,
            group: u64_at(bytes, 24),
            crc: u32_at(bytes, 32),
            crc_of_header: crc32fast::hash(&bytes[..32]),
        };
        let sound = &bytes[..4] == FRAME_MAGIC
            && u64_at(bytes, 16) == offset
            && header.group <= offset
            && header.records > 0
            && header.stored <= LONGEST_BODY
            && header.raw <= LONGEST_BODY;
        sound.then_some(header)
    }

    /// How long the whole frame is.
    pub(super) fn length(&self) -> u64 {
        (FRAME_HEADER + self.stored) as u64
    }

    /// Whether header and body are as they were written.
    pub(super) fn vouches_for(&self, body: &[u8]) -> bool {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.crc_of_header);
        hasher.update(body);
        body.len() == self.stored && hasher.finalize() == self.crc
    }

    /// The records of a body that the checksum vouches for.
    ///
    /// # Errors
    ///
    /// When the body is not what this version writes.
    pub(super) fn records(&self, decoder: &mut Decoder, body: &[u8]) -> io::Result<Vec<Record>> {
        if self.codec != CODEC_ZSTD {
            return Err(invalid("unknown codec"));
        }
        let raw = Bytes::from(decoder.0.decompress(body, self.raw)?);
        let mut records = Vec::with_capacity(usize::from(self.records));
        let mut at = 0;
        while let Some(head) = raw.get(at..at + RECORD_HEADER) {
            let length = u32_at(head, 24) as usize;
            let from = at + RECORD_HEADER;
            if raw.len() - from < length {
                return Err(invalid("record runs past its frame"));
            }
            records.push(Record {
                trace: TraceId::from_bits(u128::from_le_bytes(array(head, 0))),
                received: TimestampMicros(i64::from_le_bytes(array(head, 16))),
                document: raw.slice(from..from + length),
            });
            at = from + length;
        }
        if at != raw.len() || records.len() != usize::from(self.records) {
            return Err(invalid("frame has another number of records than it says"));
        }
        Ok(records)
    }
}

/// Inflates bodies. Costly to make, so one serves many frames.
pub(super) struct Decoder(zstd::bulk::Decompressor<'static>);

impl Decoder {
    pub(super) fn new() -> io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }
}

/// Makes frames out of records.
pub(super) struct Encoder {
    compressor: zstd::bulk::Compressor<'static>,
    raw: Vec<u8>,
    records: u16,
}

impl Encoder {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL)?,
            raw: Vec::with_capacity(2 * FRAME_TARGET),
            records: 0,
        })
    }

    /// Adds a record to the frame and returns its number.
    pub(super) fn push(&mut self, record: &Record) -> u16 {
        let length = u32::try_from(record.document.len()).expect("documents are bounded");
        self.raw.extend(record.trace.bits().to_le_bytes());
        self.raw.extend(record.received.0.to_le_bytes());
        self.raw.extend(length.to_le_bytes());
        self.raw.extend_from_slice(&record.document);
        self.records += 1;
        self.records - 1
    }

    /// Whether the frame should be closed.
    pub(super) fn is_full(&self) -> bool {
        self.raw.len() >= FRAME_TARGET || self.records == u16::MAX
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Forgets what was pushed.
    pub(super) fn clear(&mut self) {
        self.raw.clear();
        self.records = 0;
    }

    /// Appends the frame, which will lie at `offset`, to `out`, and begins the next.
    pub(super) fn finish(&mut self, offset: u64, group: u64, out: &mut Vec<u8>) -> io::Result<()> {
        let start = out.len();
        let bound = zstd::zstd_safe::compress_bound(self.raw.len());
        out.resize(start + FRAME_HEADER + bound, 0);
        let stored = self
            .compressor
            .compress_to_buffer(&self.raw, &mut out[start + FRAME_HEADER..])?;
        out.truncate(start + FRAME_HEADER + stored);
        let length = |bytes: usize| u32::try_from(bytes).expect("frames are bounded");
        let header = &mut out[start..start + FRAME_HEADER];
        header[..4].copy_from_slice(FRAME_MAGIC);
        header[4] = CODEC_ZSTD;
        header[6..8].copy_from_slice(&self.records.to_le_bytes());
        header[8..12].copy_from_slice(&length(stored).to_le_bytes());
        header[12..16].copy_from_slice(&length(self.raw.len()).to_le_bytes());
        header[16..24].copy_from_slice(&offset.to_le_bytes());
        header[24..32].copy_from_slice(&group.to_le_bytes());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&out[start..start + 32]);
        hasher.update(&out[start + FRAME_HEADER..]);
        out[start + 32..start + FRAME_HEADER].copy_from_slice(&hasher.finalize().to_le_bytes());
        self.clear();
        Ok(())
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder")
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N]
        .try_into()
        .expect("the slice has just that length")
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}
