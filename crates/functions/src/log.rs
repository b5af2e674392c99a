//! What a function wrote, and what Lambda writes around it: the last events of each function, in memory.

pub(crate) mod capture;

use std::collections::VecDeque;
use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use parking_lot::Mutex;
use tokio::sync::watch;

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
}

#[derive(Debug)]
struct Kept {
    events: VecDeque<LogEvent>,
    bytes: usize,
    limit: usize,
    next: u64,
}

/// Longer logs than this are cut from the front, however few events they have.
const BYTES_LIMIT: usize = 16 * 1024 * 1024;

impl FunctionLog {
    /// Keeps up to `limit` events.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            kept: Mutex::new(Kept {
                events: VecDeque::new(),
                bytes: 0,
                limit: limit.max(1),
                next: 1,
            }),
            last: watch::Sender::new(0),
        }
    }

    /// Up to `limit` events after sequence number `after` (0 for the oldest kept), of one trace or of all.
    #[must_use]
    pub fn after(&self, after: u64, trace: Option<TraceId>, limit: usize) -> Vec<LogEvent> {
        let kept = self.kept.lock();
        kept.events
            .iter()
            .filter(|event| event.sequence > after)
            .filter(|event| trace.is_none() || event.trace == trace)
            .take(limit)
            .cloned()
            .collect()
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
        let newest = {
            let mut kept = self.kept.lock();
            for event in events {
                kept.push(event);
            }
            kept.next - 1
        };
        self.last.send_replace(newest);
    }
}

impl Kept {
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

    #[test]
    fn the_oldest_events_go_first() {
        let log = FunctionLog::new(2);
        log.append([event("a", 1), event("b", 1), event("c", 2)]);
        assert_eq!(messages(&log.after(0, None, 10)), ["b", "c"]);
        assert_eq!(messages(&log.after(2, None, 10)), ["c"]);
        let second = Some(TraceId::from_bits(2));
        assert_eq!(messages(&log.after(0, second, 10)), ["c"]);
        assert_eq!(log.newest(), 3);
    }

    #[tokio::test]
    async fn a_reader_waits_for_what_comes() {
        let log = Arc::new(FunctionLog::new(10));
        let reader = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                log.grown(0).await;
                log.after(0, None, 1).len()
            }
        });
        log.append([event("a", 1)]);
        assert_eq!(reader.await.unwrap(), 1);
    }
}
