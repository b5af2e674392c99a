//! What comes from outside a pure function: time and randomness.
//!
//! Everything that needs "now" or a fresh id takes an [`Ambient`], so that tests decide both. Nothing else in the
//! workspace may ask the operating system for them (`clippy.toml` guards it).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Microseconds since the Unix epoch, by the wall clock. May step backwards.
    fn now_micros(&self) -> i64;

    /// Nanoseconds since an arbitrary moment. Never goes backwards; good for measuring how long something took.
    fn ticks_nanos(&self) -> u64;
}

/// Gives random bytes that nobody can guess (unless a test chose the seed).
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `into` with random bytes.
    fn fill(&self, into: &mut [u8]);
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Time and randomness together: the context parameter that comes first.
#[derive(Clone, Debug)]
pub struct Ambient {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Ambient {
    /// The real ones, from the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock::default()),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// Any two; tests pass [`ManualClock`] and [`SeededEntropy`].
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { clock, entropy }
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub fn now_micros(&self) -> i64 {
        self.clock.now_micros()
    }

    /// Nanoseconds on a clock that never goes backwards.
    #[must_use]
    pub fn ticks_nanos(&self) -> u64 {
        self.clock.ticks_nanos()
    }

    /// `N` random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A random number in `[0, 1)`.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        let bits = u64::from_be_bytes(self.bytes()) >> 11;
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits fit the mantissa exactly"
        )]
        let fraction = bits as f64 / (1u64 << 53) as f64;
        fraction
    }

    /// A version 4 UUID in its usual text form, as AWS request ids have it.
    #[must_use]
    pub fn uuid(&self) -> String {
        let mut b: [u8; 16] = self.bytes();
        b[6] = (b[6] & 0x0f) | 0x40;
        b[8] = (b[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (index, byte) in b.iter().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 0x0f] {
                text.push(char::from(HEX[usize::from(digit)]));
            }
        }
        text
    }

    /// `length` characters drawn evenly from `alphabet`, as AWS's short resource ids are made.
    ///
    /// # Panics
    ///
    /// When `alphabet` is empty or longer than 256 characters, or is not ASCII.
    #[must_use]
    pub fn text(&self, alphabet: &[u8], length: usize) -> String {
        assert!(!alphabet.is_empty() && alphabet.len() <= 256 && alphabet.is_ascii());
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(length);
        while text.len() < length {
            let [byte] = self.bytes();
            if usize::from(byte) < fair {
                text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
            }
        }
        text
    }
}

/// Says when to tell of what a client or a disk can make happen very often: at once, and then once a minute at most.
#[derive(Debug, Default)]
pub struct Seldom {
    /// When it may be told again, in ticks.
    due: AtomicU64,
    /// How often it happened since it was told.
    times: AtomicU64,
}

impl Seldom {
    /// How long nothing is told, in ticks.
    const PAUSE: u64 = 60 * 1_000_000_000;

    /// Notes that it happened; how often it did since it was told last, if it is to be told now.
    pub fn happened(&self, ambient: &Ambient) -> Option<u64> {
        self.times.fetch_add(1, Ordering::Relaxed);
        let now = ambient.ticks_nanos();
        let due = self.due.load(Ordering::Relaxed);
        let next = now.saturating_add(Self::PAUSE);
        let is_ours = now >= due
            && self
                .due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        is_ours.then(|| self.times.swap(0, Ordering::Relaxed))
    }
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl Default for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam that everybody else asks"
    )]
    fn default() -> Self {
        Self {
            started: std::time::Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam that everybody else asks"
    )]
    fn now_micros(&self) -> i64 {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .expect("the wall clock stands after 1970");
        i64::try_from(since.as_micros()).expect("the wall clock stands before the year 294000")
    }

    fn ticks_nanos(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).expect("no process runs for 584 years")
    }
}

/// A generator of this process seeded by the operating system, one per thread.
#[derive(Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the seam that everybody else asks"
    )]
    fn fill(&self, into: &mut [u8]) {
        rand::rng().fill_bytes(into);
    }
}

/// A clock that stands still until told otherwise.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    ticks: AtomicU64,
}

impl ManualClock {
    /// Starts at `micros` since the Unix epoch.
    #[must_use]
    pub fn at(micros: i64) -> Self {
        Self {
            micros: AtomicI64::new(micros),
            ticks: AtomicU64::new(0),
        }
    }

    /// Moves both clocks forward.
    pub fn advance_micros(&self, micros: u32) {
        self.micros.fetch_add(i64::from(micros), Ordering::SeqCst);
        self.ticks
            .fetch_add(u64::from(micros) * 1_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_micros(&self) -> i64 {
        self.micros.load(Ordering::SeqCst)
    }

    fn ticks_nanos(&self) -> u64 {
        self.ticks.load(Ordering::SeqCst)
    }
}

/// The same bytes for the same seed, in the order in which they are asked for.
#[derive(Debug)]
pub struct SeededEntropy {
    generator: std::sync::Mutex<StdRng>,
}

impl SeededEntropy {
    /// A generator for this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            generator: std::sync::Mutex::new(StdRng::seed_from_u64(seed)),
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, into: &mut [u8]) {
        self.generator
            .lock()
            .expect("no holder of this lock panics")
            .fill_bytes(into);
    }
}

/// Random bytes straight from the operating system's source, for long-lived secrets.
///
/// # Errors
///
/// When the operating system has no random source.
pub fn secret<const N: usize>() -> Result<[u8; N], std::io::Error> {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(std::io::Error::other)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Ambient {
        Ambient::new(
            Arc::new(ManualClock::at(5)),
            Arc::new(SeededEntropy::new(1)),
        )
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        assert_eq!(fixed().uuid(), fixed().uuid());
        assert_ne!(fixed().bytes::<8>(), Ambient::system().bytes::<8>());
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let uuid = fixed().uuid();
        assert_eq!(uuid.len(), 36);
        assert_eq!(&uuid[14..15], "4");
        assert!("89ab".contains(&uuid[19..20]));
        let dashes: Vec<usize> = uuid.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!(dashes, [8, 13, 18, 23]);
    }

    #[test]
    fn text_keeps_to_its_alphabet() {
        let text = fixed().text(b"abc", 200);
        assert_eq!(text.len(), 200);
        assert!(text.bytes().all(|byte| b"abc".contains(&byte)));
        assert!(
            b"abc"
                .iter()
                .all(|&letter| text.bytes().any(|byte| byte == letter))
        );
    }

    #[test]
    fn a_manual_clock_moves_both_hands() {
        let clock = ManualClock::at(10);
        clock.advance_micros(3);
        assert_eq!((clock.now_micros(), clock.ticks_nanos()), (13, 3_000));
    }

    #[test]
    fn what_happens_often_is_told_once_a_minute() {
        let clock = Arc::new(ManualClock::at(5));
        let ambient = Ambient::new(Arc::clone(&clock) as _, Arc::new(SeededEntropy::new(1)));
        let seldom = Seldom::default();
        assert_eq!(seldom.happened(&ambient), Some(1));
        for _ in 0..9 {
            assert_eq!(seldom.happened(&ambient), None);
        }
        clock.advance_micros(60_000_000);
        assert_eq!(seldom.happened(&ambient), Some(10));
        assert_eq!(seldom.happened(&ambient), None);
    }

    #[test]
    fn a_fraction_lies_below_one() {
        let ambient = fixed();
        assert!((0..1000).all(|_| (0.0..1.0).contains(&ambient.fraction())));
    }
}
