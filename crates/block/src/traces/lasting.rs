//! In which rows of each row group a service took longest, and how long: what statistics of a list cannot tell, as it is of all
//! services. Who looks for what seldom took so long reads no column for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use parquet::file::metadata::KeyValue;

use super::TraceRow;
use crate::file::Texts;

/// The key of the footer.
const KEY: &str = "fluoro.traces.slowest";

/// Files from before have this one, which tells the longest of each service and no rows.
const OLDER_KEY: &str = "fluoro.traces.longest";

/// Of a row group with more services nothing is told.
const MOST_SERVICES: usize = 256;

/// Of each service at most so many rows: who asks for what more of them have finds a page of it in a few row groups.
const MOST_ROWS: usize = 64;

/// And of all of them so many, that the footer stays small: one for so many entries of the column.
const ENTRIES_A_ROW: usize = 16;

/// By service, as the footer has it: lists of a duration and the rows with it, the longest first, each row once. A last list of a
/// duration alone says how long the service took at most in all other rows.
type Told = BTreeMap<Box<str>, Vec<Vec<i64>>>;

/// What is to be told of each row group of a file.
#[derive(Debug, Default)]
pub(super) struct Telling(Vec<Option<Told>>);

/// What a file tells of each of its row groups.
#[derive(Debug, Default)]
pub(super) struct Lasting(Vec<Option<OfGroup>>);

/// By service. Of one that is not there, nothing has ended.
type OfGroup = HashMap<Box<str>, Slowest>;

/// Of a service, in microseconds, as rows have it.
#[derive(Debug, Default)]
struct Slowest {
    /// Durations, the longest first, and how many of the rows have them or longer ones.
    durations: Box<[(i64, u16)]>,
    rows: Box<[u16]>,
    /// The longest in any other row.
    others: Option<i64>,
}

// === impl Telling ===

impl Telling {
    /// Takes the rows of the next row group.
    pub(super) fn push(&mut self, rows: &[TraceRow]) {
        self.0.push(told_of(rows));
    }

    /// As the footer has it: JSON, an object or `null` for each row group.
    pub(super) fn to_key_value(&self) -> KeyValue {
        let text = serde_json::to_string(&self.0).expect("memory is all that it takes");
        KeyValue::new(KEY.to_owned(), text)
    }
}

fn told_of(rows: &[TraceRow]) -> Option<Told> {
    let mut services: HashMap<&str, Vec<(i64, u16)>> = HashMap::new();
    let mut entries = 0;
    for (row, of_row) in rows.iter().enumerate() {
        let row = u16::try_from(row).ok()?;
        for service in &of_row.services {
            let Some(longest) = service.longest else {
                continue;
            };
            entries += 1;
            let Some(known) = services.get_mut(&*service.name) else {
                if services.len() == MOST_SERVICES {
                    return None;
                }
                services.insert(&service.name, vec![(longest, row)]);
                continue;
            };
            match known.last_mut() {
                // A client may have the name of a service.
                Some((most, last)) if *last == row => *most = longest.max(*most),
                _ => known.push((longest, row)),
            }
        }
    }
    let most = entries / ENTRIES_A_ROW / services.len().max(1);
    let services = services.into_iter();
    let told = services.map(|(name, rows)| (name.into(), slowest_of(rows, most.min(MOST_ROWS))));
    Some(told.collect())
}

/// At most so many rows: with a duration go all that have it, or none.
fn slowest_of(mut rows: Vec<(i64, u16)>, most: usize) -> Vec<Vec<i64>> {
    let place = |(longest, row): &(i64, u16)| (Reverse(*longest), *row);
    if rows.len() > most {
        rows.select_nth_unstable_by_key(most, place);
        rows.truncate(most + 1);
    }
    rows.sort_unstable_by_key(place);
    let others = rows.get(most).map(|(longest, _)| *longest);
    let told = rows.iter().take(most);
    let told: Vec<_> = told
        .filter(|(longest, _)| Some(*longest) != others)
        .collect();
    let lists = told.chunk_by(|one, next| one.0 == next.0).map(|same| {
        let rows = same.iter().map(|(_, row)| i64::from(*row));
        same.iter()
            .take(1)
            .map(|(longest, _)| *longest)
            .chain(rows)
            .collect()
    });
    lists.chain(others.map(|longest| vec![longest])).collect()
}

// === impl Lasting ===

impl Lasting {
    /// What a footer tells; nothing of any row group when it tells nothing, or not in this form.
    pub(super) fn of(footer: &Texts) -> Self {
        let known = footer.find(KEY).and_then(|text| {
            let groups: Vec<Option<Told>> = serde_json::from_str(text).ok()?;
            let groups = groups.into_iter();
            Some(groups.map(|of| of.and_then(of_group)).collect())
        });
        let known = known.or_else(|| {
            let text = footer.find(OLDER_KEY)?;
            let groups: Vec<Option<HashMap<Box<str>, i64>>> = serde_json::from_str(text).ok()?;
            let without_rows = |(service, longest)| (service, Slowest::without_rows(longest));
            let groups = groups.into_iter();
            let groups = groups.map(|of| of.map(|of| of.into_iter().map(without_rows).collect()));
            Some(groups.collect())
        });
        Self(known.unwrap_or_default())
    }

    /// How many bytes of memory it takes, roughly.
    pub(super) fn held_bytes(&self) -> usize {
        let services = self.0.iter().flatten().flatten();
        let each = services.map(|(name, slowest)| {
            size_of::<(Box<str>, Slowest)>()
                + name.len()
                + size_of_val(&*slowest.durations)
                + size_of_val(&*slowest.rows)
        });
        each.sum()
    }

    /// Whether a service may have taken so long in some row of a row group. `fits` says so of a duration, and of longer ones
    /// with it.
    pub(super) fn may(&self, group: usize, service: &str, fits: impl Fn(i64) -> bool) -> bool {
        let Some(known) = self.of_group(group) else {
            return true;
        };
        let longest = known.get(service).and_then(Slowest::longest);
        longest.is_some_and(fits)
    }

    /// The rows of a row group in which a service may have taken so long, in no order; `None` where only the column tells.
    pub(super) fn rows(
        &self,
        group: usize,
        service: &str,
        fits: impl Fn(i64) -> bool,
    ) -> Option<&[u16]> {
        let known = self.of_group(group)?;
        known
            .get(service)
            .map_or(Some(&[]), |known| known.rows(fits))
    }

    fn of_group(&self, group: usize) -> Option<&OfGroup> {
        self.0.get(group).and_then(Option::as_ref)
    }
}

/// `None` when it is not in the form that it should have.
fn of_group(told: Told) -> Option<OfGroup> {
    let services = told.into_iter();
    let services = services.map(|(service, told)| Some((service, Slowest::of(&told)?)));
    services.collect()
}

// === impl Slowest ===

impl Slowest {
    fn of(told: &[Vec<i64>]) -> Option<Self> {
        let (mut durations, mut rows, mut others) = (Vec::new(), Vec::new(), None);
        for (index, list) in told.iter().enumerate() {
            let (longest, with_it) = list.split_first()?;
            let before = durations.last().map(|(before, _)| *before);
            if before.is_some_and(|before| before <= *longest) {
                return None;
            }
            if with_it.is_empty() {
                if index + 1 < told.len() {
                    return None;
                }
                others = Some(*longest);
                continue;
            }
            for row in with_it {
                rows.push(u16::try_from(*row).ok()?);
            }
            durations.push((*longest, u16::try_from(rows.len()).ok()?));
        }
        Some(Self {
            durations: durations.into(),
            rows: rows.into(),
            others,
        })
    }

    fn without_rows(longest: i64) -> Self {
        Self {
            others: Some(longest),
            ..Self::default()
        }
    }

    fn longest(&self) -> Option<i64> {
        let first = self.durations.first().map(|(longest, _)| *longest);
        first.or(self.others)
    }

    fn rows(&self, fits: impl Fn(i64) -> bool) -> Option<&[u16]> {
        if self.others.is_some_and(&fits) {
            return None;
        }
        let fitting = self.durations.iter();
        let fitting = fitting.take_while(|(longest, _)| fits(*longest));
        let count = fitting.last().map_or(0, |(_, count)| usize::from(*count));
        self.rows.get(..count)
    }
}
