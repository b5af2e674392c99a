//! What operations answer: JSON text.
//!
//! The text of an answer about traces may be long, and a client may be slow to read it. It counts for what questions hold
//! ([`Budget`]) from when it is written until it has been sent.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use fluoro_store::scan::{Budget, ScanError, Share};
use serde::{Serialize, Serializer};

/// The JSON text of an output.
pub(crate) type Answer = Bytes;

/// The output of an operation that has nothing to tell.
#[derive(Debug, Serialize)]
pub(crate) struct Nothing {}

/// A list whose items are made one at a time, as they are written.
#[derive(Debug)]
pub(crate) struct OneByOne<F>(pub(crate) F);

/// Room for text that is taken at once, in bytes.
const LEAST: usize = 1 << 10;

/// Text that is entered in the account of questions.
struct Text {
    bytes: Vec<u8>,
    held: Share,
}

/// An answer about what there are few of.
pub(crate) fn to_answer<T: Serialize>(output: &T) -> Answer {
    let json = serde_json::to_vec(output);
    json.expect("outputs have text keys and no failing serializer")
        .into()
}

/// An answer about traces.
///
/// # Errors
///
/// [`ScanError::NoRoom`] when questions would hold more with it than they may.
pub(crate) fn to_long_answer<T: Serialize>(
    questions: &Arc<Budget>,
    output: &T,
) -> Result<Answer, ScanError> {
    let mut text = Text {
        bytes: Vec::new(),
        held: questions.share(),
    };
    match serde_json::to_writer(&mut text, output) {
        Ok(()) => Ok(Bytes::from_owner(text)),
        Err(error) => {
            assert!(error.is_io(), "outputs have text keys: {error}");
            Err(ScanError::NoRoom)
        }
    }
}

impl<F, I> Serialize for OneByOne<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl Text {
    #[cold]
    fn make_room(&mut self, more: usize) -> io::Result<()> {
        let capacity = (self.bytes.len() + more).next_power_of_two().max(LEAST);
        self.held.set(capacity).map_err(io::Error::other)?;
        self.bytes.reserve_exact(capacity - self.bytes.len());
        Ok(())
    }
}

/// Answers are written in pieces of a few bytes.
impl Write for Text {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.len() > self.bytes.capacity() - self.bytes.len() {
            self.make_room(bytes.len())?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
