use proptest::prelude::*;

use super::*;
use crate::arbitrary;
use crate::digest::Digest;
use crate::evaluate::Ended;
use crate::filter::{Filter, NoGroups};
use crate::fixture::{failed, handled};
use crate::parse;

fn columns(text: &str) -> Columns {
    let filter = Filter::new(&parse(text).unwrap(), &NoGroups).unwrap();
    filter.columns()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// The promise: columns keep every trace that the filter finds, by any window.
    #[test]
    fn columns_never_lose_a_trace(expression in arbitrary::expression(), trace in arbitrary::trace()) {
        let filter = Filter::new(&expression, &NoGroups).unwrap();
        let admitted = filter.columns().admit(&Digest::of(&trace));
        prop_assert!(admitted || !filter.matches(&trace), "{expression}");
        let from = trace.start.map_or(0, |start| start.micros().0);
        let ended = Ended::Within(fluoro_model::TimestampMicros(from)..fluoro_model::TimestampMicros(from + 1_500_000));
        prop_assert!(admitted || filter.matches_ended(&trace, &ended).is_none(), "{expression}");
    }
}

#[test]
fn columns_pass_over_what_is_surely_not_meant() {
    let (handled, failed) = (Digest::of(&handled()), Digest::of(&failed()));
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
        (
            "inferred AND http.url = \"http://shop.test/v2/cart\"",
            true,
            false,
        ),
        ("service(\"nobody\") OR fault", false, true),
    ] {
        let columns = columns(text);
        assert_eq!(
            (columns.admit(&handled), columns.admit(&failed)),
            (of_handled, of_failed),
            "{text}"
        );
    }
}

#[test]
fn what_columns_cannot_say_they_do_not_ask() {
    for text in [
        "!service(\"nobody\")",
        "!edge() { fault }",
        "!rootcause.fault.service",
        "service() { responsetime > 1 }",
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
    let digest = Digest::of(&failed());
    let wrong = (0..10_000).filter(|number| {
        let test = columns(&format!("annotation.tenant = \"other{number}\""));
        test.admit(&digest)
    });
    assert!(wrong.count() < 400);
}
