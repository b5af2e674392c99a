//! What can go wrong, and whose turn it is then.

use std::error::Error;
use std::time::Duration;

use datafusion::error::DataFusionError;
use fluoro_store::scan::ScanError;

/// Why there is no answer, or no more of one.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// The statement is no SQL, names what is not there, or cannot be computed.
    #[error("{0}")]
    Statement(String),
    /// The statement would do something else than read the views.
    #[error("only SELECT, EXPLAIN, SHOW and DESCRIBE are possible: the views are read-only")]
    ReadOnly,
    /// The text is not one statement.
    #[error("expected one statement, found {0}")]
    Statements(usize),
    /// The text is too long.
    #[error("the statement has {bytes} bytes; {most} are possible")]
    TooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// Others are being answered.
    #[error("{0} statements are being answered: try again when one is done")]
    TooMany(usize),
    /// It takes too much memory.
    #[error(
        "the statement needs more than {} MB of memory, the setting sql.memory: ask for fewer rows, columns or groups",
        .bytes >> 20
    )]
    Memory {
        /// How much there is.
        bytes: usize,
    },
    /// It takes too long.
    #[error("the statement took longer than {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// Traces could not be read.
    #[error("failed to read traces: {0}")]
    Scan(String),
    /// The result could not be written in the form that was asked for.
    #[error("the result cannot be written in this format: {0}")]
    Output(String),
    /// Our own mistake.
    #[error("failed to answer the statement: {0}")]
    Failed(String),
    /// The server is going down.
    #[error("the server stops")]
    Stopped,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The client's: another statement is needed.
    Client,
    /// The client's: this statement needs more than it may have.
    Limit,
    /// The client's, later.
    Busy,
    /// The operator's.
    Ours,
}

// === impl SqlError ===

impl SqlError {
    /// Whose turn it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Statement(_)
            | Self::ReadOnly
            | Self::Statements(_)
            | Self::TooLong { .. }
            | Self::Output(_) => ErrorKind::Client,
            Self::Memory { .. } | Self::TimedOut(_) => ErrorKind::Limit,
            Self::TooMany(_) => ErrorKind::Busy,
            Self::Scan(_) | Self::Failed(_) | Self::Stopped => ErrorKind::Ours,
        }
    }

    /// A code that does not change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Statement(_) | Self::Statements(_) => "BadStatement",
            Self::ReadOnly => "ReadOnly",
            Self::TooLong { .. } => "TooLong",
            Self::TooMany(_) => "TooManyStatements",
            Self::Memory { .. } => "OutOfMemory",
            Self::TimedOut(_) => "TimedOut",
            Self::Output(_) => "BadResult",
            Self::Scan(_) | Self::Failed(_) => "InternalFailure",
            Self::Stopped => "Stopped",
        }
    }

    /// What DataFusion says, within so much memory.
    pub(crate) fn of(error: &DataFusionError, bytes: usize) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Memory { bytes },
            DataFusionError::External(error) if error.is::<ScanError>() => {
                Self::Scan(chain(&**error))
            }
            DataFusionError::Internal(_)
            | DataFusionError::External(_)
            | DataFusionError::ExecutionJoin(_)
            | DataFusionError::IoError(_) => Self::Failed(error.strip_backtrace()),
            DataFusionError::SQL(error, _) => Self::Statement(error.to_string()),
            root => Self::Statement(root.message().into_owned()),
        }
    }
}

/// An error and what it comes from.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
