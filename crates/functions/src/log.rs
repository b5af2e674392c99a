//! What a function wrote, and what Lambda writes around it: the last events of each function.
//!
//! The newest are in memory, where they are followed; a task writes them to files below the data directory, which hold
//! more and outlive us. A reader sees both as one.

pub(crate) mod capture;
mod file;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use fluoro_model::{TimestampMicros, TraceId};
use parking_lot::Mutex;
use tokio::sync::watch;

use file::LogFile;

/// One line, or one record that a runtime client keeps together although it has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Counts from 1 in each function's log, without gaps.
    pub sequence: u64,
    /// When it was read.
    pub at: TimestampMicros,
    /// With its line feed.
    pub message: String,
    /// `YYYY/MM/DD/[$LATEST]{32 hex digits}`: the environment that wrote it.
    pub stream: Arc<str>,
    /// The invocation during which it was written; `None` while the module loaded.
    pub request_id: Option<Arc<str>>,
    /// That invocation's trace.
    pub trace: Option<TraceId>,
}

/// The last events of one function.
#[derive(Debug)]
pub struct FunctionLog {
    kept: Mutex<Kept>,
    last: watch::Sender<u64>,
    disk: Option<OnDisk>,
}

/// The files, as those see them who do not write them.
#[derive(Debug)]
struct OnDisk {
    directory: PathBuf,
    /// The last event that the writer is done with; the writer has the sender.
    written: watch::Receiver<u64>,
    removed: AtomicBool,
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<LogEvent>,
    bytes: usize,
    limit: usize,
    next: u64,
}

/// More than this is not kept in memory, however few events it is.
const BYTES_LIMIT: usize = 16 * 1024 * 1024;

/// Events that are written at once.
const BATCH: usize = 500;

impl FunctionLog {
    /// The log in this directory, with up to `limit` events in memory, going on where it ended. Where the directory
    /// cannot be used, it is in memory alone. Call within a Tokio runtime.
    pub(crate) fn open(directory: &Path, limit: usize) -> Arc<Self> {
        let (file, last) = match LogFile::open(directory) {
            Ok((file, last)) => (Some(file), last),
            Err(error) => {
                let directory = directory.display();
                tracing::warn!(%error, %directory, "a function's log is kept in memory alone");
                (None, 0)
            }
        };
        let (done, written) = watch::channel(last);
        let disk = file.is_some().then(|| OnDisk {
            directory: directory.to_owned(),
            written,
            removed: AtomicBool::new(false),
        });
        let log = Arc::new(Self {
            kept: Mutex::new(Kept {
                events: VecDeque::new(),
                bytes: 0,
                limit: limit.max(1),
                next: last + 1,
            }),
            last: watch::Sender::new(last),
            disk,
        });
        if let Some(file) = file {
            tokio::spawn(write(
                Arc::downgrade(&log),
                log.last.subscribe(),
                file,
                done,
            ));
        }
        log
    }

    /// Up to `limit` events after sequence number `after` (0 for the oldest kept), of one trace or of all.
    pub async fn after(&self, after: u64, trace: Option<TraceId>, limit: usize) -> Vec<LogEvent> {
        let (oldest, newer) = {
            let kept = self.kept.lock();
            (kept.oldest(), kept.after(after, trace, limit))
        };
        let Some(disk) = self.disk.as_ref().filter(|_| after + 1 < oldest) else {
            return newer;
        };
        let directory = disk.directory.clone();
        let range = (after, oldest);
        let read =
            tokio::task::spawn_blocking(move || file::read(&directory, range, trace, limit)).await;
        let mut events = read
            .map_err(io::Error::other)
            .and_then(|read| read)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot read a function's log");
                Vec::new()
            });
        events.extend(newer);
        events.truncate(limit);
        events
    }

    /// The sequence number of the newest event; 0 when there is none yet.
    #[must_use]
    pub fn newest(&self) -> u64 {
        *self.last.borrow()
    }

    /// Returns once there is an event after sequence number `after`. Cancelling it loses nothing.
    pub async fn grown(&self, after: u64) {
        let mut last = self.last.subscribe();
        // The sender lives as long as `self`.
        let _newest = last.wait_for(|newest| *newest > after).await;
    }

    pub(crate) fn append(&self, events: impl IntoIterator<Item = LogEvent>) {
        let mut kept = self.kept.lock();
        for event in events {
            kept.push(event);
        }
        // Under the lock: said after a later append had said its own, it would take that back.
        self.last.send_replace(kept.next - 1);
    }

    /// Waits until everything up to now is in the files.
    pub(crate) async fn flushed(&self) {
        if let Some(disk) = &self.disk {
            let newest = self.newest();
            let mut written = disk.written.clone();
            // An error says that the writer is gone: nothing more will be there.
            let _written = written.wait_for(|written| *written >= newest).await;
        }
    }

    /// Removes the files; what is still written afterwards is kept nowhere.
    pub(crate) async fn remove(&self) {
        let Some(disk) = &self.disk else { return };
        disk.removed.store(true, Ordering::Relaxed);
        let directory = disk.directory.clone();
        let removed = tokio::task::spawn_blocking(move || std::fs::remove_dir_all(directory)).await;
        if let Err(error) = removed
            .map_err(io::Error::other)
            .and_then(|removed| removed)
        {
            tracing::warn!(%error, "cannot remove a function's log");
        }
    }
}

/// Writes what comes after what is `done`, until the log is dropped.
async fn write(
    log: Weak<FunctionLog>,
    mut last: watch::Receiver<u64>,
    mut file: LogFile,
    done: watch::Sender<u64>,
) {
    let mut written = *done.borrow();
    while last.wait_for(|newest| *newest > written).await.is_ok() {
        let newest = *last.borrow();
        let Some(log) = log.upgrade() else { return };
        let Some(disk) = &log.disk else { return };
        let events = log.kept.lock().after(written, None, BATCH);
        let from = events.first().map_or(newest + 1, |event| event.sequence);
        let missed = from - written - 1;
        if missed > 0 {
            tracing::warn!(missed, "a function writes faster than its log can be kept");
        }
        written = events.last().map_or(newest, |event| event.sequence);
        if !events.is_empty() && !disk.removed.load(Ordering::Relaxed) {
            let appended = tokio::task::spawn_blocking(move || {
                let appended = file.append(&events);
                (file, appended)
            });
            let Ok((back, appended)) = appended.await else {
                return;
            };
            file = back;
            if let Err(error) = appended {
                tracing::warn!(%error, "a function's log is not kept");
            }
        }
        done.send_replace(written);
    }
}

impl Kept {
    /// The sequence number of the oldest event here, or of the next to come.
    fn oldest(&self) -> u64 {
        self.events
            .front()
            .map_or(self.next, |event| event.sequence)
    }

    fn after(&self, after: u64, trace: Option<TraceId>, limit: usize) -> Vec<LogEvent> {
        // Without gaps: the place of an event follows from its number.
        let skipped = (after + 1).saturating_sub(self.oldest());
        self.events
            .iter()
            .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
            .filter(|event| trace.is_none() || event.trace == trace)
            .take(limit)
            .cloned()
            .collect()
    }

    fn push(&mut self, mut event: LogEvent) {
        event.sequence = self.next;
        self.next += 1;
        self.bytes += event.message.len();
        self.events.push_back(event);
        while self.events.len() > self.limit || self.bytes > BYTES_LIMIT {
            let Some(oldest) = self.events.pop_front() else {
                break;
            };
            self.bytes -= oldest.message.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str, trace: u128) -> LogEvent {
        LogEvent {
            sequence: 0,
            at: TimestampMicros(0),
            message: message.to_owned(),
            stream: "s".into(),
            request_id: None,
            trace: Some(TraceId::from_bits(trace)),
        }
    }

    fn messages(events: &[LogEvent]) -> Vec<&str> {
        events.iter().map(|event| event.message.as_str()).collect()
    }

    #[tokio::test]
    async fn memory_and_files_are_read_as_one_also_after_reopening() {
        let directory = tempfile::tempdir().unwrap();
        let log = FunctionLog::open(directory.path(), 2);
        log.append([event("a", 1), event("b", 1)]);
        log.flushed().await;
        log.append([event("c", 2)]);
        assert_eq!(messages(&log.after(0, None, 10).await), ["a", "b", "c"]);
        assert_eq!(messages(&log.after(0, None, 2).await), ["a", "b"]);
        assert_eq!(messages(&log.after(2, None, 10).await), ["c"]);
        let second = Some(TraceId::from_bits(2));
        assert_eq!(messages(&log.after(0, second, 10).await), ["c"]);
        log.flushed().await;
        drop(log);

        let log = FunctionLog::open(directory.path(), 2);
        assert_eq!(log.newest(), 3);
        log.append([event("d", 1)]);
        let all = log.after(0, None, 10).await;
        assert_eq!(messages(&all), ["a", "b", "c", "d"]);
        assert_eq!(all[3].sequence, 4);
        log.remove().await;
        assert!(!directory.path().exists());
    }

    #[tokio::test]
    async fn without_a_directory_memory_has_the_last_ones() {
        let log = FunctionLog::open(Path::new("/proc/nowhere"), 2);
        log.append([event("a", 1), event("b", 1), event("c", 2)]);
        log.flushed().await;
        assert_eq!(messages(&log.after(0, None, 10).await), ["b", "c"]);
    }

    #[tokio::test]
    async fn an_event_too_large_for_memory_ends_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let log = FunctionLog::open(directory.path(), 10);
        log.append([event(&"x".repeat(BYTES_LIMIT + 1), 1)]);
        log.flushed().await;
        log.append([event("b", 1)]);
        log.flushed().await;
        drop(log);
        let log = FunctionLog::open(directory.path(), 10);
        assert_eq!(messages(&log.after(0, None, 10).await), ["b"]);
    }

    #[tokio::test]
    async fn appends_at_the_same_time_take_back_nothing() {
        let log = FunctionLog::open(Path::new("/proc/nowhere"), 10);
        let appended = std::sync::atomic::AtomicU64::new(0);
        let append = || {
            for _ in 0..100_000 {
                log.append([event("a", 1)]);
                let least = appended.fetch_add(1, Ordering::SeqCst) + 1;
                assert!(log.newest() >= least);
            }
        };
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(append);
            }
        });
    }

    #[tokio::test]
    async fn a_reader_waits_for_what_comes() {
        let directory = tempfile::tempdir().unwrap();
        let log = FunctionLog::open(directory.path(), 10);
        let reader = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                log.grown(0).await;
                log.after(0, None, 1).await.len()
            }
        });
        log.append([event("a", 1)]);
        assert_eq!(reader.await.unwrap(), 1);
    }
}
