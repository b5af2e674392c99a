use std::sync::Arc;

use fluoro_model::{TimestampMicros, TraceId};
use proptest::prelude::*;

use super::*;
use crate::decision::{Decision, FinishedRequest};
use crate::recent::Recent;
use crate::rule::SamplingRule;

fn at(micros: i64) -> TimestampMicros {
    TimestampMicros(micros)
}

fn rule(
    name: &str,
    priority: u16,
    reservoir_size: u32,
    fixed_rate: f64,
    path: &str,
) -> SamplingRule {
    SamplingRule {
        rule_name: name.to_owned(),
        priority,
        reservoir_size,
        fixed_rate,
        url_path: path.to_owned(),
        ..SamplingRule::default_rule()
    }
}

fn book(rules: &[SamplingRule]) -> Book {
    let mut book = Book::new(at(0), RuleRecord::default_record());
    for rule in rules {
        let record = book.plan_create(at(0), rule.clone()).unwrap();
        book.install(record);
    }
    book
}

/// Lets requests to these paths at these times pass by the book, each with its fraction; what it remembers of them and
/// what it decided.
fn pass(
    book: &mut Book,
    requests: &[(i64, String)],
    fractions: &[f64],
) -> (Vec<RecentRequest>, Vec<Decision>) {
    let recent = Recent::new(requests.len());
    let mut decisions = Vec::new();
    for ((received, path), fraction) in requests.iter().zip(fractions) {
        let request = SampledRequest {
            url_path: Some(path),
            ..SampledRequest::default()
        };
        let decision = book.decide(at(*received), *fraction, &request);
        let rules = Arc::clone(book.rules());
        let finished = FinishedRequest {
            request: &request,
            decision: &decision,
            trace_id: TraceId::from_bits(1),
            request_id: "",
            received: at(*received),
            ended: at(*received),
            status: Some(200),
            kept: None,
        };
        recent.remember(&finished, &rules);
        decisions.push(decision);
    }
    (recent.select(|_, _| true).collect(), decisions)
}

fn seconds_of(paths: &[&str]) -> Vec<(i64, String)> {
    let numbered = (0..).zip(paths);
    numbered
        .map(|(number, path)| (number * 500_000, (*path).to_owned()))
        .collect()
}

#[test]
fn it_says_what_is_matched_kept_taken_over_and_hidden() {
    let mut book = book(&[
        rule("early", 1, 0, 0.0, "/early/*"),
        rule("late", 900, 0, 0.0, "*"),
    ]);
    let requests = seconds_of(&["/early/x", "/a", "/a", "/a", "/a", "/b"]);
    let (recent, _) = pass(&mut book, &requests, &[0.99; 6]);
    let new = rule("new", 500, 1, 0.5, "/?*");
    let new = book.plan_create(at(0), new).unwrap();
    let preview = book.preview(new, recent, || 0.99);
    assert_eq!(
        (preview.requests, preview.not_asked, preview.cut),
        (6, 0, 0)
    );
    assert_eq!((preview.matched, preview.kept_by_reservoir), (5, 3));
    assert_eq!((preview.kept_by_rate, preview.kept), (0, 3));
    assert!((preview.expected_by_rate - 1.0).abs() < 1e-9);
    assert!((preview.kept_per_second - 3.0 / 2.5).abs() < 1e-9);
    assert_eq!(
        (
            preview.kept_before,
            preview.all_kept,
            preview.all_kept_before
        ),
        (0, 3, 0)
    );
    assert_eq!(preview.taken_from, BTreeMap::from([("late".into(), 5)]));
    assert_eq!(preview.hidden_by, BTreeMap::from([("early".into(), 1)]));
}

#[test]
fn a_rule_of_the_same_name_is_replaced() {
    let mut book = book(&[rule("shop", 1, 0, 0.0, "*")]);
    let (recent, _) = pass(&mut book, &seconds_of(&["/a", "/b"]), &[0.5; 2]);
    let all = RuleRecord {
        rule: rule("shop", 1, 0, 1.0, "*"),
        created_at: 0,
        modified_at: 0,
    };
    let preview = book.preview(all, recent, || 0.5);
    assert_eq!(
        (preview.matched, preview.kept, preview.kept_before),
        (2, 2, 0)
    );
    assert!(preview.taken_from.is_empty());
}

#[test]
fn of_nothing_nothing_comes() {
    let book = book(&[]);
    let record = RuleRecord::default_keeping_all();
    let preview = book.preview(record, Vec::new(), || 0.5);
    assert_eq!((preview.requests, preview.matched), (0, 0));
    assert!((preview.kept_per_second).abs() < 1e-9);
}

proptest! {
    /// With the same fractions, the preview says what the rules then do.
    #[test]
    fn it_is_what_the_sampler_then_does(
        amounts in prop::collection::vec((1u16..9, 0u32..3, 0.0f64..1.0, 0usize..4), 1..5),
        steps in prop::collection::vec((0i64..900_000, 0usize..4, 0.0f64..1.0, 0.0f64..1.0), 0..60)
    ) {
        let patterns = ["*", "/a*", "/b/?", "/a/c"];
        let paths = ["/a", "/b/x", "/a/c", "/z"];
        let rules: Vec<SamplingRule> = (0..)
            .zip(&amounts)
            .map(|(number, (priority, size, rate, pattern))| {
                rule(&format!("r{number}"), *priority, *size, *rate, patterns[*pattern])
            })
            .collect();
        let (new, others) = rules.split_last().unwrap();
        let mut received = 0;
        let requests: Vec<(i64, String)> = steps
            .iter()
            .map(|(passed, path, _, _)| {
                received += passed;
                (received, paths[*path].to_owned())
            })
            .collect();
        let then: Vec<f64> = steps.iter().map(|step| step.2).collect();
        let now: Vec<f64> = steps.iter().map(|step| step.3).collect();
        let mut before = book(others);
        let (recent, _) = pass(&mut before, &requests, &then);
        let record = before.plan_create(at(0), new.clone()).unwrap();
        let mut fractions = now.iter().copied();
        let preview = before.preview(record, recent, || fractions.next().unwrap());

        let (_, decisions) = pass(&mut book(&rules), &requests, &now);
        let by_new = |decision: &&Decision| decision.how.rule().unwrap().as_str() == new.rule_name;
        let from_reservoir = |decision: &&Decision| matches!(decision.how, How::Reservoir { .. });
        let sampled = |decision: &&Decision| decision.sampled;
        prop_assert_eq!(preview.matched, decisions.iter().filter(by_new).count());
        prop_assert_eq!(
            preview.kept_by_reservoir,
            decisions.iter().filter(by_new).filter(from_reservoir).count()
        );
        prop_assert_eq!(preview.kept, decisions.iter().filter(by_new).filter(sampled).count());
        prop_assert_eq!(preview.all_kept, decisions.iter().filter(sampled).count());
    }
}
