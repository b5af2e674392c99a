//! What was read of a bucket, in memory, up to a bound: pieces of files, the one that was used longest ago goes first.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// A piece is so many bytes, the last one of a file what is left.
pub(crate) const PIECE: u64 = 256 << 10;

/// Who needs a piece that is not here asks for so many, as far as those after it are not here either: what is read next of a
/// file of columns mostly lies behind.
const TOGETHER: u64 = 4;

/// What a piece takes in memory beside its bytes, roughly.
const OVERHEAD: usize = 256;

/// A file, by a number that no other ever has, and which of its pieces.
type Key = (u64, u64);

/// See the module.
#[derive(Debug)]
pub(crate) struct Cache {
    most_bytes: usize,
    held: Mutex<Held>,
    /// Told when a piece has come, or does not.
    came: Notify,
}

#[derive(Debug, Default)]
struct Held {
    pieces: HashMap<Key, Piece>,
    /// By when they were used last.
    order: BTreeMap<u64, Key>,
    turn: u64,
    bytes: usize,
}

#[derive(Debug)]
enum Piece {
    /// Somebody asks for it.
    Coming,
    Here {
        bytes: Bytes,
        /// When it was used last.
        turn: u64,
    },
}

/// Pieces that somebody asks for.
struct Claim<'c> {
    cache: &'c Cache,
    file: u64,
    pieces: Range<u64>,
}

// === impl Cache ===

impl Cache {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self {
            most_bytes,
            held: Mutex::default(),
            came: Notify::new(),
        }
    }

    /// Takes what is known of a file from some place on, up to its end.
    pub(crate) fn insert_end(&self, file: u64, from: u64, end: &[u8]) {
        let first = from.div_ceil(PIECE);
        let Some(rest) = usize::try_from(first * PIECE - from)
            .ok()
            .and_then(|skipped| end.get(skipped..))
        else {
            return;
        };
        let mut held = self.held.lock();
        for (piece, bytes) in (first..).zip(rest.chunks(as_usize(PIECE))) {
            held.insert((file, piece), Bytes::copy_from_slice(bytes));
        }
        held.shrink_to(self.most_bytes);
    }

    /// A part of a file of this length, which must lie within it; `fetch` asks for what of it is not here.
    pub(crate) async fn read<E>(
        &self,
        file: u64,
        length: u64,
        range: Range<u64>,
        fetch: impl AsyncFn(Range<u64>) -> Result<Bytes, E>,
    ) -> Result<Bytes, E> {
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let wanted = range.start / PIECE..range.end.div_ceil(PIECE);
        let mut found: BTreeMap<u64, Bytes> = BTreeMap::new();
        loop {
            let came = self.came.notified();
            tokio::pin!(came);
            // From here on nothing that comes is missed.
            came.as_mut().enable();
            let claim = {
                let mut held = self.held.lock();
                for piece in wanted.clone() {
                    if let Some(bytes) = held.find((file, piece)) {
                        found.entry(piece).or_insert(bytes);
                    }
                }
                let is_missing = |piece: &u64| !found.contains_key(piece);
                let Some(first) = wanted.clone().find(is_missing) else {
                    return Ok(joined(&found, range));
                };
                let last = length.div_ceil(PIECE).min(wanted.end.max(first + TOGETHER));
                let run = (first..last)
                    .take_while(|piece| !held.pieces.contains_key(&(file, *piece)))
                    .count() as u64;
                for piece in first..first + run {
                    held.pieces.insert((file, piece), Piece::Coming);
                }
                (run > 0).then(|| Claim {
                    cache: self,
                    file,
                    pieces: first..first + run,
                })
            };
            let Some(claim) = claim else {
                came.await;
                continue;
            };
            let from = claim.pieces.start * PIECE;
            let bytes = fetch(from..length.min(claim.pieces.end * PIECE)).await?;
            let pieces = claim.pieces.clone().zip(bytes.chunks(as_usize(PIECE)));
            let mut held = self.held.lock();
            for (piece, bytes) in pieces {
                // A copy, so that what is held of an answer does not hold all of it.
                let bytes = Bytes::copy_from_slice(bytes);
                if wanted.contains(&piece) {
                    found.insert(piece, bytes.clone());
                }
                held.insert((file, piece), bytes);
            }
            held.shrink_to(self.most_bytes);
        }
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        self.held.lock().bytes
    }
}

/// The range out of pieces that have it.
fn joined(pieces: &BTreeMap<u64, Bytes>, range: Range<u64>) -> Bytes {
    let part = |(piece, bytes): (&u64, &Bytes)| {
        let start = piece * PIECE;
        let from = as_usize(range.start.saturating_sub(start)).min(bytes.len());
        let up_to = as_usize(range.end.saturating_sub(start)).min(bytes.len());
        bytes.slice(from..up_to)
    };
    let mut parts = pieces.iter().map(part);
    if pieces.len() == 1 {
        return parts.next().unwrap_or_default();
    }
    let mut all = BytesMut::with_capacity(as_usize(range.end - range.start));
    parts.for_each(|part| all.extend_from_slice(&part));
    all.freeze()
}

fn as_usize(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

// === impl Held ===

impl Held {
    /// A piece that is here; it has been used now.
    fn find(&mut self, key: Key) -> Option<Bytes> {
        let Piece::Here { bytes, turn } = self.pieces.get_mut(&key)? else {
            return None;
        };
        self.turn += 1;
        self.order.remove(turn);
        *turn = self.turn;
        self.order.insert(self.turn, key);
        Some(bytes.clone())
    }

    fn insert(&mut self, key: Key, bytes: Bytes) {
        self.remove(key);
        self.turn += 1;
        self.bytes += bytes.len() + OVERHEAD;
        self.order.insert(self.turn, key);
        let turn = self.turn;
        self.pieces.insert(key, Piece::Here { bytes, turn });
    }

    fn remove(&mut self, key: Key) {
        if let Some(Piece::Here { bytes, turn }) = self.pieces.remove(&key) {
            self.order.remove(&turn);
            self.bytes -= bytes.len() + OVERHEAD;
        }
    }

    fn shrink_to(&mut self, most_bytes: usize) {
        while self.bytes > most_bytes {
            let Some((_, oldest)) = self.order.first_key_value() else {
                return;
            };
            self.remove(*oldest);
        }
    }
}

// === impl Claim ===

impl Drop for Claim<'_> {
    /// Whatever became of it: nobody waits for it any more.
    fn drop(&mut self) {
        let mut held = self.cache.held.lock();
        for piece in self.pieces.clone() {
            if let Some(Piece::Coming) = held.pieces.get(&(self.file, piece)) {
                held.pieces.remove(&(self.file, piece));
            }
        }
        drop(held);
        self.cache.came.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    const LENGTH: u64 = 10 * PIECE + 7;

    fn byte(at: u64) -> u8 {
        u8::try_from(at % 251).unwrap()
    }

    fn content(range: Range<u64>) -> Bytes {
        range.map(byte).collect()
    }

    /// Reads, and tells what was fetched for it.
    async fn read(cache: &Cache, range: Range<u64>) -> Vec<(u64, u64)> {
        let fetched = Mutex::new(Vec::new());
        let fetch = async |range: Range<u64>| {
            fetched.lock().push((range.start, range.end));
            Ok::<_, Infallible>(content(range))
        };
        let found = cache.read(1, LENGTH, range.clone(), fetch).await.unwrap();
        assert!(found == content(range));
        fetched.into_inner()
    }

    #[tokio::test]
    async fn what_was_read_is_not_fetched_again() {
        let cache = Cache::new(100 << 20);
        assert_eq!(read(&cache, 5..9).await, [(0, 4 * PIECE)]);
        assert!(read(&cache, PIECE - 3..4 * PIECE).await.is_empty());
        // All that is missing in between at once, up to what is here.
        assert_eq!(
            read(&cache, 9 * PIECE..LENGTH).await,
            [(9 * PIECE, LENGTH)],
            "no more than there is"
        );
        assert_eq!(read(&cache, 1..LENGTH).await, [(4 * PIECE, 9 * PIECE)]);
        assert!(read(&cache, LENGTH - 1..LENGTH).await.is_empty());
    }

    #[tokio::test]
    async fn the_end_of_a_file_may_be_told() {
        let cache = Cache::new(100 << 20);
        let from = LENGTH - PIECE - 100;
        cache.insert_end(1, from, &content(from..LENGTH));
        assert!(read(&cache, 10 * PIECE..LENGTH).await.is_empty());
        assert_eq!(read(&cache, from..LENGTH).await, [(8 * PIECE, 9 * PIECE)]);
        cache.insert_end(1, 0, &content(0..LENGTH));
        assert!(read(&cache, 0..LENGTH).await.is_empty());
    }

    #[tokio::test]
    async fn memory_is_bounded_and_what_is_larger_is_read_all_the_same() {
        let most = 3 * as_usize(PIECE) + 3 * OVERHEAD;
        let cache = Cache::new(most);
        assert!(!read(&cache, 0..LENGTH).await.is_empty());
        assert!(cache.bytes() <= most);
        // What is used stays: the last pieces are here, and the first one is fetched anew.
        assert!(read(&cache, 9 * PIECE..LENGTH).await.is_empty());
        assert_eq!(read(&cache, 0..1).await, [(0, 4 * PIECE)]);
        assert!(cache.bytes() <= most);
        let none = Cache::new(0);
        assert_eq!(read(&none, 0..2 * PIECE).await.len(), 1);
        assert_eq!(none.bytes(), 0);
    }

    #[tokio::test]
    async fn who_asks_together_fetches_once_and_a_failure_is_not_kept() {
        let cache = Cache::new(100 << 20);
        let begun = Notify::new();
        let go_on = Notify::new();
        let slow = async |range: Range<u64>| {
            begun.notify_one();
            go_on.notified().await;
            Ok::<_, &str>(content(range))
        };
        let nothing = async |_: Range<u64>| Err::<Bytes, _>("fetched twice");
        let second = async {
            begun.notified().await;
            let waiting = cache.read(1, LENGTH, 7..8, nothing);
            tokio::pin!(waiting);
            assert!(is_pending(&mut waiting).await, "it waits");
            go_on.notify_one();
            waiting.await
        };
        let first = cache.read(1, LENGTH, 0..10, slow);
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap(), content(0..10));
        assert_eq!(second.unwrap(), content(7..8));

        let failed = cache.read(1, LENGTH, 5 * PIECE..5 * PIECE + 1, nothing);
        assert_eq!(failed.await, Err("fetched twice"));
        assert_eq!(read(&cache, 5 * PIECE..5 * PIECE + 1).await.len(), 1);
    }

    /// Whether it is not done when it is asked once.
    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            let polled = std::pin::Pin::new(&mut *future).poll(context);
            std::task::Poll::Ready(polled.is_pending())
        })
        .await
    }
}
