//! Statements, each answered on threads of our own, within limits.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use datafusion::error::DataFusionError;
use fluoro_store::hot::HotTraces;
use futures_util::StreamExt;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::SqlError;
use crate::output::{Format, Writer};
use crate::session::session;
use crate::statement::{self, Refused};

/// So many statements are answered at a time, each on a thread.
const AT_ONCE: usize = 2;

/// How many threads read for them.
const READERS: usize = 4;

/// What one of their stacks may take. Memory is taken as far as it is used: by statements that are a tree as deep as they are long.
const STACK: usize = 256 << 20;

/// How much of a result is sent at a time. What goes wrong before so much was made is an answer of its own.
const PIECE: usize = 64 << 10;

/// What can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlSettings {
    /// How much memory sorting, grouping and joining may take for one statement.
    pub memory_bytes: usize,
    /// How long a statement may take at most, until its answer is read.
    pub timeout: Duration,
}

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What is asked.
    pub statement: String,
    /// How the result is to be written.
    pub format: Format,
    /// How long it may take, if that is less than the setting.
    pub timeout: Option<Duration>,
}

/// Answers statements.
#[derive(Debug)]
pub struct Sql {
    store: Arc<HotTraces>,
    settings: SqlSettings,
    turns: Arc<Semaphore>,
    /// Started by the first statement.
    runtime: OnceLock<Runtime>,
}

/// A result on its way. Whoever drops it ends the work for it.
#[derive(Debug)]
pub struct Answer {
    first: Option<Bytes>,
    work: Work,
}

/// A statement that is being answered.
#[derive(Debug)]
struct Work {
    pieces: mpsc::Receiver<Result<Bytes, SqlError>>,
    task: JoinHandle<()>,
    deadline: Instant,
    timeout: Duration,
}

// === impl Sql ===

impl Default for SqlSettings {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            timeout: Duration::from_secs(60),
        }
    }
}

impl Sql {
    /// Answers statements about these traces.
    #[must_use]
    pub fn new(store: Arc<HotTraces>, settings: SqlSettings) -> Self {
        Self {
            store,
            settings,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            runtime: OnceLock::new(),
        }
    }

    /// Begins to answer a statement: with a first piece of its result, or all of it.
    ///
    /// # Errors
    ///
    /// When there is no such piece.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, SqlError> {
        let bytes = ask.statement.len();
        if bytes > statement::MOST {
            return Err(SqlError::TooLong {
                bytes,
                most: statement::MOST,
            });
        }
        let turn = Arc::clone(&self.turns).try_acquire_owned();
        let turn = turn.map_err(|_| SqlError::TooMany(AT_ONCE))?;
        let timeout = self.settings.timeout;
        let timeout = ask.timeout.map_or(timeout, |asked| asked.min(timeout));
        let (sender, pieces) = mpsc::channel(1);
        let store = Arc::clone(&self.store);
        let memory_bytes = self.settings.memory_bytes;
        let mut work = Work {
            pieces,
            deadline: Instant::now() + timeout,
            timeout,
            task: self.runtime()?.spawn(async move {
                let last = answer(&store, memory_bytes, &ask, &sender).await;
                // Who has the end of an answer may ask again.
                drop(turn);
                // Who went away need not know.
                drop(sender.send(last).await);
            }),
        };
        let first = work.next().await.transpose()?;
        Ok(Answer { first, work })
    }

    fn runtime(&self) -> Result<&Runtime, SqlError> {
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(AT_ONCE)
            .max_blocking_threads(READERS)
            .thread_name("sql")
            .thread_stack_size(STACK)
            .enable_time()
            .build();
        let runtime = runtime.map_err(|error| SqlError::Failed(error.to_string()))?;
        if let Err(second) = self.runtime.set(runtime) {
            second.shutdown_background();
        }
        self.runtime.get().ok_or(SqlError::Stopped)
    }
}

impl Drop for Sql {
    /// Within a runtime, another one must not be waited for.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

// === impl Answer ===

impl Answer {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, SqlError>> {
        match self.first.take() {
            Some(first) => Some(Ok(first)),
            None => self.work.next().await,
        }
    }
}

// === impl Work ===

impl Work {
    async fn next(&mut self) -> Option<Result<Bytes, SqlError>> {
        let piece = tokio::time::timeout_at(self.deadline, self.pieces.recv()).await;
        let Ok(piece) = piece else {
            self.task.abort();
            return Some(Err(SqlError::TimedOut(self.timeout)));
        };
        if piece.is_some() {
            return piece;
        }
        // Either all was sent, or it broke off.
        match (&mut self.task).await {
            Ok(()) => None,
            Err(error) if error.is_panic() => Some(Err(SqlError::Failed(error.to_string()))),
            Err(_) => Some(Err(SqlError::Stopped)),
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers a statement, as fast as it is read, but for the last piece.
async fn answer(
    store: &Arc<HotTraces>,
    memory_bytes: usize,
    ask: &Ask,
    pieces: &mpsc::Sender<Result<Bytes, SqlError>>,
) -> Result<Bytes, SqlError> {
    let failed = |error: DataFusionError| SqlError::of(&error, memory_bytes);
    let session = session(store, memory_bytes).map_err(failed)?;
    let plan = statement::plan(&session.state(), &ask.statement).await;
    let plan = plan.map_err(|refused| match refused {
        Refused::Ours(error) => error,
        Refused::Theirs(error) => failed(error),
    })?;
    let frame = session.execute_logical_plan(plan).await.map_err(failed)?;
    let mut batches = frame.execute_stream().await.map_err(failed)?;
    let mut writer = Writer::new(ask.format, batches.schema())?;
    while let Some(batch) = batches.next().await {
        writer.write(&batch.map_err(failed)?)?;
        if writer.len() >= PIECE && pieces.send(Ok(writer.take().into())).await.is_err() {
            return Ok(Bytes::new());
        }
    }
    Ok(writer.finish()?.into())
}
