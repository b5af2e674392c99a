//! The handle that everybody shares: each region's rules behind a lock, with time and chance supplied.

use std::collections::HashMap;
use std::sync::Arc;

use fluoro_ambient::Ambient;
use fluoro_model::TimestampMicros;
use parking_lot::{Mutex, RwLock};

use crate::book::Book;
use crate::decision::{Decision, SampledRequest, Sampler};
use crate::rule::RuleRecord;

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
    books: RwLock<HashMap<String, Arc<Mutex<Book>>>>,
}

impl Sampling {
    /// No custom rules, and `default_rule` as the last of every region.
    ///
    /// `home` is the region of requests whose resource names none.
    #[must_use]
    pub fn new(ambient: Ambient, home: &str, default_rule: RuleRecord) -> Self {
        let shared = Shared {
            ambient,
            home: home.to_owned(),
            default_rule,
            books: RwLock::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Works on a region's rules. `work` holds the lock that decisions need too, so it must be short.
    pub fn with_book<T>(&self, region: &str, work: impl FnOnce(&mut Book) -> T) -> T {
        let book = self.book(region);
        let mut book = book.lock();
        work(&mut book)
    }

    /// The rule that every region begins with.
    #[must_use]
    pub fn default_rule(&self) -> &RuleRecord {
        &self.shared.default_rule
    }

    fn book(&self, region: &str) -> Arc<Mutex<Book>> {
        if let Some(book) = self.shared.books.read().get(region) {
            return Arc::clone(book);
        }
        let mut books = self.shared.books.write();
        let book = books.entry(region.to_owned()).or_insert_with(|| {
            let now = TimestampMicros(self.shared.ambient.now_micros());
            Arc::new(Mutex::new(Book::new(now, self.shared.default_rule.clone())))
        });
        Arc::clone(book)
    }
}

impl Sampler for Sampling {
    /// By the rules of the region that the resource's ARN names, else of the home region.
    fn decide(&self, now: TimestampMicros, request: &SampledRequest<'_>) -> Decision {
        let region = request.resource_arn.and_then(region_of);
        let region = region.unwrap_or(&self.shared.home);
        let fraction = self.shared.ambient.fraction();
        self.with_book(region, |book| book.decide(now, fraction, request))
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
    use crate::decision::How;
    use crate::rule::SamplingRule;

    fn sampling() -> Sampling {
        let ambient = Ambient::new(
            Arc::new(ManualClock::at(0)),
            Arc::new(SeededEntropy::new(1)),
        );
        Sampling::new(ambient, "us-east-1", RuleRecord::default_record())
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
        let by = |rule: &str| How::Reservoir {
            rule: rule.to_owned(),
        };
        let irish = "arn:aws:apigateway:eu-west-1::/restapis/a/stages/prod";
        assert_eq!(decide(Some(irish)), by("irish"));
        assert_eq!(decide(None), by("Default"));
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
}
