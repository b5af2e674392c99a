//! Models that follow one another: what is known of each, and when a new one is begun.
//!
//! A model that is full codes what it does not know at length, or not at all. So a new lineage begins once that has cost as much
//! as a new model is worth; and twice as much for each model that is still needed to read what older ones coded: however
//! different what comes is, there are no more models than the size of all that is kept has doublings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fluoro_shape::Model;

use crate::log::Position;

/// Which model a document was coded with: a model and all that it grows into.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
pub struct Lineage(pub u32);

/// How large models become, and when there is a new one.
#[derive(Debug, Clone, Copy)]
pub struct ModelSettings {
    /// The longest journal, in bytes; less than the model itself allows, for tests.
    pub journal: usize,
    /// A new model begins once the one there is has missed so much, in bytes, if no other is needed any more.
    pub worth: usize,
}

/// What is known of the models.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<Lineage, Known>);

/// What is known of a lineage's model.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) model: Arc<Model>,
    /// Something is missing that was learnt, unless it comes later.
    pub(super) has_gap: bool,
    pub(super) growth: Arc<Growth>,
    role: Role,
}

/// Whether something may come into the log that was coded with a model.
#[derive(Debug, Default, Clone, Copy)]
enum Role {
    #[default]
    Coding,
    /// Nobody codes with it, and nobody waits any more for what was. Whoever went away while an append was under way may have
    /// left something that is still to be written.
    Left,
    /// That is done: nothing of it lies in the log from here on.
    Over(Position),
}

/// How far a lineage's model has grown. Whoever codes with it, or is about to append what was coded with it, has a hold of this.
#[derive(Debug, Default)]
pub(super) struct Growth {
    /// How long the coder's journal is.
    pub(super) grown_to: AtomicUsize,
    /// So much of it is in the log for certain.
    pub(super) durable: AtomicUsize,
}

// === impl Lineage ===

impl Lineage {
    /// That of the next model.
    pub(super) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

// === impl ModelSettings ===

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            journal: usize::MAX,
            worth: 16 << 20,
        }
    }
}

impl ModelSettings {
    /// Whether a model that has missed so much is to be left, where there are so many.
    pub(super) fn is_worth_it(self, missed: usize, models: usize) -> bool {
        let doublings = u32::try_from(models.saturating_sub(1)).unwrap_or(u32::MAX);
        let doubled = 1_usize.checked_shl(doublings).unwrap_or(usize::MAX);
        missed >= self.worth.saturating_mul(doubled)
    }
}

// === impl Growth ===

impl Growth {
    /// Of a journal that is in the log, or in no need of it.
    pub(super) fn durable(journal: usize) -> Self {
        Self {
            grown_to: AtomicUsize::new(journal),
            durable: AtomicUsize::new(journal),
        }
    }

    pub(super) fn grown_to(&self) -> usize {
        self.grown_to.load(Ordering::Acquire)
    }
}

// === impl Models ===

impl Models {
    pub(super) fn new(models: Vec<(Lineage, Model)>) -> Self {
        let known = models.into_iter().map(|(lineage, model)| {
            let known = Known {
                model: Arc::new(model),
                ..Known::default()
            };
            (lineage, known)
        });
        Self(known.collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn get(&self, lineage: Lineage) -> Option<&Known> {
        self.0.get(&lineage)
    }

    pub(super) fn entry(&mut self, lineage: Lineage) -> &mut Known {
        self.0.entry(lineage).or_default()
    }

    pub(super) fn newest(&self) -> Option<(Lineage, &Known)> {
        let newest = self.0.last_key_value();
        newest.map(|(lineage, known)| (*lineage, known))
    }

    pub(super) fn lineages(&self) -> Vec<Lineage> {
        self.0.keys().copied().collect()
    }

    /// Those of which nothing lies in the log from `watermark` on, the log ending at `end`. To be asked from time to time: what was
    /// left is over the next time.
    pub(super) fn over(&mut self, watermark: Position, end: Position) -> Vec<Lineage> {
        let mut over = Vec::new();
        for (lineage, known) in &mut self.0 {
            if Arc::strong_count(&known.growth) > 1 {
                continue;
            }
            match known.role {
                Role::Coding => known.role = Role::Left,
                Role::Left => known.role = Role::Over(end),
                Role::Over(end) if end <= watermark => over.push(*lineage),
                Role::Over(_) => {}
            }
        }
        over
    }

    pub(super) fn forget(&mut self, lineages: &[Lineage]) {
        for lineage in lineages {
            self.0.remove(lineage);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_further_model_is_worth_twice_as_much() {
        let settings = ModelSettings {
            worth: 10,
            ..ModelSettings::default()
        };
        for (models, worth) in [(0, 10), (1, 10), (2, 20), (3, 40), (11, 10_240)] {
            assert!(settings.is_worth_it(worth, models), "{models}");
            assert!(!settings.is_worth_it(worth - 1, models), "{models}");
        }
        assert!(!settings.is_worth_it(usize::MAX - 1, 1_000));
    }

    #[test]
    fn a_model_is_needed_until_all_that_it_coded_is_out_of_the_log() {
        let mut models = Models::default();
        let at = Position::from_bits;
        let coder = Arc::clone(&models.entry(Lineage(1)).growth);
        assert!(models.over(at(50), at(50)).is_empty());
        let appending = Arc::clone(&coder);
        drop(coder);
        assert!(models.over(at(60), at(60)).is_empty());
        drop(appending);
        assert!(models.over(at(60), at(65)).is_empty());
        assert!(models.over(at(60), at(70)).is_empty());
        assert!(models.over(at(69), at(99)).is_empty());
        assert_eq!(models.over(at(70), at(99)), [Lineage(1)]);
    }
}
