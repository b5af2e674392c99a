use fluoro_trace::Projection;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::arbitrary;
use crate::digest::{Digest, KnownAnnotations};
use crate::evaluate::Ended;
use crate::filter::{Filter, NoGroups};
use crate::fixture::{entity, failed, handled, projection};
use crate::parse;

fn columns(text: &str) -> Columns {
    let filter = Filter::new(&parse(text).unwrap(), &NoGroups).unwrap();
    filter.columns()
}

pub(crate) fn admits(columns: &Columns, trace: &Projection) -> bool {
    let mut known = KnownAnnotations::default();
    let digest = Digest::of(trace, &mut known);
    columns.admit(&known.row(&digest))
}

fn admits_at_hand(columns: &Columns, projection: &Projection) -> bool {
    let mut known = KnownAnnotations::default();
    let digest = Digest::of(projection, &mut known);
    let row = known.row(&digest);
    columns.admit(&RowOf { row, projection })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// The promise: columns keep every trace that the filter finds, by any window.
    #[test]
    fn columns_never_lose_a_trace(expression in arbitrary::expression(), trace in arbitrary::trace()) {
        let filter = Filter::new(&expression, &NoGroups).unwrap();
        let admitted = admits(&filter.columns(), &trace);
        prop_assert!(admitted || !filter.matches(&trace), "{expression}");
        let admitted = admits_at_hand(&filter.columns(), &trace);
        prop_assert!(admitted || !filter.matches(&trace), "{expression}");
        let from = trace.start.map_or(0, |start| start.micros().0);
        let ended = Ended::Within(fluoro_model::TimestampMicros(from)..fluoro_model::TimestampMicros(from + 1_500_000));
        prop_assert!(admitted || filter.matches_ended(&trace, &ended).is_none(), "{expression}");
    }
}

#[test]
fn columns_pass_over_what_is_surely_not_meant() {
    let (handled, failed) = (handled(), failed());
    for (text, of_handled, of_failed) in [
        ("fault", false, true),
        ("ok", true, false),
        ("!ok", false, true),
        ("!(fault OR duration > 5)", true, false),
        ("responsetime > 1.5", false, true),
        ("http.status = 200", true, false),
        ("user = \"alice\"", false, true),
        ("user != \"alice\"", false, true),
        ("annotation.tenant = \"acme\"", false, true),
        ("annotation.tenant = \"nobody\"", false, false),
        ("annotation.age = 30", false, true),
        ("annotation.premium = false", false, false),
        ("service(\"carts\") { throttle }", true, false),
        ("service(\"books\") { throttle }", false, false),
        ("edge(\"shop\", \"books\")", false, true),
        (
            "service() { user = \"bob\" AND name = \"books\" }",
            false,
            true,
        ),
        ("rootcause.responsetime.service", false, true),
        ("!rootcause.fault.service", false, false),
        ("!rootcause.responsetime.entity", true, false),
        (
            "rootcause.fault.service { name = \"pay.test\" }",
            true,
            true,
        ),
        (
            "rootcause.error.service { name = \"pay.test\" }",
            false,
            false,
        ),
        (
            "rootcause.fault.exception { name = \"Denied\" AND message CONTAINS \"access\" }",
            false,
            true,
        ),
        (
            "rootcause.fault.exception { name = \"access denied\" }",
            false,
            false,
        ),
        (
            "rootcause.fault.exception { message ENDSWITH \"access\" }",
            false,
            false,
        ),
        ("http.url CONTAINS \"/v2/\"", true, true),
        ("http.url CONTAINS \"/v3/\"", false, false),
        ("http.url BEGINSWITH \"http://shop\"", true, true),
        ("http.url BEGINSWITH \"shop\"", false, false),
        ("http.url ENDSWITH \"pay\"", false, true),
        ("http.url ENDSWITH \"v2/\"", false, false),
        ("user CONTAINS \"lic\"", false, true),
        ("user CONTAINS \"shop\"", false, false),
        ("annotation.tenant", false, true),
        ("!annotation.tenant", true, false),
        ("!annotation.trial", true, true),
        ("!annotation.nothing", true, true),
        ("!user", true, false),
        ("!http.url", false, false),
        ("service(\"shop\") { fault }", false, true),
        ("service(\"books\") { fault }", false, false),
        ("edge(\"shop\", \"pay.test\") { fault }", true, true),
        ("edge(\"shop\", \"pay.test\") { error }", false, false),
        ("edge(\"shop\", \"carts\") { throttle }", true, false),
        ("service() { duration >= 2 }", false, true),
        ("edge() { responsetime > 100 }", false, false),
        (
            "inferred AND http.url = \"http://shop.test/v2/cart\"",
            true,
            false,
        ),
        ("service(\"nobody\") OR fault", false, true),
    ] {
        let columns = columns(text);
        assert_eq!(
            (admits(&columns, &handled), admits(&columns, &failed)),
            (of_handled, of_failed),
            "{text}"
        );
    }
}

#[test]
fn a_projection_at_hand_tells_which_service_lasted_how_long() {
    let (failed, called) = (failed(), handled());
    for (text, of_digest, at_hand) in [
        ("service(\"shop\") { duration >= 3.9 }", true, true),
        ("service(\"books\") { duration >= 3.9 }", true, false),
        ("service(\"books\") { duration > 0.001 }", true, true),
        ("service(\"nobody\") { duration > 0.001 }", false, false),
        (
            "service(\"books\") { duration >= 3.9 } OR fault",
            true,
            true,
        ),
        ("!service(\"books\") { duration >= 3.9 }", true, true),
    ] {
        let columns = columns(text);
        let told = (admits(&columns, &failed), admits_at_hand(&columns, &failed));
        assert_eq!(told, (of_digest, at_hand), "{text}");
    }
    // Of a client, the roots that it called.
    let client = called.calls.iter().find(|call| call.caller.is_none());
    let client = &called.node(client.unwrap().from).name;
    let columns = columns(&format!("service(\"{client}\") {{ duration > 0 }}"));
    assert!(admits_at_hand(&columns, &called));
}

#[test]
fn what_columns_cannot_say_they_do_not_ask() {
    for text in [
        "!service(\"nobody\")",
        "!edge() { fault }",
        "!rootcause.fault.exception",
        "!rootcause.fault.service { inferred }",
        "service() { responsetime < 1 }",
        "fault OR !service(\"nobody\")",
        "",
    ] {
        assert_eq!(columns(text), Columns::Anything, "{text}");
    }
    assert_eq!(columns("fault AND http.status = \"500\""), Columns::Nothing);
    assert_eq!(columns("group.name = \"unknown\""), Columns::Nothing);
    assert_eq!(columns("fault OR user = 5"), columns("fault"));
}

#[test]
fn a_digest_takes_few_words_for_its_own() {
    let mut known = KnownAnnotations::default();
    let digest = Digest::of(&failed(), &mut known);
    let wrong = (0..10_000).filter(|number| {
        let test = columns(&format!("annotation.tenant = \"other{number}\""));
        test.admit(&known.row(&digest))
    });
    assert!(wrong.count() < 400);
}

#[test]
fn only_so_many_annotations_are_known_and_the_others_may_be_there_or_not() {
    let number = |number| format!("a{number}");
    let trace = |from: usize, to| {
        let annotations = (from..to).map(|key| (number(key), 1.into()));
        let annotations: serde_json::Map<_, _> = annotations.collect();
        projection(&[entity(
            1,
            "shop",
            0.0,
            1.0,
            json!({"annotations": annotations}),
        )])
    };
    let mut known = KnownAnnotations::default();
    let first = Digest::of(&trace(0, 40), &mut known);
    let second = Digest::of(&trace(40, 80), &mut known);
    let without = |digest, key: usize| {
        let columns = columns(&format!("!annotation.{}", number(key)));
        columns.admit(&known.row(digest))
    };
    for key in 0..80 {
        assert_eq!(without(&first, key), key >= 40, "{key}");
        assert_eq!(without(&second, key), !(40..64).contains(&key), "{key}");
    }
}
