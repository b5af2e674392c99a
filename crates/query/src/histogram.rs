//! Histograms of times: bins at values, with counts, as a t-digest makes them.
//!
//! The service's bins are centroids, not fixed buckets (recorded): few samples keep a bin a value, many are merged in
//! the middle and kept apart at the ends, a value that occurs often keeps a bin of its own, and the counts always add
//! up. Its parameters are not known; ours give as many bins for as many samples as were recorded.
//!
//! Times are held by the millisecond, to which the service rounds (recorded). So up to [`HELD`] distinct values nothing
//! is lost, and histograms merge to the same whatever the order; beyond, neighbours are merged early, finer than an
//! answer needs.

use std::cmp::Ordering;

/// How finely samples stay apart in an answer.
const COMPRESSION: f64 = 65.0;

/// Distinct milliseconds held before they are merged on the way.
const HELD: usize = 2048;

/// How finely they stay apart then.
const HELD_COMPRESSION: f64 = COMPRESSION * 8.0;

/// Times that are not sorted in yet.
const UNSORTED: usize = 256;

/// Times in seconds.
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    /// By milliseconds, each once.
    cells: Vec<Cell>,
    unsorted: Vec<u64>,
}

/// Some samples at a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    millis: u64,
    count: u64,
}

/// Some samples near a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// Their mean in seconds, rounded to a millisecond.
    pub value: f64,
    /// How many they are.
    pub count: u64,
}

impl Histogram {
    /// Counts one time, rounded half up; a negative one counts as none.
    pub fn add(&mut self, seconds: f64) {
        let millis = millis(seconds);
        if self.unsorted.len() == UNSORTED {
            self.sort_in();
        }
        self.unsorted.push(millis);
    }

    /// Adds all times of another.
    pub fn merge(&mut self, other: &Self) {
        self.sort_in();
        self.cells = merged(&self.cells, &other.sorted());
        self.bound();
    }

    /// Of times in milliseconds, each once and in order, and how many there are of each.
    pub(crate) fn of(times: Vec<(u64, u64)>) -> Self {
        let cells = times.into_iter();
        let mut histogram = Self {
            cells: cells
                .map(|(millis, count)| Cell { millis, count })
                .collect(),
            unsorted: Vec::new(),
        };
        histogram.bound();
        histogram
    }

    /// How many times were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        let sorted: u64 = self.cells.iter().map(|cell| cell.count).sum();
        sorted + self.unsorted.len() as u64
    }

    /// The bins, by value.
    #[must_use]
    pub fn bins(&self) -> Vec<Bin> {
        let cells = compressed(&self.sorted(), COMPRESSION);
        let bins = cells.into_iter().map(|cell| Bin {
            value: to_f64(cell.millis) / 1e3,
            count: cell.count,
        });
        bins.collect()
    }

    /// The memory that it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.cells.capacity() * size_of::<Cell>() + self.unsorted.capacity() * size_of::<u64>()
    }

    /// Takes no more memory than it must; for one that is kept as it is.
    pub(crate) fn settle(&mut self) {
        self.sort_in();
        self.unsorted = Vec::new();
        self.cells.shrink_to_fit();
    }

    fn sort_in(&mut self) {
        if self.unsorted.is_empty() {
            return;
        }
        let added = cells(&mut self.unsorted);
        self.unsorted.clear();
        self.cells = merged(&self.cells, &added);
        self.bound();
    }

    fn bound(&mut self) {
        if self.cells.len() > HELD {
            self.cells = compressed(&self.cells, HELD_COMPRESSION);
        }
    }

    fn sorted(&self) -> Vec<Cell> {
        merged(&self.cells, &cells(&mut self.unsorted.clone()))
    }
}

impl PartialEq for Histogram {
    /// Whether both hold the same times, sorted in or not.
    fn eq(&self, other: &Self) -> bool {
        self.sorted() == other.sorted()
    }
}

/// Rounded half up; a negative time is none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates at zero and at a length of time that nothing has"
)]
pub(crate) fn millis(seconds: f64) -> u64 {
    (seconds * 1e3 + 0.5).floor() as u64
}

/// The values as cells.
fn cells(values: &mut [u64]) -> Vec<Cell> {
    values.sort_unstable();
    let runs = values.chunk_by(|one, next| one == next);
    runs.map(|run| Cell {
        millis: run[0],
        count: run.len() as u64,
    })
    .collect()
}

/// The cells of both, each value once.
fn merged(one: &[Cell], other: &[Cell]) -> Vec<Cell> {
    if one.is_empty() {
        return other.to_vec();
    }
    let mut all = Vec::with_capacity(one.len() + other.len());
    let (mut left, mut right) = (0, 0);
    while left < one.len() && right < other.len() {
        let (mut next, more) = (one[left], other[right]);
        let order = next.millis.cmp(&more.millis);
        match order {
            Ordering::Less => {}
            Ordering::Equal => next.count += more.count,
            Ordering::Greater => next = more,
        }
        left += usize::from(order.is_le());
        right += usize::from(order.is_ge());
        all.push(next);
    }
    all.extend_from_slice(&one[left..]);
    all.extend_from_slice(&other[right..]);
    all
}

/// Merges neighbours while together they hold no more than their share, which is greatest at the median and one sample
/// at both ends.
///
/// Source: Dunning and Ertl, "Computing extremely accurate quantiles using t-digests": a centroid at quantile q of n
/// samples holds at most `4 n q (1 - q) / compression`.
fn compressed(cells: &[Cell], compression: f64) -> Vec<Cell> {
    let total = to_f64(cells.iter().map(|cell| cell.count).sum());
    let mut kept: Vec<Cell> = Vec::with_capacity(cells.len().min(HELD));
    let mut close = |sum: f64, count: u64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a mean of u64 fits a u64"
        )]
        let millis = (sum / to_f64(count) + 0.5).floor() as u64;
        match kept.last_mut() {
            Some(last) if last.millis == millis => last.count += count,
            _ => kept.push(Cell { millis, count }),
        }
    };
    let (mut sum, mut count, mut before) = (0.0, 0, 0);
    for cell in cells {
        let together = to_f64(count + cell.count);
        let quantile = (to_f64(before) + together / 2.0) / total;
        let share = (4.0 * total * quantile * (1.0 - quantile) / compression).ceil();
        if count > 0 && together > share {
            close(sum, count);
            before += count;
            (sum, count) = (0.0, 0);
        }
        sum += to_f64(cell.millis) * to_f64(cell.count);
        count += cell.count;
    }
    if count > 0 {
        close(sum, count);
    }
    kept
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and milliseconds stay far below 2^53"
)]
fn to_f64(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests;
