use fluoro_model::TimestampMicros;
use proptest::prelude::*;

use super::*;
use crate::boost::BoostRate;
use crate::report::ClientId;
use crate::rule::SamplingRateBoost;

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn rule(name: &str, priority: u16) -> SamplingRule {
    SamplingRule {
        rule_name: name.to_owned(),
        priority,
        ..SamplingRule::default_rule()
    }
}

fn book(rules: impl IntoIterator<Item = SamplingRule>) -> Book {
    let mut book = Book::new(at(0), RuleRecord::default_record());
    for rule in rules {
        let record = book.plan_create(at(1), rule).unwrap();
        book.install(record);
    }
    book
}

fn decided_by(book: &mut Book, request: &SampledRequest<'_>) -> String {
    let decision = book.decide(at(0), 0.99, request);
    decision.how.rule().unwrap().to_string()
}

fn report(rule: &str, client: &str, requests: u64) -> Report {
    Report {
        rule_name: rule.to_owned(),
        client_id: ClientId(client.into()),
        counts: Counts {
            requests,
            sampled: requests / 10,
            borrowed: 1,
        },
    }
}

#[test]
fn the_lowest_priority_number_that_fits_decides() {
    let mut only_posts = rule("posts", 1);
    only_posts.http_method = "POST".to_owned();
    let mut book = book([rule("late", 9), rule("early", 2), only_posts]);
    let get = SampledRequest {
        http_method: Some("GET"),
        ..SampledRequest::default()
    };
    assert_eq!(decided_by(&mut book, &get), "early");
}

#[test]
fn ties_go_by_name_and_nothing_fitting_goes_to_default() {
    let mut book = book([rule("b", 5), rule("a", 5)]);
    assert_eq!(decided_by(&mut book, &SampledRequest::default()), "a");
    for name in ["a", "b"] {
        book.remove(at(2), name);
    }
    assert_eq!(decided_by(&mut book, &SampledRequest::default()), "Default");
}

#[test]
fn the_reservoir_comes_before_the_rate() {
    let mut book = book([SamplingRule {
        reservoir_size: 1,
        fixed_rate: 0.5,
        ..rule("shop", 1)
    }]);
    let mut decide = |fraction| book.decide(at(7), fraction, &SampledRequest::default());
    let rate = |sampled| Decision {
        sampled,
        how: How::Rate {
            rule: "shop".into(),
        },
    };
    assert!(matches!(
        decide(0.99),
        Decision {
            sampled: true,
            how: How::Reservoir { .. }
        }
    ));
    assert_eq!(decide(0.49), rate(true));
    assert_eq!(decide(0.5), rate(false));
}

#[test]
fn a_rate_of_one_keeps_everything_and_of_nothing_drops_it() {
    let all = SamplingRule {
        reservoir_size: 0,
        fixed_rate: 1.0,
        ..rule("all", 1)
    };
    assert!(
        book([all.clone()])
            .decide(at(0), 0.999_999, &SampledRequest::default())
            .sampled
    );
    let none = SamplingRule {
        fixed_rate: 0.0,
        ..all
    };
    assert!(
        !book([none])
            .decide(at(0), 0.0, &SampledRequest::default())
            .sampled
    );
}

#[test]
fn rules_are_listed_by_name_with_default_last() {
    let book = book([rule("b", 1), rule("Z", 3), rule("a", 2)]);
    let names: Vec<String> = book
        .usage()
        .into_iter()
        .map(|usage| usage.record.rule.rule_name)
        .collect();
    assert_eq!(names, ["Z", "a", "b", "Default"]);
}

#[test]
fn names_are_unique_and_the_region_has_room_for_25() {
    let names = (0..25).map(|number| rule(&format!("r{number}"), 1));
    let book = book(names);
    assert_eq!(
        book.plan_create(at(0), rule("r7", 1)),
        Err(RuleError::AlreadyExists)
    );
    assert_eq!(
        book.plan_create(at(0), rule("Default", 1)),
        Err(RuleError::AlreadyExists)
    );
    assert_eq!(
        book.plan_create(at(0), rule("one-more", 1)),
        Err(RuleError::LimitExceeded)
    );
}

#[test]
fn default_stays_and_the_unknown_is_named() {
    let book = book([]);
    assert_eq!(
        book.plan_delete("Default"),
        Err(RuleError::DefaultIsPermanent)
    );
    assert_eq!(book.plan_delete("x"), Err(RuleError::DoesNotExist));
    let update = book.plan_update(at(0), "x", RuleChange::default());
    assert_eq!(update, Err(RuleError::DoesNotExist));
}

#[test]
fn every_change_moves_the_time_of_modification() {
    let mut book = book([rule("a", 1)]);
    assert_eq!(book.modified_at(), 1);
    let record = book.plan_update(at(5), "a", RuleChange::default()).unwrap();
    book.install(record);
    assert_eq!(book.modified_at(), 5);
    book.remove(at(8), "a");
    assert_eq!(book.modified_at(), 8);
}

#[test]
fn a_report_is_answered_with_the_rate_and_later_with_a_quota() {
    let mut book = book([SamplingRule {
        fixed_rate: 0.25,
        reservoir_size: 3,
        ..rule("shop", 1)
    }]);
    let first = book.target(at(11), &report("shop", "a", 100)).unwrap();
    assert_eq!((first.fixed_rate, first.quota), (0.25, None));
    let second = book.target(at(21), &report("shop", "a", 100)).unwrap();
    assert_eq!(second.quota.map(|quota| quota.size), Some(3));
    assert_eq!(book.target(at(21), &report("unknown", "a", 100)), None);
}

#[test]
fn reported_anomalies_are_answered_with_a_boost_where_the_rule_has_one() {
    let boost = Some(SamplingRateBoost {
        max_rate: 0.08,
        cooldown_window_minutes: 1,
    });
    let mut book = book([
        SamplingRule {
            sampling_rate_boost: boost,
            ..rule("boosted", 1)
        },
        rule("plain", 2),
    ]);
    let mut told = |second, rule: &str| {
        let anomalies = BoostReport {
            rule_name: rule.to_owned(),
            service_name: "shop".to_owned(),
            anomalies: 10,
            sampled_anomalies: 1,
        };
        assert!(book.anomalies(at(second), &anomalies));
        let target = book.target(at(second), &report(rule, "a", 100));
        target.unwrap().boost
    };
    assert_eq!((told(10, "boosted"), told(10, "plain")), (None, None));
    let boosted = BoostRate {
        rate: 0.08,
        expires_at: 40,
    };
    assert_eq!(
        (told(20, "boosted"), told(20, "plain")),
        (Some(boosted), None)
    );
    let unknown = BoostReport {
        rule_name: "unknown".to_owned(),
        service_name: "shop".to_owned(),
        anomalies: 1,
        sampled_anomalies: 0,
    };
    assert!(!book.anomalies(at(20), &unknown));
    let decide = |book: &mut Book, fraction| {
        book.decide(at(21), fraction, &SampledRequest::default())
            .how
    };
    let by = How::Boost {
        rule: "boosted".into(),
    };
    decide(&mut book, 0.9);
    assert_ne!(decide(&mut book, 0.049), by, "the rate alone keeps it");
    assert_eq!(decide(&mut book, 0.051), by);
    assert_ne!(decide(&mut book, 0.081), by);
}

#[test]
fn an_update_keeps_leases_and_counts() {
    let mut book = book([rule("shop", 1)]);
    book.target(at(1), &report("shop", "a", 100));
    book.target(at(11), &report("shop", "a", 100));
    let record = book
        .plan_update(at(12), "shop", RuleChange::default())
        .unwrap();
    book.install(record);
    let decision = book.decide(at(13), 0.99, &SampledRequest::default());
    assert!(!decision.sampled, "the client holds the whole reservoir");
    assert_eq!(book.usage()[0].total.requests, 201);
}

#[test]
fn statistics_are_summed_over_clients_and_in_process_callers() {
    let mut book = book([rule("shop", 1)]);
    book.target(at(11), &report("shop", "a", 100));
    book.target(at(12), &report("shop", "b", 50));
    book.decide(at(13), 0.99, &SampledRequest::default());
    let expected = |timestamp, counts| StatisticSummary {
        rule_name: "shop".to_owned(),
        timestamp,
        counts,
    };
    let busy = Counts {
        requests: 151,
        sampled: 16,
        borrowed: 2,
    };
    assert_eq!(book.statistic_summaries(at(29)), [expected(10, busy)]);
    assert_eq!(
        book.statistic_summaries(at(30)),
        [expected(20, Counts::default())]
    );
}

proptest! {
    /// With evenly spread fractions, each second keeps the reservoir and exactly the rate's share of the rest.
    #[test]
    fn each_second_keeps_reservoir_and_rate(
        reservoir in 0u32..50, tenths in 0u32..=10, requests in 0u32..200, seconds in 1i64..5
    ) {
        let mut book = book([SamplingRule {
            reservoir_size: reservoir,
            fixed_rate: f64::from(tenths) / 10.0,
            ..rule("shop", 1)
        }]);
        for second in 0..seconds {
            let mut by_rate = 0;
            let mut kept = 0;
            for _ in 0..requests {
                let fraction = f64::from(by_rate % 10) / 10.0;
                let decision = book.decide(at(second), fraction, &SampledRequest::default());
                kept += u32::from(decision.sampled);
                by_rate += u32::from(matches!(decision.how, How::Rate { .. }));
            }
            let from_reservoir = requests.min(reservoir);
            prop_assert_eq!(by_rate, requests - from_reservoir);
            let share = by_rate / 10 * tenths + tenths.min(by_rate % 10);
            prop_assert_eq!(kept, from_reservoir + share);
        }
    }
}
