//! Opening a log after whatever happened to it.
//!
//! Only the end of the last file can be torn: everything before was synced before it was acknowledged. What is wrong
//! elsewhere is damage; it is reported, passed over, and never served. Damage to the last group cannot be told from a
//! torn write, and is cut off as one.

use std::sync::Arc;

use super::LogError;
use super::disk::{Disk, File};
use super::format::{self, FILE_HEADER, HeaderFault};
use super::reader::{Piece, Pieces};

/// A file's name: its first offset in hex, so that names sort as offsets do.
pub(super) fn name_of(first: u64) -> String {
    format!("{first:016x}.log")
}

/// Opens all files of the log, cuts off a torn end, and makes durable what is left.
pub(super) fn open(disk: Arc<dyn Disk>) -> Result<Pieces, LogError> {
    let pieces = Pieces::new(disk);
    let firsts = file_names(&*pieces.disk)?;
    // A process that was killed may have left files whose names are not durable yet, and what is appended to one now will
    // count as durable.
    pieces
        .disk
        .sync()
        .map_err(|source| LogError::disk("sync the log's directory", source))?;
    for (index, &first) in firsts.iter().enumerate() {
        let next = firsts.get(index + 1).copied();
        if let Some(piece) = open_file(&pieces, first, next)? {
            pieces.by_first.write().insert(first, Arc::new(piece));
        }
    }
    Ok(pieces)
}

fn file_names(disk: &dyn Disk) -> Result<Vec<u64>, LogError> {
    let names = disk
        .list()
        .map_err(|source| LogError::disk("list the log's files", source))?;
    let mut firsts: Vec<u64> = names.iter().filter_map(|name| first_of(name)).collect();
    firsts.sort_unstable();
    Ok(firsts)
}

fn first_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".log")?;
    let first = u64::from_str_radix(digits, 16).ok()?;
    (name_of(first) == name).then_some(first)
}

/// Opens the file that begins at `first`. `next` is where the next one begins; without one it is the last.
fn open_file(pieces: &Pieces, first: u64, next: Option<u64>) -> Result<Option<Piece>, LogError> {
    let name = name_of(first);
    let attempt = |what: &str| format!("{what} log file {name}");
    let file = pieces
        .disk
        .open(&name)
        .map_err(|source| LogError::disk(attempt("open"), source))?;
    let length = file
        .length()
        .map_err(|source| LogError::disk(attempt("measure"), source))?;
    let header = check_header(&*file, &name, first)?;
    if let Some(next) = next {
        // What lies beyond the next file's beginning was written but never acknowledged; what is missing before it, a
        // file perhaps, is lost.
        let end = next.min(first + length);
        let piece = Piece::new(name, file, first, end);
        if end < next {
            pieces.report(&piece, end, next, None);
        }
        if header.is_err() {
            pieces.report(&piece, first, first + FILE_HEADER as u64, None);
        }
        return Ok(Some(piece));
    }
    let piece = Piece::new(name, file, first, first + length);
    let start = first + FILE_HEADER as u64;
    let end = end_of_last(pieces, &piece, start, first + length)?;
    if header.is_err() {
        if end == start {
            // Its header is synced before anything is written to it: nothing was.
            pieces
                .disk
                .remove(&piece.name)
                .and_then(|()| pieces.disk.sync())
                .map_err(|source| LogError::disk(attempt_on("remove", &piece), source))?;
            return Ok(None);
        }
        pieces.report(&piece, first, start, None);
    }
    // Also when nothing was torn: a process that was killed may have left frames that are not durable yet, and the
    // next group's frames will say that they are.
    let torn = first + length - end;
    let mended = if torn > 0 {
        piece.file.truncate(end - first)
    } else {
        Ok(())
    };
    mended
        .and_then(|()| piece.file.sync())
        .map_err(|source| LogError::disk(attempt_on("mend", &piece), source))?;
    if torn > 0 {
        tracing::warn!(
            file = piece.name,
            bytes = torn,
            "cut off the log's end, which is not whole: a write that was not acknowledged, or the last that was, damaged"
        );
    }
    Ok(Some(Piece::new(piece.name, piece.file, first, end)))
}

fn attempt_on(what: &str, piece: &Piece) -> String {
    format!("{what} log file {}", piece.name)
}

/// Whether the header is sound; an error only for what must stop the start.
fn check_header(file: &dyn File, name: &str, first: u64) -> Result<Result<(), ()>, LogError> {
    let mut header = [0; FILE_HEADER];
    let read = file
        .read_full_at(&mut header, 0)
        .map_err(|source| LogError::disk(format!("read log file {name}"), source))?;
    match format::read_file_header(&header[..read]) {
        Ok(found) if found == first => Ok(Ok(())),
        Ok(_) | Err(HeaderFault::Damaged) => Ok(Err(())),
        Err(HeaderFault::Newer(found)) => Err(LogError::Newer {
            file: name.to_owned(),
            found,
            known: format::VERSION,
        }),
    }
}

/// Walks the last file's frames to where its sound part ends.
fn end_of_last(pieces: &Pieces, piece: &Piece, start: u64, limit: u64) -> Result<u64, LogError> {
    let mut offset = start;
    while offset < limit {
        let why = match piece.frame(offset, limit) {
            Ok(Some(frame)) => {
                offset = frame.end();
                continue;
            }
            Ok(None) => None,
            Err(error) => Some(error),
        };
        match (piece.next_frame(offset + 1, limit)?, why) {
            // A later group was written, so this one had been durable.
            (Some(frame), why) if frame.header.group > offset => {
                pieces.report(piece, offset, frame.offset, why.as_ref());
                offset = frame.end();
            }
            // What cannot be read may be sound: it is not for us to cut it off.
            (_, Some(error)) => return Err(error),
            _ => break,
        }
    }
    Ok(offset.min(limit).max(start))
}
