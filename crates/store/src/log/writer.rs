//! The one thread that writes: it gathers what is waiting, writes it, syncs once, answers all.

use std::sync::Arc;

use super::format::{self, Encoder, FILE_HEADER};
use super::reader::{Piece, Pieces};
use super::recovery::name_of;
use super::waiting::{Request, Waiting};
use super::{LogError, Position};

#[derive(Debug)]
pub(super) struct Writer {
    pieces: Arc<Pieces>,
    encoder: Encoder,
    file_target: u64,
    frames: Vec<u8>,
    /// The last piece can take no more, though it is not full: what follows its durable end is in doubt.
    spoilt: bool,
}

/// Says that nobody writes any more.
struct Gone<'a>(&'a Waiting);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(pieces: Arc<Pieces>, file_target: u64) -> Result<Self, LogError> {
        Ok(Self {
            pieces,
            encoder: Encoder::new().map_err(|source| LogError::disk("start zstd", source))?,
            file_target,
            frames: Vec::new(),
            spoilt: false,
        })
    }

    /// Serves requests until nobody can send any more.
    pub(super) fn run(mut self, waiting: &Waiting) {
        // However this thread ends, nobody waits for it afterwards.
        let _gone = Gone(waiting);
        while let Some(group) = waiting.next_group() {
            self.serve(group);
        }
    }

    fn serve(&mut self, group: Vec<Request>) {
        let written = self.write(&group);
        let mut positions = match written {
            Ok(positions) => positions.into_iter(),
            Err(error) => {
                for request in group {
                    answer(request, Err(error.clone()));
                }
                return;
            }
        };
        for request in group {
            let own = positions.by_ref().take(request.records.len()).collect();
            answer(request, Ok(own));
        }
    }

    /// Makes all records of the group durable and returns their positions in order.
    fn write(&mut self, group: &[Request]) -> Result<Vec<Position>, LogError> {
        let positions = self.write_records(group)?;
        let is_wanted = group.iter().any(|request| request.records.is_empty());
        if is_wanted {
            self.begin_file()?;
        }
        Ok(positions)
    }

    /// Begins a new file, unless the last has nothing yet.
    fn begin_file(&mut self) -> Result<(), LogError> {
        let last = self.last_piece()?;
        if last.end() > last.first + FILE_HEADER as u64 {
            self.new_piece(last.end())?;
        }
        Ok(())
    }

    fn write_records(&mut self, group: &[Request]) -> Result<Vec<Position>, LogError> {
        let piece = self.last_piece()?;
        let start = piece.end();
        let positions = self.encode(group, start)?;
        if self.frames.is_empty() {
            return Ok(positions);
        }
        if let Err(source) = piece.file.write_all_at(&self.frames, start - piece.first) {
            // Give back the room that the part written takes; if not even that works, go on in another file.
            self.spoilt = piece.file.truncate(start - piece.first).is_err();
            let attempt = format!("write log file {}", piece.name);
            return Err(LogError::disk(attempt, source));
        }
        if let Err(source) = piece.file.sync() {
            // The kernel may have dropped the pages and forgotten the error: a second sync would prove nothing.
            self.spoilt = true;
            return Err(LogError::disk(
                format!("sync log file {}", piece.name),
                source,
            ));
        }
        piece.grow_to(start + self.frames.len() as u64);
        Ok(positions)
    }

    fn encode(&mut self, group: &[Request], start: u64) -> Result<Vec<Position>, LogError> {
        self.frames.clear();
        self.encoder.clear();
        let mut positions = Vec::new();
        for record in group.iter().flat_map(|request| &request.records) {
            if self.encoder.is_full() {
                self.finish_frame(start)?;
            }
            let frame = start + self.frames.len() as u64;
            positions.push(format::position(frame, self.encoder.push(record)));
        }
        if !self.encoder.is_empty() {
            self.finish_frame(start)?;
        }
        Ok(positions)
    }

    fn finish_frame(&mut self, group: u64) -> Result<(), LogError> {
        let offset = group + self.frames.len() as u64;
        self.encoder
            .finish(offset, group, &mut self.frames)
            .map_err(|source| LogError::disk("compress a frame of the log", source))
    }

    /// The piece to append to: a new one when there is none, or the last is full or spoilt.
    fn last_piece(&mut self) -> Result<Arc<Piece>, LogError> {
        let last = self
            .pieces
            .by_first
            .read()
            .last_key_value()
            .map(|(_, piece)| Arc::clone(piece));
        let Some(last) = last else {
            return self.new_piece(0);
        };
        if !self.spoilt && last.end() - last.first < self.file_target {
            return Ok(last);
        }
        if last.end() > last.first + FILE_HEADER as u64 {
            return self.new_piece(last.end());
        }
        // Nothing durable in it, and a new one would have its name: begin it anew.
        last.file
            .truncate(FILE_HEADER as u64)
            .and_then(|()| last.file.write_all_at(&format::file_header(last.first), 0))
            .and_then(|()| last.file.sync())
            .map_err(|source| {
                LogError::disk(format!("begin log file {} anew", last.name), source)
            })?;
        self.spoilt = false;
        Ok(last)
    }

    fn new_piece(&mut self, first: u64) -> Result<Arc<Piece>, LogError> {
        let name = name_of(first);
        let disk = &self.pieces.disk;
        let made = disk.create(&name).and_then(|file| {
            file.write_all_at(&format::file_header(first), 0)?;
            file.sync()?;
            disk.sync()?;
            Ok(file)
        });
        let file = match made {
            Ok(file) => file,
            Err(source) => {
                // Also one that was there: it could not be removed when it was made.
                remove_half_made(&**disk, &name);
                return Err(LogError::disk(format!("create log file {name}"), source));
            }
        };
        let piece = Arc::new(Piece::new(name, file, first, first + FILE_HEADER as u64));
        self.pieces
            .by_first
            .write()
            .insert(first, Arc::clone(&piece));
        self.spoilt = false;
        Ok(piece)
    }
}

fn remove_half_made(disk: &dyn super::disk::Disk, name: &str) {
    match disk.remove(name) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(file = name, %error, "cannot remove a half made log file"),
    }
}

fn answer(request: Request, result: Result<Vec<Position>, LogError>) {
    // Who asked may have gone away; the records are durable all the same.
    request.answer.send(result).ok();
}
