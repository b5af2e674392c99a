//! `POST sql`: a statement of SQL, and its result bit by bit.
//!
//! Whether it is answered was decided when the server was built: with the cargo feature `sql`, or without.

#[cfg(feature = "sql")]
mod answering;
#[cfg(not(feature = "sql"))]
mod refusing;

#[cfg(feature = "sql")]
pub(crate) use answering::Statements;
#[cfg(feature = "sql")]
pub(super) use answering::answer;
#[cfg(not(feature = "sql"))]
pub(crate) use refusing::Statements;
#[cfg(not(feature = "sql"))]
pub(super) use refusing::answer;
