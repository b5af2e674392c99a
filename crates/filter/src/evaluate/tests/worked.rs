//! The worked examples of the language, one by one, each held against two traces.

use std::sync::Arc;

use super::*;
use crate::ast::GroupBy;
use crate::filter::GroupExpressions;

/// What is said of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Yes,
    No,
}
use Says::{No, Yes};

/// The group `slow`, by name and by ARN.
struct Slow;

impl GroupExpressions for Slow {
    fn expression(&self, by: GroupBy, value: &str) -> Option<Arc<Expression>> {
        let known = match by {
            GroupBy::Name => "slow",
            GroupBy::Arn => "arn:aws:xray:eu-west-1:111122223333:group/slow/ABC",
        };
        (value == known).then(|| Arc::new(parse("responsetime > 3").unwrap()))
    }
}

/// The number, the expression, and what it says of the trace that was handled and of the one that failed.
const EXAMPLES: [(u8, &str, Says, Says); 58] = [
    (1, "", Yes, Yes),
    (2, "ok", Yes, No),
    (3, "!ok", No, Yes),
    (4, "fault = false", Yes, No),
    (5, "error OR fault", No, Yes),
    (6, "responsetime > 1", Yes, Yes),
    (7, "duration >= 5 AND duration < 8", No, Yes),
    (8, "duration >= 1 duration <= 2", Yes, No),
    (9, "http.status != 200", No, Yes),
    (10, "http.status >= 400 AND http.status < 500", No, No),
    (11, r#"http.url CONTAINS "/cart""#, Yes, No),
    (
        12,
        r#"http.url BEGINSWITH "http://shop.test/" AND http.method = "GET""#,
        Yes,
        Yes,
    ),
    (13, r#"http.useragent ENDSWITH "Chrome/120""#, No, Yes),
    (14, r#"http.clientip = "203.0.113.9""#, No, Yes),
    (15, "http.url", Yes, Yes),
    (16, "!http.url", No, No),
    (17, r#"user CONTAINS """#, No, Yes),
    (18, r#"!(user = "bob")"#, Yes, No),
    (19, r#"user != "bob""#, No, Yes),
    (20, r#"availabilityzone = "eu-west-1a""#, No, Yes),
    (21, r#"instance.id = "i-0abc""#, No, Yes),
    (22, r#"resource.arn BEGINSWITH "arn:aws:lambda:""#, No, Yes),
    (23, "partial", No, No),
    (24, "inferred", Yes, Yes),
    (25, r#"service("shop")"#, Yes, Yes),
    (26, r#"service("shop") { responsetime > 2 }"#, No, Yes),
    (27, "service() { fault }", Yes, Yes),
    (28, r#"service("pay.test") { fault } AND ok"#, Yes, No),
    (
        29,
        r#"service(id(type: "AWS::DynamoDB::Table")) { throttle }"#,
        Yes,
        No,
    ),
    (
        30,
        r#"service(id(name: "carts", type: "AWS::DynamoDB::Table"))"#,
        Yes,
        No,
    ),
    (31, r#"service(id(account.id: "111122223333"))"#, No, Yes),
    (32, r#"service("shop") { root = true AND ok }"#, Yes, No),
    (33, r#"!service("pay.test")"#, No, No),
    (
        34,
        r#"edge("shop", "pay.test") { responsetime > 0.5 }"#,
        No,
        Yes,
    ),
    (35, r#"edge("shop", "carts") { throttle }"#, Yes, No),
    (
        36,
        r#"edge(id(name:"shop", type:"client"), "shop") { error }"#,
        No,
        Yes,
    ),
    (37, "edge() { fault }", Yes, Yes),
    (38, r#"annotation.tenant = "acme""#, No, Yes),
    (39, "annotation.age > 29", No, Yes),
    (40, "annotation.premium", No, Yes),
    (41, "!annotation.tenant", Yes, No),
    (42, r#"annotation[aws.local.service] = "shop""#, No, Yes),
    (43, r#"annotation[tenant] BEGINSWITH "ac""#, No, Yes),
    (44, r#"group.name = "slow" AND user = "alice""#, No, Yes),
    (
        45,
        r#"group.arn != "arn:aws:xray:eu-west-1:111122223333:group/slow/ABC""#,
        Yes,
        No,
    ),
    (
        46,
        r#"rootcause.fault.service { name = "pay.test" }"#,
        Yes,
        Yes,
    ),
    (
        47,
        "rootcause.fault.service { last AND inferred }",
        Yes,
        Yes,
    ),
    (
        48,
        r#"rootcause.fault.exception { last AND message CONTAINS "denied" }"#,
        No,
        Yes,
    ),
    (
        49,
        r#"rootcause.error.entity { name = "validate" }"#,
        No,
        Yes,
    ),
    (
        50,
        "rootcause.responsetime.entity { remote AND coverage > 0.7 }",
        No,
        Yes,
    ),
    (
        51,
        r#"rootcause.responsetime.service { first AND type = "AWS::ECS::Container" }"#,
        No,
        Yes,
    ),
    (52, "rootcause.fault.service { index > 2 }", No, No),
    (
        53,
        r#"rootcause.json = #[{"Services":[{"Name":"shop"},{"Name":"carts"}]}]"#,
        No,
        No,
    ),
    (
        54,
        r#"service("shop") { fault = true OR responsetime > 2.5 } AND annotation.env = "prod""#,
        No,
        Yes,
    ),
    (
        55,
        r#"(service("a") OR service("b")) AND !service(id(name:"c", type:"client"))"#,
        No,
        No,
    ),
    (56, r#"fault OR error AND user = "bob""#, No, Yes),
    (57, "RESPONSETIME>1 and OK", Yes, No),
    (58, r#"http.status = "200""#, No, No),
];

#[test]
fn the_worked_examples_say_what_they_should() {
    let (handled, failed) = (handled(), failed());
    for (number, text, of_handled, of_failed) in EXAMPLES {
        let expression = parse(text).unwrap_or_else(|error| panic!("{number}: {error}"));
        let filter = Filter::new(&expression, &Slow).unwrap();
        let says = |trace| if filter.matches(trace) { Yes } else { No };
        assert_eq!(
            (says(&handled), says(&failed)),
            (of_handled, of_failed),
            "example {number}: {text}"
        );
    }
}

/// Examples 59 and 60.
#[test]
fn the_worked_examples_that_are_refused_are() {
    for text in ["user = bob", "fault AND"] {
        assert!(parse(text).is_err(), "{text}");
    }
}
