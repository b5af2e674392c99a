//! Chance that is the same for a seed whatever libraries say. Not for secrets.

use std::f64::consts::TAU;

/// SplitMix64.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

/// Above this mean, counts are drawn from the normal distribution that is close to theirs.
const MANY: f64 = 30.0;

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Evenly in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        #[expect(
            clippy::cast_precision_loss,
            reason = "53 bits fit the mantissa exactly"
        )]
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        unit
    }

    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Evenly by order of magnitude.
    pub(super) fn magnitude(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    /// Both bounds included.
    pub(super) fn whole(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.next() % span).unwrap_or_default()
    }

    pub(super) fn place(&mut self, count: usize) -> usize {
        let count = i64::try_from(count).unwrap_or(1);
        usize::try_from(self.whole(0, count - 1)).unwrap_or_default()
    }

    pub(super) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }

    /// How many arrive when so many are expected.
    pub(super) fn arrivals(&mut self, mean: f64) -> u64 {
        if mean > MANY {
            return count(mean + mean.sqrt() * self.normal());
        }
        let mut left = self.unit();
        let bound = (-mean).exp();
        let mut arrived = 0;
        while left > bound {
            left *= self.unit();
            arrived += 1;
        }
        arrived
    }

    /// How many of `n` it happens to.
    pub(super) fn of(&mut self, n: u64, probability: f64) -> u64 {
        let probability = probability.clamp(0.0, 1.0);
        if probability > 0.5 {
            return n - self.of(n, 1.0 - probability);
        }
        if n == 0 || probability == 0.0 {
            return 0;
        }
        let mean = super::super::minute::real(n) * probability;
        if mean > MANY {
            let deviation = (mean * (1.0 - probability)).sqrt();
            return count(mean + deviation * self.normal()).min(n);
        }
        // From one that it happens to, to the next.
        let fails = (1.0 - probability).ln();
        let mut at = 0;
        let mut happened = 0;
        loop {
            at += count((1.0 - self.unit()).ln() / fails - 0.5) + 1;
            if at > n {
                return happened;
            }
            happened += 1;
        }
    }

    /// Around 1; the smaller the shape, which is at least 1, the wider. Source: G. Marsaglia, W. W. Tsang, "A simple
    /// method for generating gamma variables", 2000.
    pub(super) fn burst(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v <= 0.0 {
                continue;
            }
            if (1.0 - self.unit()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v / shape;
            }
        }
    }
}

/// The nearest count.
fn count(number: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates, which is what is meant"
    )]
    let count = number.round().max(0.0) as u64;
    count
}

#[cfg(test)]
mod tests {
    use super::super::super::minute::real;
    use super::*;

    fn mean(draw: impl Fn(&mut Chance) -> f64) -> f64 {
        let mut chance = Chance::new(7);
        (0..20_000).map(|_| draw(&mut chance)).sum::<f64>() / 20_000.0
    }

    #[test]
    fn each_draw_has_its_mean() {
        let near = |found: f64, wanted: f64| {
            assert!((found / wanted - 1.0).abs() < 0.05, "{found} {wanted}")
        };
        near(mean(|chance| real(chance.of(40, 0.1))), 4.0);
        near(mean(|chance| real(chance.of(40, 0.9))), 36.0);
        near(mean(|chance| real(chance.of(10_000, 0.3))), 3_000.0);
        near(mean(|chance| real(chance.arrivals(0.5))), 0.5);
        near(mean(|chance| real(chance.arrivals(500.0))), 500.0);
        near(mean(|chance| chance.burst(4.0)), 1.0);
        near(mean(|chance| chance.between(1.0, 3.0)), 2.0);
    }

    #[test]
    fn a_seed_is_a_seed() {
        let draws = |seed| {
            let mut chance = Chance::new(seed);
            [chance.next(), chance.next(), chance.next()]
        };
        assert_eq!(draws(1), draws(1));
        assert_ne!(draws(1), draws(2));
    }
}
