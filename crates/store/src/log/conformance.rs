//! What every [`Log`] must do, as one suite.

use std::collections::BTreeMap;

use bytes::Bytes;
use fluoro_model::{TimestampMicros, TraceId};

use super::simulated::Random;
use super::{Chunk, LARGEST_DOCUMENT, Log, LogError, Position, Record};

/// A record that can be told from every other by its number.
#[must_use]
pub fn record(number: u64, length: usize) -> Record {
    let mut document = format!("{{\"number\":{number}}}").into_bytes();
    let mut random = Random::new(number);
    while document.len() < length {
        document.extend(random.number().to_le_bytes());
    }
    Record {
        trace: TraceId::from_bits(u128::from(number) << 64 | 7),
        received: TimestampMicros(1_790_000_000_000_000 + i64::try_from(number).unwrap_or(0)),
        document: Bytes::from(document),
    }
}

/// Every record from `from` on, read in chunks of about `bytes`.
///
/// # Errors
///
/// When the log cannot be read.
pub async fn all(
    log: &dyn Log,
    from: Position,
    bytes: usize,
) -> Result<Vec<(Position, Record)>, LogError> {
    let mut found = Vec::new();
    let mut next = Some(from);
    while let Some(from) = next {
        let Chunk {
            records,
            next: more,
            ..
        } = log.scan(from, bytes).await?;
        found.extend(records);
        next = more;
    }
    Ok(found)
}

/// Runs the suite against an empty log.
///
/// # Panics
///
/// When the log breaks a promise.
pub async fn suite(log: &dyn Log, seed: u64) {
    empty(log).await;
    refuses_what_is_too_large(log).await;
    follows_a_map(log, seed).await;
    releases_from_the_front(log).await;
}

async fn empty(log: &dyn Log) {
    assert_eq!(all(log, Position::START, 1).await.expect("scan"), []);
    assert_eq!(log.append(Vec::new()).await.expect("append nothing"), []);
    let unknown = log.read(&[log.extent().end]).await.expect("read");
    assert_eq!(unknown, [None]);
}

async fn refuses_what_is_too_large(log: &dyn Log) {
    let mut large = record(1, 10);
    large.document = Bytes::from(vec![b' '; LARGEST_DOCUMENT + 1]);
    let refused = log.append(vec![record(0, 10), large]).await;
    assert!(matches!(refused, Err(LogError::TooLarge { .. })));
    assert_eq!(all(log, Position::START, 1).await.expect("scan"), []);
}

/// Appends and reads at random; a plain map says what must come back.
async fn follows_a_map(log: &dyn Log, seed: u64) {
    let mut random = Random::new(seed);
    let mut model = BTreeMap::new();
    let mut number = 0;
    for _ in 0..60 {
        let group: Vec<Record> = (0..1 + random.below(60))
            .map(|_| {
                number += 1;
                let rarely_long = if random.chance(8) { 300_000 } else { 2_000 };
                record(number, random.below(rarely_long))
            })
            .collect();
        let positions = match random.chance(300) {
            true => log.append_first(group.clone()).await,
            false => log.append(group.clone()).await,
        };
        let positions = positions.expect("append");
        assert_eq!(positions.len(), group.len());
        for (position, record) in positions.into_iter().zip(group) {
            let after = model
                .last_key_value()
                .is_none_or(|(last, _)| *last < position);
            assert!(after, "positions grow");
            model.insert(position, record);
        }
        let known: Vec<Position> = model.keys().copied().collect();
        let wanted: Vec<Position> = (0..10).map(|_| known[random.below(known.len())]).collect();
        let found = log.read(&wanted).await.expect("read");
        for (position, found) in wanted.iter().zip(found) {
            assert_eq!(found.as_ref(), model.get(position));
        }
    }
    let expected: Vec<_> = model.clone().into_iter().collect();
    for bytes in [1, 10_000, usize::MAX] {
        assert_eq!(
            all(log, Position::START, bytes).await.expect("scan"),
            expected
        );
    }
    let from = expected[expected.len() / 2].0;
    let later: Vec<_> = model
        .range(from..)
        .map(|(at, r)| (*at, r.clone()))
        .collect();
    assert_eq!(all(log, from, 5_000).await.expect("scan"), later);
    let extent = log.extent();
    assert!(
        model
            .keys()
            .all(|at| extent.first <= *at && *at < extent.end)
    );
}

async fn releases_from_the_front(log: &dyn Log) {
    let before = all(log, Position::START, usize::MAX).await.expect("scan");
    let middle = before[before.len() / 2].0;
    log.release(middle).await.expect("release");
    let after = all(log, Position::START, usize::MAX).await.expect("scan");
    let dropped = before.len() - after.len();
    assert_eq!(after, before[dropped..], "only the front goes");
    assert!(
        after.first().is_some_and(|(at, _)| *at <= middle),
        "nothing goes that was not released"
    );
    let extent = log.extent();
    let oldest = extent.oldest_ends.unwrap_or(extent.end);
    assert!(oldest > middle, "what can go, goes");
    let gone: Vec<Position> = before[..dropped].iter().map(|(at, _)| *at).collect();
    assert!(
        log.read(&gone)
            .await
            .expect("read")
            .iter()
            .all(Option::is_none)
    );
}
