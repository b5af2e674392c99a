//! Rows of several files in one order.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use crate::BlockError;

/// What is held at a time of the rows of all files, in bytes, roughly.
const HELD: usize = 48 << 20;

/// What may be held of each of so many files, for [`in_order`].
pub(crate) fn share(files: usize) -> usize {
    HELD / files.max(1)
}

/// Hands over the rows of all files by their keys, and where they are equal by their files' numbers. Each file has its rows in
/// order, and hands out some at a time, which are held.
pub(crate) fn in_order<Row, Key: Ord>(
    files: impl IntoIterator<Item: Iterator<Item = Result<Vec<Row>, BlockError>>>,
    key: impl Fn(&Row) -> Key,
    mut take: impl FnMut(usize, Row) -> Result<(), BlockError>,
) -> Result<(), BlockError> {
    let mut all: Vec<_> = files.into_iter().map(Rows::new).collect();
    let mut heads = BinaryHeap::new();
    let head = |index, row| {
        Reverse(Head {
            place: (key(&row), index),
            row,
        })
    };
    for (index, rows) in all.iter_mut().enumerate() {
        heads.extend(rows.next().transpose()?.map(|row| head(index, row)));
    }
    while let Some(Reverse(Head { place, row })) = heads.pop() {
        let (_, index) = place;
        take(index, row)?;
        let next = all[index].next().transpose()?;
        heads.extend(next.map(|row| head(index, row)));
    }
    Ok(())
}

/// The next row of a file.
struct Head<Row, Key> {
    place: (Key, usize),
    row: Row,
}

impl<Row, Key: Ord> PartialEq for Head<Row, Key> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl<Row, Key: Ord> Eq for Head<Row, Key> {}

impl<Row, Key: Ord> PartialOrd for Head<Row, Key> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Row, Key: Ord> Ord for Head<Row, Key> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

/// The rows of a file, of which some are held.
struct Rows<I, Row> {
    groups: I,
    group: std::vec::IntoIter<Row>,
}

impl<Row, I: Iterator<Item = Result<Vec<Row>, BlockError>>> Rows<I, Row> {
    fn new(groups: I) -> Self {
        let group = Vec::new().into_iter();
        Self { groups, group }
    }

    fn next(&mut self) -> Option<Result<Row, BlockError>> {
        loop {
            if let Some(row) = self.group.next() {
                return Some(Ok(row));
            }
            match self.groups.next()? {
                Ok(group) => self.group = group.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
