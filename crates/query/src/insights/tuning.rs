//! The detector's numbers.

/// What the detector goes by. The default was chosen on the synthetic incidents of the seeds 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Minutes with traffic that must be learnt before a service is judged.
    pub least_minutes: u32,
    /// Requests that must be learnt before a service is judged.
    pub least_requests: f64,
    /// Minutes that a minute waits before it is learnt, so that the onset of an incident is not.
    pub learn_after: usize,
    /// After how many minutes what was learnt counts half.
    pub half_life: f64,
    /// The lowest share of faults that is taken as usual: fewer are never held against a service.
    pub least_ratio: f64,
    /// Standard deviations of what is not yet known that are granted to the usual share.
    pub caution: f64,
    /// How many faults of a season weigh as much as what is known of all seasons.
    pub season_weight: f64,
    /// How a sudden departure looks: the usual share times the first, or plus the second, whichever is more.
    pub sharp: (f64, f64),
    /// How a slow departure looks.
    pub slow: (f64, f64),
    /// The evidence at which an incident opens, as the logarithm of a likelihood ratio.
    pub opens_at: f64,
    /// The share of that which one minute can bring at most: below 1, no minute alone opens an incident.
    pub one_minute: f64,
    /// The share of the evidence that is left after a minute: one bad minute is not held against a service for long.
    pub keeps: f64,
    /// The share of it from which a service is suspected: not enough to open, enough to be named as a cause.
    pub suspect_at: f64,
    /// Faults without which there is no incident, however unusual they are.
    pub least_faults: u64,
    /// Half the width of the band of usual counts, in standard deviations.
    pub band: f64,
    /// Minutes within the band after which an incident closes.
    pub closes_after: i64,
    /// The evidence of health that it also takes.
    pub healed_at: f64,
    /// Minutes without a request after which an incident closes.
    pub silent_after: i64,
    /// Minutes after which an incident that does not heal closes, and its level is learnt as the usual one.
    pub settles_after: i64,
    /// Services that are watched at once.
    pub most_services: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            least_minutes: 60,
            least_requests: 50.0,
            learn_after: 30,
            half_life: 1_440.0,
            least_ratio: 0.002,
            caution: 1.0,
            season_weight: 10.0,
            sharp: (3.0, 0.20),
            slow: (2.5, 0.03),
            opens_at: 15.0,
            one_minute: 0.55,
            keeps: 0.96,
            suspect_at: 0.4,
            least_faults: 5,
            band: 3.0,
            closes_after: 10,
            healed_at: 3.0,
            silent_after: 60,
            settles_after: 1_440,
            most_services: 500,
        }
    }
}
