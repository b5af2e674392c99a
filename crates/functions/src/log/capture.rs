//! From one environment's output to its function's log and to the tail that a caller may ask for.
//!
//! Standard output and standard error share one pipe, so lines come in the order in which they were written. One task
//! owns the reading end; marks (START, END, REPORT) reach it by a channel and are placed after everything that the
//! process had written before, because the task empties the pipe first.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use bytes::Bytes;
use fluoro_ambient::Ambient;
use fluoro_model::{TimestampMicros, TraceId};
use tokio::net::unix::pipe::Receiver;
use tokio::sync::{mpsc, oneshot};

use crate::log::{FunctionLog, LogEvent};

/// What a caller of Invoke can see of the log.
const TAIL_BYTES: usize = 4096;
/// A line without an end is cut here. AWS: 256 KB an event.
const LINE_LIMIT: usize = 256 * 1024;
/// How much is read between two looks at the marks.
const READ_BYTES: usize = 64 * 1024;
/// No pipe holds more, unless the system's owner lets it: all that was written before a mark is within so much. Source:
/// pipe(7), `/proc/sys/fs/pipe-max-size`.
const PIPE_BYTES: usize = 1024 * 1024;

/// Places marks in one environment's log. Dropping it lets the capture end when the pipe does.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    marks: mpsc::Sender<Placing>,
}

#[derive(Debug)]
struct Placing {
    mark: Mark,
    /// Answered when the mark stands, with the tail if it ends an invocation.
    placed: oneshot::Sender<Bytes>,
}

#[derive(Debug)]
enum Mark {
    /// Goes to the stream, not to the tail: INIT_START.
    Aside(String),
    /// An invocation begins.
    Begin {
        request_id: Arc<str>,
        trace: Option<TraceId>,
        text: String,
    },
    /// It ended.
    End(String),
}

/// The end of what an invocation, and the initialization before it, wrote.
#[derive(Debug)]
pub(crate) struct Tail(oneshot::Receiver<Bytes>);

struct Reader {
    ambient: Ambient,
    log: Arc<FunctionLog>,
    stream: Arc<str>,
    request_id: Option<Arc<str>>,
    trace: Option<TraceId>,
    partial: Vec<u8>,
    tail: Vec<u8>,
}

impl Capture {
    /// Reads `pipe` until every process that holds its other end is gone and no more marks can come.
    pub(crate) fn start(
        ambient: Ambient,
        log: Arc<FunctionLog>,
        stream: Arc<str>,
        pipe: OwnedFd,
    ) -> io::Result<Self> {
        let pipe = Receiver::from_owned_fd(pipe)?;
        let (marks, received) = mpsc::channel(16);
        let reader = Reader {
            ambient,
            log,
            stream,
            request_id: None,
            trace: None,
            partial: Vec::new(),
            tail: Vec::new(),
        };
        tokio::spawn(reader.run(pipe, received));
        Ok(Self { marks })
    }

    /// Notes something that belongs to no invocation's tail.
    pub(crate) async fn aside(&self, text: String) {
        self.place(Mark::Aside(text)).await.get().await;
    }

    /// Begins an invocation: when this returns, what is written is its own.
    pub(crate) async fn begin(&self, request_id: Arc<str>, trace: Option<TraceId>, text: String) {
        let mark = Mark::Begin {
            request_id,
            trace,
            text,
        };
        self.place(mark).await.get().await;
    }

    /// Ends the invocation.
    pub(crate) async fn end(&self, text: String) -> Tail {
        self.place(Mark::End(text)).await
    }

    async fn place(&self, mark: Mark) -> Tail {
        let (placed, tail) = oneshot::channel();
        // The reader ends only after the last sender.
        let _sent = self.marks.send(Placing { mark, placed }).await;
        Tail(tail)
    }
}

impl Tail {
    /// Waits for it; empty when the log has ended.
    pub(crate) async fn get(self) -> Bytes {
        self.0.await.unwrap_or_default()
    }
}

impl Reader {
    async fn run(mut self, pipe: Receiver, mut marks: mpsc::Receiver<Placing>) {
        let mut open = true;
        loop {
            // Both branches are cancellation safe: readiness and `recv` lose nothing.
            tokio::select! {
                ready = pipe.readable(), if open => {
                    open = ready.is_ok() && self.empty(&pipe, READ_BYTES);
                    // Who writes without end keeps nobody else from their turn.
                    tokio::task::yield_now().await;
                }
                mark = marks.recv() => {
                    let Some(Placing { mark, placed }) = mark else { break };
                    open = open && self.empty(&pipe, PIPE_BYTES);
                    // Whoever asked may have stopped waiting.
                    let _unwanted = placed.send(self.place(mark));
                }
            }
        }
        // Nobody marks any more: what the process still wrote is read, but a grandchild may hold the pipe for ever.
        if open {
            self.empty(&pipe, PIPE_BYTES);
        }
        self.finish_line();
    }

    /// Reads until nothing is there or it was `most`; whether the pipe is still open.
    fn empty(&mut self, pipe: &Receiver, most: usize) -> bool {
        let mut buffer = [0; READ_BYTES];
        let mut taken = 0;
        while taken < most {
            // The runtime remembers what it was last told of the pipe, and would hide what was written since: the pipe
            // itself is asked, and the runtime only when that has nothing, so that it waits for news.
            let read = match rustix::io::read(pipe, &mut buffer) {
                Err(rustix::io::Errno::AGAIN) => pipe.try_read(&mut buffer),
                Err(rustix::io::Errno::INTR) => continue,
                read => read.map_err(io::Error::from),
            };
            match read {
                Ok(0) => {
                    self.finish_line();
                    return false;
                }
                Ok(read) => {
                    self.take(&buffer[..read]);
                    taken += read;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        true
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut events = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LINE_LIMIT {
                events.push(self.finished_line());
            }
        }
        self.log.append(events);
    }

    fn finish_line(&mut self) {
        if !self.partial.is_empty() {
            let event = self.finished_line();
            self.log.append([event]);
        }
    }

    /// The line in `partial`. Runtime clients keep a record of several lines together with carriage returns.
    fn finished_line(&mut self) -> LogEvent {
        let mut line = std::mem::take(&mut self.partial);
        if line.ends_with(b"\r\n") {
            line.remove(line.len() - 2);
        }
        for byte in &mut line {
            if *byte == b'\r' {
                *byte = b'\n';
            }
        }
        self.keep_tail(&line);
        self.event(String::from_utf8_lossy(&line).into_owned())
    }

    fn event(&self, message: String) -> LogEvent {
        LogEvent {
            sequence: 0,
            at: TimestampMicros(self.ambient.now_micros()),
            message,
            stream: Arc::clone(&self.stream),
            request_id: self.request_id.clone(),
            trace: self.trace,
        }
    }

    fn place(&mut self, mark: Mark) -> Bytes {
        match mark {
            Mark::Aside(text) => {
                self.log.append([self.event(text)]);
                Bytes::new()
            }
            Mark::Begin {
                request_id,
                trace,
                text,
            } => {
                self.request_id = Some(request_id);
                self.trace = trace;
                self.keep_tail(text.as_bytes());
                self.log.append([self.event(text)]);
                Bytes::new()
            }
            Mark::End(text) => {
                self.keep_tail(text.as_bytes());
                let lines = split_report(&text).map(|line| self.event(line.to_owned()));
                self.log.append(lines.collect::<Vec<_>>());
                let from = self.tail.len().saturating_sub(TAIL_BYTES);
                let tail = Bytes::copy_from_slice(&self.tail[from..]);
                self.tail.clear();
                tail
            }
        }
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 4 * TAIL_BYTES {
            self.tail.drain(..self.tail.len() - TAIL_BYTES);
        }
    }
}

/// END and REPORT are events of their own; the XRAY line belongs to the REPORT.
fn split_report(text: &str) -> impl Iterator<Item = &str> {
    let at = text.find("REPORT ").unwrap_or(0);
    [&text[..at], &text[at..]]
        .into_iter()
        .filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn captured() -> (Capture, Arc<FunctionLog>, io::PipeWriter) {
        let (reader, writer) = io::pipe().unwrap();
        let log = FunctionLog::open(std::path::Path::new("/proc/nowhere"), 100);
        let capture = Capture::start(
            Ambient::system(),
            Arc::clone(&log),
            "stream".into(),
            reader.into(),
        );
        (capture.unwrap(), log, writer)
    }

    async fn messages(log: &FunctionLog) -> Vec<String> {
        let events = log.after(0, None, 100).await;
        events.into_iter().map(|event| event.message).collect()
    }

    #[tokio::test]
    async fn marks_stand_after_what_was_written_before() {
        let (capture, log, mut writer) = captured();
        capture.aside("INIT_START\n".into()).await;
        writer.write_all(b"loaded\n").unwrap();
        capture.begin("r1".into(), None, "START\n".into()).await;
        writer.write_all(b"one\rtwo\nunfinished").unwrap();
        let tail = capture.end("END\nREPORT x\n".into()).await.get().await;
        assert_eq!(tail, "loaded\nSTART\none\ntwo\nEND\nREPORT x\n");
        let wanted = [
            "INIT_START\n",
            "loaded\n",
            "START\n",
            "one\ntwo\n",
            "END\n",
            "REPORT x\n",
        ];
        assert_eq!(messages(&log).await, wanted);
        capture.begin("r2".into(), None, "START\n".into()).await;
        writer.write_all(b" line\n").unwrap();
        assert_eq!(
            capture.end("END\n".into()).await.get().await,
            "START\nunfinished line\nEND\n"
        );
    }

    #[tokio::test]
    async fn a_tail_has_at_most_4096_bytes() {
        let (capture, _log, mut writer) = captured();
        writer.write_all(&[b'x'; 20_000]).unwrap();
        writer.write_all(b"\n").unwrap();
        let tail = capture.end("END\n".into()).await.get().await;
        assert_eq!(tail.len(), 4096);
        assert!(tail.ends_with(b"xx\nEND\n"));
    }

    #[tokio::test]
    async fn much_output_is_read_in_turns_and_before_the_mark() {
        const LINES: usize = 64 * 1024;
        let (capture, log, mut writer) = captured();
        rustix::pipe::fcntl_setpipe_size(&writer, PIPE_BYTES).unwrap();
        writer
            .write_all("a line\n".repeat(LINES).as_bytes())
            .unwrap();
        log.grown(0).await;
        assert_eq!(log.newest(), (READ_BYTES / "a line\n".len()) as u64);
        capture.begin("r1".into(), None, "START\n".into()).await;
        assert_eq!(log.newest(), LINES as u64 + 1);
    }

    #[tokio::test]
    async fn the_last_line_needs_no_end() {
        let (capture, log, mut writer) = captured();
        writer.write_all(b"gone").unwrap();
        drop(writer);
        log.grown(0).await;
        assert_eq!(messages(&log).await, ["gone"]);
        drop(capture);
    }
}
