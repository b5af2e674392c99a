//! SQL over traces, hot and at rest: DataFusion over what the store scans.
//!
//! [`Sql`] answers one statement at a time with a [`Answer`] that comes as it is made. There are four read-only views ([`views`]),
//! whose columns `docs/sql.md` tells of; nothing can be written, and nothing else can be read. A statement sees all that was
//! acknowledged before it began, each trace once.
//!
//! The work is done on threads of its own, so many statements at a time, each within a limit of memory and of time.
//!
//! What is deliberately absent: files on disk. What does not fit into memory is an error, not a spill.

mod engine;
mod error;
mod output;
mod scan;
mod session;
mod statement;
#[cfg(test)]
mod tests;
pub mod views;
mod wanted;

pub use engine::{Answer, Ask, Sql, SqlSettings};
pub use error::{ErrorKind, SqlError};
pub use output::Format;
