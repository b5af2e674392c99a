//! The latest records of the log, as they were appended: most documents are asked for soon, by whoever makes projections.

use std::collections::VecDeque;

use crate::log::{Position, Record};

/// As many as fit, the first the first to go.
#[derive(Debug, Default)]
pub(super) struct Recent {
    limit: usize,
    bytes: usize,
    /// In ascending order of their positions.
    held: VecDeque<(Position, Record)>,
}

// === impl Recent ===

impl Recent {
    /// Holds at most so many bytes from now on.
    pub(super) fn hold(&mut self, limit: usize) {
        self.limit = limit;
        self.shrink();
    }

    /// Lets go of what lies before.
    pub(super) fn release(&mut self, up_to: Position) {
        while let Some((_, record)) = self.held.pop_front_if(|(position, _)| *position < up_to) {
            self.bytes -= weight(&record);
        }
    }

    pub(super) fn insert(&mut self, position: Position, record: Record) {
        // Who appended later may be here earlier.
        let later = self.held.iter().rev();
        let later = later.take_while(|(held, _)| *held > position).count();
        self.bytes += weight(&record);
        let at = self.held.len() - later;
        self.held.insert(at, (position, record));
        self.shrink();
    }

    pub(super) fn get(&self, position: Position) -> Option<&Record> {
        let at = self.held.binary_search_by_key(&position, |(held, _)| *held);
        Some(&self.held[at.ok()?].1)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn shrink(&mut self) {
        while self.bytes > self.limit
            && let Some((_, record)) = self.held.pop_front()
        {
            self.bytes -= weight(&record);
        }
    }
}

fn weight(record: &Record) -> usize {
    size_of::<(Position, Record)>() + record.document.len()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use fluoro_model::{TimestampMicros, TraceId};

    use super::*;

    fn record(number: u64) -> Record {
        Record {
            trace: TraceId::from_bits(u128::from(number)),
            received: TimestampMicros(0),
            document: Bytes::from_static(b"twenty bytes of text"),
        }
    }

    #[test]
    fn the_latest_are_held_whatever_the_order_in_which_they_are_told() {
        let mut recent = Recent::default();
        recent.insert(Position::from_bits(0), record(0));
        assert_eq!(recent.bytes(), 0);
        recent.hold(10 * weight(&record(0)));
        for number in [2, 1, 3, 5, 6, 4, 7, 9, 8, 10, 12, 11] {
            recent.insert(Position::from_bits(number), record(number));
        }
        let held: Vec<u64> = (0..20)
            .filter(|number| {
                let found = recent.get(Position::from_bits(*number));
                found.is_some_and(|found| *found == record(*number))
            })
            .collect();
        assert_eq!(held, (3..=12).collect::<Vec<u64>>());
        assert_eq!(recent.bytes(), 10 * weight(&record(0)));
        recent.release(Position::from_bits(12));
        assert_eq!(recent.bytes(), weight(&record(0)));
        assert!(recent.get(Position::from_bits(12)).is_some());
    }
}
