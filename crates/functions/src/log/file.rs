//! A function's log on disk: two files of lines, of which the older one goes when the newer one is full.
//!
//! A line is one event as JSON. Nothing is synced: what was written survives the end of the process, however it comes,
//! and a power cut may take the last seconds.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use serde::{Deserialize, Serialize};

use super::LogEvent;

/// A file that is at least this long is full. Both together bound what a function's log takes.
const FILE_BYTES: u64 = 8 << 20;
const NEWER: &str = "newer.jsonl";
const OLDER: &str = "older.jsonl";
/// Where the last line is looked for first.
const TAIL_BYTES: u64 = 64 << 10;

/// The files of one function, open for writing.
#[derive(Debug)]
pub(super) struct LogFile {
    directory: PathBuf,
    newer: File,
    bytes: u64,
    file_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Line<'a> {
    sequence: u64,
    at_micros: i64,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    request_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceId>,
}

// === impl LogFile ===

impl LogFile {
    /// Opens or makes the files, and says which event was written last (0 for none). A line that was cut off by the
    /// end of the process is removed.
    pub(super) fn open(directory: &Path) -> io::Result<(Self, u64)> {
        Self::open_with(directory, FILE_BYTES)
    }

    fn open_with(directory: &Path, file_bytes: u64) -> io::Result<(Self, u64)> {
        fs::create_dir_all(directory)?;
        let mut newer = open_for_append(directory)?;
        let bytes = cut_torn_line(&mut newer)?;
        let mut last = last_sequence(&mut newer)?;
        if last == 0
            && let Ok(mut older) = File::open(directory.join(OLDER))
        {
            last = last_sequence(&mut older)?;
        }
        let file = Self {
            directory: directory.to_owned(),
            newer,
            bytes,
            file_bytes,
        };
        Ok((file, last))
    }

    /// Writes events. Blocks.
    pub(super) fn append(&mut self, events: &[LogEvent]) -> io::Result<()> {
        if self.bytes >= self.file_bytes {
            fs::rename(self.directory.join(NEWER), self.directory.join(OLDER))?;
            self.newer = open_for_append(&self.directory)?;
            self.bytes = 0;
        }
        let mut text = Vec::new();
        for event in events {
            serde_json::to_writer(&mut text, &Line::from(event))?;
            text.push(b'\n');
        }
        let written = self.newer.write_all(&text);
        if written.is_err() {
            // Half a line would spoil the next one.
            self.newer.set_len(self.bytes)?;
        } else {
            self.bytes += text.len() as u64;
        }
        written
    }
}

fn open_for_append(directory: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .append(true)
        .create(true)
        .open(directory.join(NEWER))
}

/// Removes what follows the last line feed; how long the file is then.
fn cut_torn_line(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut kept = length;
    let mut block = [0; 4096];
    while kept > 0 {
        let from = kept.saturating_sub(block.len() as u64);
        let block = &mut block[..usize::try_from(kept - from).unwrap_or(0)];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(block)?;
        match block.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => {
                kept = from + at as u64 + 1;
                break;
            }
            None => kept = from,
        }
    }
    if kept < length {
        file.set_len(kept)?;
    }
    Ok(kept)
}

/// The sequence number of the last whole line; 0 when there is none.
fn last_sequence(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    // A line may be longer than the tail; then all of it is read.
    for from in [length.saturating_sub(TAIL_BYTES), 0] {
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.take(length - from).read_to_end(&mut tail)?;
        let lines = tail.split(|byte| *byte == b'\n');
        // The first one may have begun before the tail.
        let last = lines
            .skip(usize::from(from > 0))
            .filter_map(|line| serde_json::from_slice::<Line<'_>>(line).ok())
            .last();
        if let Some(last) = last {
            return Ok(last.sequence);
        }
    }
    Ok(0)
}

/// Up to `limit` events between these sequence numbers, neither included, of one trace or of all. Blocks.
pub(super) fn read(
    directory: &Path,
    (after, before): (u64, u64),
    trace: Option<TraceId>,
    limit: usize,
) -> io::Result<Vec<LogEvent>> {
    // The newer one first: should it become the older one in between, it is seen twice and never missed.
    let newer = File::open(directory.join(NEWER));
    let older = File::open(directory.join(OLDER));
    let mut found: Vec<LogEvent> = Vec::new();
    let mut seen = after;
    for file in [older, newer] {
        let file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut lines = BufReader::new(file);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            // The last one may be half written yet.
            if let Ok(line) = serde_json::from_slice::<Line<'_>>(&line)
                && line.sequence > seen
                && line.sequence < before
            {
                seen = line.sequence;
                if trace.is_none() || line.trace == trace {
                    if found.len() == limit {
                        return Ok(found);
                    }
                    found.push(line.into());
                }
            }
            line.clear();
        }
    }
    Ok(found)
}

// === impl Line ===

impl<'a> From<&'a LogEvent> for Line<'a> {
    fn from(event: &'a LogEvent) -> Self {
        Self {
            sequence: event.sequence,
            at_micros: event.at.0,
            message: event.message.as_str().into(),
            stream: (&*event.stream).into(),
            request_id: event.request_id.as_deref().map(Cow::from),
            trace: event.trace,
        }
    }
}

impl From<Line<'_>> for LogEvent {
    fn from(line: Line<'_>) -> Self {
        Self {
            sequence: line.sequence,
            at: TimestampMicros(line.at_micros),
            message: line.message.into_owned(),
            stream: line.stream.into(),
            request_id: line.request_id.map(Arc::from),
            trace: line.trace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64) -> LogEvent {
        LogEvent {
            sequence,
            at: TimestampMicros(7),
            message: format!("line {sequence} with \"quotes\"\nand two lines\n"),
            stream: "s".into(),
            request_id: Some("r".into()),
            trace: Some(TraceId::from_bits(u128::from(sequence % 2))),
        }
    }

    #[test]
    fn events_come_back_after_reopening_and_a_torn_line_goes() {
        let directory = tempfile::tempdir().unwrap();
        let (mut file, last) = LogFile::open(directory.path()).unwrap();
        assert_eq!(last, 0);
        file.append(&[event(1), event(2)]).unwrap();
        file.newer.write_all(b"{\"sequence\":3,\"at_mi").unwrap();
        drop(file);
        let (mut file, last) = LogFile::open(directory.path()).unwrap();
        assert_eq!(last, 2);
        file.append(&[event(3)]).unwrap();
        let all = read(directory.path(), (0, 100), None, 100).unwrap();
        assert_eq!(all, [event(1), event(2), event(3)]);
        let some = read(directory.path(), (0, 3), Some(TraceId::from_bits(0)), 100).unwrap();
        assert_eq!(some, [event(2)]);
        assert_eq!(
            read(directory.path(), (0, 100), None, 1).unwrap(),
            [event(1)]
        );
    }

    #[test]
    fn two_files_bound_what_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (mut file, _) = LogFile::open_with(directory.path(), 1_000).unwrap();
        for sequence in 1..=100 {
            file.append(&[event(sequence)]).unwrap();
        }
        let kept = read(directory.path(), (0, 1_000), None, 1_000).unwrap();
        assert!(kept.len() < 30, "{}", kept.len());
        assert_eq!(kept.last(), Some(&event(100)));
        assert!(
            kept.windows(2)
                .all(|pair| pair[0].sequence + 1 == pair[1].sequence)
        );
        drop(file);
        let (_, last) = LogFile::open_with(directory.path(), 1_000).unwrap();
        assert_eq!(last, 100);
    }

    #[test]
    fn a_last_line_longer_than_the_tail_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (mut file, _) = LogFile::open(directory.path()).unwrap();
        let mut long = event(9);
        long.message = "x".repeat(200_000);
        file.append(&[long]).unwrap();
        drop(file);
        assert_eq!(LogFile::open(directory.path()).unwrap().1, 9);
    }
}
