use fluoro_ambient::{Ambient, ManualClock, SeededEntropy};

use super::*;
use crate::decision::Sampler;
use crate::handle::Sampling;
use crate::rule::{RuleRecord, SamplingRule};

fn at(second: i64) -> TimestampMicros {
    TimestampMicros(second * 1_000_000)
}

fn sampling(requests: usize) -> Sampling {
    let (clock, entropy) = (ManualClock::at(0), SeededEntropy::new(1));
    let ambient = Ambient::new(Arc::new(clock), Arc::new(entropy));
    let sampling = Sampling::new(ambient, "us-east-1", RuleRecord::default_record(), requests);
    let posts = SamplingRule {
        rule_name: "posts".to_owned(),
        priority: 7,
        http_method: "POST".to_owned(),
        ..SamplingRule::default_rule()
    };
    sampling.with_book("us-east-1", |book| {
        let record = book.plan_create(at(0), posts).unwrap();
        book.install(record);
    });
    sampling
}

/// Decides on a request, and lets it end.
fn passes(sampling: &Sampling, number: u64, request: &SampledRequest<'_>) -> Decision {
    let decision = sampling.decide(at(1), request);
    sampling.finished(&finished(number, request, &decision));
    decision
}

fn finished<'a>(
    number: u64,
    request: &'a SampledRequest<'a>,
    decision: &'a Decision,
) -> FinishedRequest<'a> {
    FinishedRequest {
        request,
        decision,
        trace_id: TraceId::from_bits(number.into()),
        request_id: "r",
        received: at(1),
        ended: at(2),
        status: Some(200),
        kept: None,
    }
}

fn all(sampling: &Sampling) -> Vec<RecentRequest> {
    sampling.recent(|_, _| true).collect()
}

const GET: SampledRequest<'_> = SampledRequest {
    service_name: Some("shop/dev"),
    service_type: None,
    host: Some("shop.test"),
    http_method: Some("GET"),
    url_path: Some("/dev/ünïcode"),
    resource_arn: None,
    attributes: &[("accept", "*/*"), ("Cookie", "session=1"), ("empty", "")],
};

#[test]
fn a_request_is_remembered_as_it_was_but_for_secrets() {
    let sampling = sampling(4);
    let decision = passes(&sampling, 7, &GET);
    let [request] = &all(&sampling)[..] else {
        panic!("one request was made");
    };
    assert_eq!(request.decision, decision);
    assert_eq!(request.trace_id, TraceId::from_bits(7));
    assert_eq!((request.received, request.ended), (at(1), at(2)));
    assert!(!request.cut);
    request.seen(|seen| {
        assert_eq!(seen.url_path, GET.url_path);
        assert_eq!((seen.service_type, seen.resource_arn), (None, None));
        let withheld = [("accept", "*/*"), ("Cookie", "(withheld)"), ("empty", "")];
        assert_eq!(seen.attributes, withheld);
    });
}

#[test]
fn only_the_last_are_remembered_newest_first() {
    let sampling = sampling(3);
    for number in 0..8 {
        passes(&sampling, number, &GET);
    }
    let traces: Vec<_> = all(&sampling).iter().map(|one| one.trace_id).collect();
    assert_eq!(traces, [7, 6, 5].map(TraceId::from_bits));
    let one = sampling.recent(|trace, _| trace == TraceId::from_bits(6));
    assert_eq!(one.count(), 1);
    let none = self::sampling(0);
    passes(&none, 1, &GET);
    assert!(all(&none).is_empty());
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let sampling = sampling(3);
    let (long, path) = ("v".repeat(1500), "ü".repeat(800));
    let attributes = [("a", long.as_str()), ("b", "short"), ("c", long.as_str())];
    let request = SampledRequest {
        url_path: Some(&path),
        attributes: &attributes,
        ..GET
    };
    passes(&sampling, 1, &request);
    let [request] = &all(&sampling)[..] else {
        panic!("one request was made");
    };
    assert!(request.cut);
    assert_eq!(request.url_path.as_ref().unwrap().len(), 1024);
    assert_eq!(request.attributes, [("b".to_owned(), "short".to_owned())]);
}

#[test]
fn the_reason_names_the_rule_and_what_it_passed_over() {
    let sampling = sampling(3);
    passes(&sampling, 1, &GET);
    let decision = passes(&sampling, 2, &GET);
    assert!(!decision.sampled, "the seed says no");
    let requests = all(&sampling);
    assert_eq!(
        requests[1].reason(),
        "rule Default is the first that fits; its reservoir of 1 a second had room"
    );
    assert_eq!(
        requests[0].reason(),
        "rule Default is the first that fits; its reservoir of 1 a second had no room, and chance at its rate of 0.05 \
         said no"
    );
    let explanation = requests[0].explanation().unwrap();
    assert_eq!(explanation.rule.as_str(), "Default");
    let passed = &explanation.passed_over[0];
    assert_eq!((passed.rule.as_str(), passed.priority), ("posts", 7));
    assert_eq!(passed.because[0].property, "http_method");
    assert_eq!(passed.because[0].value.as_deref(), Some("GET"));
}

#[test]
fn a_request_on_which_no_rule_was_asked_has_no_explanation() {
    let sampling = sampling(3);
    let decision = Decision {
        sampled: false,
        how: How::Header,
    };
    sampling.finished(&FinishedRequest {
        kept: Some(Kept::Fault),
        ..finished(1, &GET, &decision)
    });
    let request = &all(&sampling)[0];
    assert_eq!(request.explanation(), None);
    assert_eq!(
        request.reason(),
        "the caller's trace header said Sampled=0; recorded afterwards because it failed"
    );
}
