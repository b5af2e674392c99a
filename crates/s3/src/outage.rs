//! A bucket that is out of reach: who reads from it is told at once for a while, and does not wait for every time-out again.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

#[derive(Debug)]
pub(crate) struct Outage {
    pause: Duration,
    now: Mutex<Option<Now>>,
}

#[derive(Debug)]
struct Now {
    why: String,
    /// When somebody may try again.
    until: Instant,
}

// === impl Outage ===

impl Outage {
    /// None, for now. Nothing is tried for so long after a failure.
    pub(crate) fn new(pause: Duration) -> Self {
        Self {
            pause,
            now: Mutex::default(),
        }
    }

    /// Whether it may be tried; otherwise why it failed last.
    pub(crate) fn admit(&self) -> Result<(), String> {
        let mut now = self.now.lock();
        let Some(outage) = &mut *now else {
            return Ok(());
        };
        if Instant::now() < outage.until {
            return Err(outage.why.clone());
        }
        // One tries; the others go on being told until that is over, or has taken long.
        outage.until = Instant::now() + self.pause;
        Ok(())
    }

    /// It failed, and will for everybody.
    pub(crate) fn begins(&self, why: &str) {
        *self.now.lock() = Some(Now {
            why: why.to_owned(),
            until: Instant::now() + self.pause,
        });
    }

    /// The bucket answers.
    pub(crate) fn is_over(&self) {
        *self.now.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_tries_from_time_to_time() {
        let pause = Duration::from_secs(2);
        let outage = Outage::new(pause);
        outage.admit().unwrap();
        outage.begins("it is dark");
        assert_eq!(outage.admit().unwrap_err(), "it is dark");
        tokio::time::advance(pause).await;
        outage.admit().unwrap();
        outage.admit().unwrap_err();
        outage.is_over();
        outage.admit().unwrap();
    }
}
