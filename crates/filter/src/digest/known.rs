//! The keys of annotations that rows can tell with certainty.

use std::collections::HashMap;

use fluoro_model::document::AnnotationValue;
use fluoro_trace::Projection;

use super::Digest;
use crate::columns::{ColumnTest, Row};

/// As many as a digest has bits for them.
const MOST: usize = 64;

/// The first keys of annotations that came, each with a number. A bloom filter cannot tell that a trace surely has an
/// annotation, so to pass over the traces that `!annotation.tenant` does not mean, digests have a bit for each of these.
#[derive(Debug, Default)]
pub struct KnownAnnotations {
    numbers: HashMap<Box<str>, u8>,
}

/// A digest with those that were known when it was made, and perhaps more.
#[derive(Debug, Clone, Copy)]
struct Known<'k> {
    digest: &'k Digest,
    known: &'k KnownAnnotations,
}

// === impl KnownAnnotations ===

impl KnownAnnotations {
    /// The row of a trace whose digest was made with this.
    #[must_use]
    pub fn row<'k>(&'k self, digest: &'k Digest) -> impl Row + 'k {
        Known {
            digest,
            known: self,
        }
    }

    /// The numbers of those that a trace has, as bits. Those that are `false` everywhere do not count.
    pub(super) fn of(&mut self, projection: &Projection) -> u64 {
        let mut bits = 0;
        for (key, value) in projection
            .observations
            .iter()
            .flat_map(|seen| &seen.annotations)
        {
            let number = self.number(key);
            if *value != AnnotationValue::Boolean(false)
                && let Some(number) = number
            {
                bits |= 1 << number;
            }
        }
        bits
    }

    fn number(&mut self, key: &str) -> Option<u8> {
        if let Some(number) = self.numbers.get(key) {
            return Some(*number);
        }
        let next = self.numbers.len();
        let number = u8::try_from(next).ok().filter(|_| next < MOST)?;
        self.numbers.insert(key.into(), number);
        Some(number)
    }
}

// === impl Known ===

impl Known<'_> {
    /// Whether the annotation holds; `None` when that is not known.
    fn has(self, test: &ColumnTest) -> Option<bool> {
        let ColumnTest::Annotation(key, None) = test else {
            return None;
        };
        let number = self.known.numbers.get(&**key)?;
        Some(self.digest.annotations & 1 << number != 0)
    }
}

impl Row for Known<'_> {
    fn may(&self, test: &ColumnTest) -> bool {
        self.has(test).unwrap_or_else(|| self.digest.may(test))
    }

    fn may_not(&self, test: &ColumnTest) -> bool {
        match self.has(test) {
            Some(has) => !has,
            None => self.digest.may_not(test),
        }
    }
}
