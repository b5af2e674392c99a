//! The handle that everybody shares: each region's rules behind a lock, with time and chance supplied.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use fluoro_ambient::Ambient;
use fluoro_model::{TimestampMicros, TraceId};
use parking_lot::{Mutex, RwLock};

use crate::book::Book;
use crate::decision::{Decision, FinishedRequest, SampledRequest, Sampler};
use crate::preview::Preview;
use crate::recent::{Recent, RecentRequest};
use crate::report::BoostReport;
use crate::rule::RuleRecord;
use crate::rule_set::RuleSet;

/// The rules of an account, by region. Clones share them.
#[derive(Debug, Clone)]
pub struct Sampling {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ambient: Ambient,
    home: String,
    default_rule: RuleRecord,
    regions: RwLock<HashMap<String, Arc<InRegion>>>,
    recent: Recent,
}

/// One region's rules: to be matched without waiting, and with what became of them behind a lock.
#[derive(Debug)]
struct InRegion {
    rules: ArcSwap<RuleSet>,
    book: Mutex<Book>,
}

/// Regions that are remembered. Callers name them freely; what is done in further ones is forgotten at once.
const REGIONS: usize = 1_000;

impl Sampling {
    /// No custom rules, and `default_rule` as the last of every region.
    ///
    /// `home` is the region of requests whose resource names none, `recent` how many requests are remembered.
    #[must_use]
    pub fn new(ambient: Ambient, home: &str, default_rule: RuleRecord, recent: usize) -> Self {
        let shared = Shared {
            ambient,
            home: home.to_owned(),
            default_rule,
            regions: RwLock::default(),
            recent: Recent::new(recent),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Works on a region's rules. `work` holds the lock that decisions need too, so it must be short.
    pub fn with_book<T>(&self, region: &str, work: impl FnOnce(&mut Book) -> T) -> T {
        let region = self.region(region);
        let mut book = region.book.lock();
        let done = work(&mut book);
        region.rules.store(Arc::clone(book.rules()));
        done
    }

    /// The last requests that `wanted` says yes to by trace and request id, newest first.
    pub fn recent(
        &self,
        wanted: impl Fn(TraceId, &str) -> bool,
    ) -> impl Iterator<Item = RecentRequest> {
        self.shared.recent.select(wanted)
    }

    /// What `rule` would have kept of the last requests to a region.
    #[must_use]
    pub fn preview(&self, region: &str, rule: RuleRecord) -> Preview {
        let requests = self.recent(|_, _| true).filter(|request| {
            let arn = request.resource_arn.as_deref();
            arn.and_then(region_of).unwrap_or(&self.shared.home) == region
        });
        let requests = requests.collect();
        // A copy, so that nobody's request waits while all of these are decided on.
        let book = self.with_book(region, |book| book.clone());
        book.preview(rule, requests, || self.shared.ambient.fraction())
    }

    /// The rule that every region begins with.
    #[must_use]
    pub fn default_rule(&self) -> &RuleRecord {
        &self.shared.default_rule
    }

    fn region(&self, region: &str) -> Arc<InRegion> {
        if let Some(region) = self.shared.regions.read().get(region) {
            return Arc::clone(region);
        }
        let mut regions = self.shared.regions.write();
        if let Some(region) = regions.get(region) {
            return Arc::clone(region);
        }
        let now = TimestampMicros(self.shared.ambient.now_micros());
        let book = Book::new(now, self.shared.default_rule.clone());
        let new = Arc::new(InRegion {
            rules: ArcSwap::new(Arc::clone(book.rules())),
            book: Mutex::new(book),
        });
        if regions.len() < REGIONS {
            regions.insert(region.to_owned(), Arc::clone(&new));
        }
        new
    }

    /// The region that the resource's ARN names, else the home region.
    fn region_of(&self, request: &SampledRequest<'_>) -> Arc<InRegion> {
        let region = request.resource_arn.and_then(region_of);
        self.region(region.unwrap_or(&self.shared.home))
    }
}

impl Sampler for Sampling {
    /// By the rules of the region that the resource's ARN names, else of the home region.
    fn decide(&self, now: TimestampMicros, request: &SampledRequest<'_>) -> Decision {
        let region = self.region_of(request);
        let fraction = self.shared.ambient.fraction();
        let rules = region.rules.load();
        let position = rules.position(request);
        let mut book = region.book.lock();
        if Arc::ptr_eq(&rules, book.rules()) {
            book.decide_by(position, now, fraction)
        } else {
            book.decide(now, fraction, request)
        }
    }

    /// Remembers the request. One that failed unrecorded is an anomaly for a rule with a boost.
    fn finished(&self, finished: &FinishedRequest<'_>) {
        let region = self.region_of(finished.request);
        let rules = region.rules.load_full();
        let decision = finished.decision;
        let recorded = decision.sampled || finished.kept.is_some();
        if !recorded
            && finished.status.is_some_and(|status| status >= 500)
            && let Some(rule) = decision.how.rule()
            && rules.boosts(rule.as_str())
        {
            let report = BoostReport {
                rule_name: rule.to_string(),
                service_name: finished.request.service_name.unwrap_or_default().to_owned(),
                anomalies: 1,
                sampled_anomalies: 0,
            };
            region.book.lock().anomalies(finished.ended, &report);
        }
        self.shared.recent.remember(finished, &rules);
    }
}

/// `arn:partition:service:region:account:resource`
fn region_of(arn: &str) -> Option<&str> {
    let region = arn.split(':').nth(3)?;
    (!region.is_empty()).then_some(region)
}

#[cfg(test)]
mod tests {
    use fluoro_ambient::{ManualClock, SeededEntropy};

    use super::*;
    use crate::decision::{How, Kept};
    use crate::rule::{SamplingRateBoost, SamplingRule};

    fn sampling() -> Sampling {
        let ambient = Ambient::new(
            Arc::new(ManualClock::at(0)),
            Arc::new(SeededEntropy::new(1)),
        );
        Sampling::new(ambient, "us-east-1", RuleRecord::default_record(), 100)
    }

    #[test]
    fn the_resource_names_the_region() {
        let sampling = sampling();
        let rule = SamplingRule {
            rule_name: "irish".to_owned(),
            priority: 1,
            ..SamplingRule::default_rule()
        };
        sampling.with_book("eu-west-1", |book| {
            let record = book.plan_create(TimestampMicros(0), rule).unwrap();
            book.install(record);
        });
        let decide = |resource_arn| {
            let request = SampledRequest {
                resource_arn,
                ..SampledRequest::default()
            };
            sampling.decide(TimestampMicros(0), &request).how
        };
        let by = |rule: &str| How::Reservoir { rule: rule.into() };
        let irish = "arn:aws:apigateway:eu-west-1::/restapis/a/stages/prod";
        assert_eq!(decide(Some(irish)), by("irish"));
        assert_eq!(decide(None), by("Default"));
    }

    #[test]
    fn faults_that_nobody_recorded_raise_the_rate_of_a_rule_with_a_boost() {
        let sampling = sampling();
        let rule = SamplingRule {
            rule_name: "shop".to_owned(),
            priority: 1,
            reservoir_size: 0,
            fixed_rate: 0.0,
            sampling_rate_boost: Some(SamplingRateBoost {
                max_rate: 1.0,
                cooldown_window_minutes: 1,
            }),
            ..SamplingRule::default_rule()
        };
        sampling.with_book("us-east-1", |book| {
            let record = book.plan_create(TimestampMicros(0), rule).unwrap();
            book.install(record);
        });
        let request = SampledRequest::default();
        let decide = |second: i64| sampling.decide(TimestampMicros(second * 1_000_000), &request);
        let fails = |second: i64, kept| {
            let decision = decide(second);
            sampling.finished(&FinishedRequest {
                request: &request,
                decision: &decision,
                trace_id: TraceId::from_bits(1),
                request_id: "r",
                received: TimestampMicros(second * 1_000_000),
                ended: TimestampMicros(second * 1_000_000),
                status: Some(502),
                kept,
            });
        };
        let boosted = |second: i64| {
            let decisions = (0..1_000).map(|_| decide(second));
            decisions
                .filter(|one| matches!(one.how, How::Boost { .. }))
                .count()
        };
        fails(1000, Some(Kept::Fault));
        assert_eq!(boosted(1010), 0, "it was recorded");
        fails(1010, None);
        let kept = boosted(1020);
        assert!((1..50).contains(&kept), "{kept} of 1000 at a rate of 0.01");
    }

    #[test]
    fn clones_share_the_reservoir() {
        let sampling = sampling();
        let decide = |sampling: &Sampling| {
            let decision = sampling.decide(TimestampMicros(0), &SampledRequest::default());
            matches!(decision.how, How::Reservoir { .. })
        };
        assert!(decide(&sampling.clone()));
        assert!(!decide(&sampling));
    }

    #[test]
    fn made_up_regions_are_not_remembered_for_ever() {
        let sampling = sampling();
        sampling.with_book("us-east-1", |_| ());
        for number in 0..2 * REGIONS {
            sampling.with_book(&format!("nowhere-{number}"), |_| ());
        }
        assert_eq!(sampling.shared.regions.read().len(), REGIONS);
    }
}
