use serde_json::json;

use super::*;
use crate::columns::tests::admits;
use crate::filter::{Filter, NoGroups};
use crate::fixture::{EPOCH, entity, failed, handled, projection};
use crate::parse;

mod worked;

fn filter(text: &str) -> Filter {
    let expression = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    Filter::new(&expression, &NoGroups).unwrap()
}

#[track_caller]
fn finds(trace: &Projection, texts: &[&str]) {
    for text in texts {
        let filter = filter(text);
        assert!(filter.matches(trace), "{text} should find it");
        let admitted = admits(&filter.columns(), trace);
        assert!(admitted, "{text} should admit it");
    }
}

#[track_caller]
fn misses(trace: &Projection, texts: &[&str]) {
    for text in texts {
        assert!(!filter(text).matches(trace), "{text} should not find it");
    }
}

fn root(more: serde_json::Value) -> Projection {
    projection(&[entity(1, "shop", 0.0, 1.0, more)])
}

// --- the root

#[test]
fn outcomes_are_the_roots_and_a_throttled_root_is_no_error() {
    let throttled = root(json!({"error": true, "throttle": true}));
    finds(&throttled, &["throttle", "!error", "!ok", "!fault"]);
    let status_alone = root(json!({"http": {"response": {"status": 429}}}));
    finds(&status_alone, &["throttle", "!error"]);
    finds(&handled(), &["ok", "!fault", "!throttle", "!error"]);
    finds(
        &root(json!({"error": true, "fault": true})),
        &["error fault"],
    );
}

#[test]
fn a_root_in_progress_is_ok_and_has_no_times() {
    let open = projection(&[entity(1, "shop", 0.0, None, json!({}))]);
    finds(&open, &["ok", "!partial", "!duration", "!responsetime"]);
    misses(
        &open,
        &[
            "duration >= 0",
            "duration < 0",
            "duration != 1",
            "responsetime != 1",
            "responsetime <= 100",
            "http.status != 200",
        ],
    );
    finds(&open, &["!(duration >= 0)"]);
}

#[test]
fn a_trace_without_its_root_is_partial_and_tells_no_request() {
    let orphan = json!({"parent_id": "00000000000000ff", "fault": true,
        "http": {"request": {"url": "http://a.test/"}, "response": {"status": 500}}});
    let trace = root(orphan);
    finds(
        &trace,
        &["partial", "ok", "!http.url", "!http.status", "duration = 1"],
    );
    finds(
        &trace,
        &["service(\"shop\") { fault partial !root http.status = 500 }"],
    );
    misses(
        &trace,
        &[
            "fault",
            "responsetime",
            "service(id(type:\"client\"))",
            "edge()",
        ],
    );
}

// --- several values

#[test]
fn not_equal_asks_for_any_value_that_differs() {
    let trace = failed();
    finds(
        &trace,
        &["user != \"alice\"", "user = \"alice\"", "user = \"bob\""],
    );
    misses(&trace, &["!(user = \"bob\")"]);
    finds(
        &trace,
        &["annotation.tenant != \"acme\"", "annotation.age != 30"],
    );
    let one = root(json!({"user": "alice", "annotations": {"n": 1}}));
    misses(&one, &["user != \"alice\"", "annotation.n != 1"]);
    let none = root(json!({}));
    misses(
        &none,
        &[
            "user != \"alice\"",
            "annotation.n != 1",
            "user CONTAINS \"\"",
        ],
    );
}

// --- annotations

#[test]
fn a_bare_annotation_is_its_boolean_or_that_it_is_there() {
    let trace = failed();
    finds(
        &trace,
        &[
            "annotation.premium",
            "annotation.backend",
            "annotation.age",
            "annotation.tenant",
        ],
    );
    misses(
        &trace,
        &["annotation.trial", "annotation.absent", "annotation.Tenant"],
    );
    finds(
        &trace,
        &[
            "!annotation.trial",
            "annotation.trial = false",
            "annotation.trial != true",
        ],
    );
}

#[test]
fn another_type_fulfils_nothing_and_is_no_error() {
    misses(
        &failed(),
        &[
            "annotation.tenant > 5",
            "annotation.tenant != 5",
            "annotation.age = \"30\"",
            "annotation.age != \"30\"",
            "annotation.age CONTAINS \"3\"",
            "annotation.age CONTAINS 3",
            "annotation.tenant > \"a\"",
            "annotation.premium > true",
            "annotation.premium = 1",
            "annotation.premium != \"yes\"",
            "annotation.tenant = true",
            "http.status = \"500\"",
            "user = 5",
        ],
    );
    finds(
        &failed(),
        &[
            "annotation.premium = \"true\"",
            "annotation.premium != \"false\"",
        ],
    );
}

#[test]
fn numbers_are_doubles() {
    finds(
        &failed(),
        &[
            "http.status = 500.0",
            "annotation.age = 3e1",
            "http.status >= 5e2",
            "annotation.age > -1",
        ],
    );
}

// --- services

#[test]
fn a_body_holds_on_one_observation() {
    let trace = handled();
    // The table was throttled once and answered once; no single call was both.
    finds(
        &trace,
        &[
            "service(\"carts\") { throttle }",
            "service(\"carts\") { http.status = 200 }",
        ],
    );
    misses(
        &trace,
        &["service(\"carts\") { throttle AND http.status = 200 }"],
    );
    misses(
        &trace,
        &["edge(\"shop\", \"carts\") { throttle AND http.status = 200 }"],
    );
    finds(
        &trace,
        &["service(\"carts\") { throttle } AND service(\"carts\") { http.status = 200 }"],
    );
}

#[test]
fn a_service_body_knows_its_own_segment_only() {
    let trace = failed();
    finds(
        &trace,
        &[
            "service(\"books\") { user = \"bob\" AND annotation.tenant = \"beta\" AND !root }",
            "service(\"books\") { resource.arn ENDSWITH \":books\" AND duration > 2.1 AND responsetime < 2.2 }",
            "service(\"shop\") { instance.id = \"i-0abc\" AND availabilityzone AND http.clientip }",
            "service() { name = \"books\" AND type = \"AWS::Lambda::Function\" }",
            "service(id(account.id: \"111122223333\")) { name = \"shop\" AND account.id = \"111122223333\" }",
            "service(\"pay.test\") { inferred AND fault AND http.status = 503 }",
        ],
    );
    misses(
        &trace,
        &[
            "service(\"books\") { user = \"alice\" }",
            "service(\"books\") { annotation.tenant = \"acme\" }",
            "service(\"books\") { inferred }",
            "service(\"books\") { http.url }",
            "service(\"Books\")",
            "service(id(name: \"books\", type: \"AWS::Lambda\"))",
        ],
    );
}

#[test]
fn what_is_asked_of_the_client_is_asked_of_the_root_it_called() {
    let trace = handled();
    finds(
        &trace,
        &[
            "service(id(type: \"client\"))",
            "service(id(type: \"client\", name: \"shop\"))",
            "service(id(type: \"client\")) { ok AND type = \"client\" }",
        ],
    );
    misses(
        &trace,
        &[
            "service(id(type: \"client\")) { fault }",
            "service(id(name: \"carts\", type: \"client\"))",
        ],
    );
    misses(&root(json!({})), &["service() { !ok }"]);
}

// --- calls

#[test]
fn a_call_is_as_its_caller_saw_it() {
    let trace = failed();
    finds(
        &trace,
        &[
            "edge(\"shop\", \"books\") { responsetime < 0.2 AND ok }",
            "edge(id(type: \"client\"), \"shop\") { fault AND http.url ENDSWITH \"/pay\" AND responsetime = 4 }",
            "edge(\"shop\", \"books\") { source.annotation.tenant = \"acme\" AND destination.annotation[backend] }",
            "edge(\"shop\", \"pay.test\") { http.status = 503 }",
            "edge",
        ],
    );
    misses(
        &trace,
        &[
            "edge(\"books\", \"shop\")",
            "edge(\"shop\", \"books\") { destination.annotation.tenant = \"acme\" }",
            "edge(id(type: \"client\"), \"shop\") { source.annotation.tenant }",
        ],
    );
}

// --- root causes

#[test]
fn elements_of_root_causes_know_their_place() {
    let trace = failed();
    finds(
        &trace,
        &[
            "rootcause.fault.service { first AND name = \"shop\" AND type = \"AWS::ECS::Container\" AND index = 0 }",
            "rootcause.fault.service { last AND inferred AND name = \"pay.test\" AND index = 1 }",
            "rootcause.fault.entity { last AND remote AND name = \"pay.test\" }",
            "rootcause.fault.entity { inferred }",
            "rootcause.fault.exception { first AND name = \"Remote\" AND index = 0 }",
            "rootcause.fault.exception { last AND name = \"Denied\" AND message ENDSWITH \"denied\" }",
            "rootcause.error.entity { name = \"validate\" AND last AND !remote }",
            "rootcause.error.exception { message = \"no items\" AND first AND last }",
            "rootcause.responsetime.entity { coverage > 0.8 AND coverage < 1 }",
            "rootcause.responsetime.service { last AND name = \"pay.test\" }",
            "rootcause.fault.service",
        ],
    );
    misses(
        &trace,
        &[
            "rootcause.fault.service { first AND last }",
            "rootcause.fault.service { index > 1 }",
            "rootcause.fault.entity { name = \"validate\" }",
            "rootcause.error.service { inferred }",
            "rootcause.fault.exception { first AND message CONTAINS \"denied\" }",
        ],
    );
    misses(
        &root(json!({"fault": true})),
        &["rootcause.fault.service", "rootcause.fault.entity"],
    );
}

#[test]
fn a_path_written_as_json_fits_the_beginning_of_a_path() {
    let trace = failed();
    finds(
        &trace,
        &[
            r#"rootcause.json = #[{"Services":[{"Name":"shop"},{"Name":"pay.test"}]}]"#,
            r#"rootcause.json = #[{"Services":[{"Name":"shop","Names":["shop"],"Type":"AWS::ECS::Container","Inferred":false}]}]"#,
            r#"rootcause.json = #[{"ClientImpacting":true,"Services":[{"EntityPath":[{"Name":"shop","Remote":false},{"Name":"validate"}]}]}]"#,
            r#"rootcause.json = #[{"Services":[{"EntityPath":[{},{"Exceptions":[{"Name":"Remote"},{"Message":"access denied"}]}]}]}]"#,
            r#"rootcause.json = #[{"Services":[{"Name":"nobody"}]},{"Services":[{"Name":"shop","AccountId":null}]}]"#,
            r#"rootcause.json = #[{"Services":[{"EntityPath":[{"Coverage":1}]}]}]"#,
        ],
    );
    misses(
        &trace,
        &[
            r#"rootcause.json = #[{"Services":[{"Name":"pay.test"}]}]"#,
            r#"rootcause.json = #[{"Services":[{"Name":"shop"},{"Name":"pay.test"},{}]}]"#,
            r#"rootcause.json = #[{"ClientImpacting":false}]"#,
            r#"rootcause.json = #[{"Services":[{"EntityPath":[{"Coverage":0.5}]}]}]"#,
            r#"rootcause.json = #[]"#,
        ],
    );
}

// --- by when they ended

fn within(from: f64, to: f64) -> Ended {
    let at = |second| TimestampMicros::from_seconds(EPOCH + second);
    Ended::Within(at(from)..at(to))
}

#[test]
fn a_window_asks_when_the_segment_or_the_call_ended() {
    let trace = failed();
    let found = |text: &str, window| filter(text).matches_ended(&trace, &window);
    // The segment of books ends at 6, the call to it at 3.9.
    let books = "service(\"books\")";
    assert!(found(books, within(6.0, 6.1)).is_some());
    assert!(
        found(books, within(5.0, 6.0)).is_none(),
        "the end is outside"
    );
    assert!(
        found(books, within(3.8, 4.0)).is_none(),
        "it is not about the call"
    );
    let call = "edge(\"shop\", \"books\")";
    assert!(found(call, within(3.9, 4.0)).is_some());
    assert!(found(call, within(6.0, 7.0)).is_none());
    assert!(
        found("fault", within(100.0, 101.0)).is_some(),
        "nothing else is asked"
    );
    let open = projection(&[entity(1, "shop", 0.0, None, json!({}))]);
    assert!(
        filter("service(\"shop\")")
            .matches_ended(&open, &within(0.0, 9.0))
            .is_none()
    );
}

#[test]
fn what_matched_is_told_for_the_first_of_a_kind() {
    let trace = failed();
    let text = "edge(\"shop\", \"books\") AND (service(\"nobody\") OR service(\"books\") { annotation.backend })";
    let matched = filter(text)
        .matches_ended(&trace, &within(0.0, 9.0))
        .unwrap();
    let service = matched.service.map(|seen| &*trace.node(seen.node).name);
    let edge = matched.edge.map(|call| &*trace.node(call.to).name);
    assert_eq!((service, edge), (Some("books"), Some("books")));
    let nothing = filter("!service(\"nobody\")").matches_ended(&trace, &within(0.0, 9.0));
    assert_eq!(nothing, Some(Matched::default()));
    assert!(filter(text).names_nodes() && !filter("fault user").names_nodes());
}
