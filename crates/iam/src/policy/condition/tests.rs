use serde_json::json;

use super::*;

fn holds(block: Value, conditions: &Conditions) -> bool {
    let parsed = parse(&block, true).unwrap();
    parsed.iter().all(|condition| condition.holds(conditions))
}

fn check(operator: &str, wanted: Value, given: &str, expected: bool) {
    let context = Conditions::none().with("aws:Key", given);
    let block = json!({ operator: { "aws:Key": wanted } });
    assert_eq!(
        holds(block.clone(), &context),
        expected,
        "{block} on {given}"
    );
}

#[test]
fn each_operator_compares_in_its_own_way() {
    check("StringEquals", json!("a*"), "ab", false);
    check("StringEquals", json!(["x", "ab"]), "ab", true);
    check("StringNotEquals", json!(["x", "ab"]), "ab", false);
    check("StringEqualsIgnoreCase", json!("AB"), "ab", true);
    check("StringNotEqualsIgnoreCase", json!("AB"), "ab", false);
    check("StringLike", json!("a*"), "ab", true);
    check("StringNotLike", json!("a*"), "ab", false);
    check("NumericEquals", json!(5), "5.0", true);
    check("NumericNotEquals", json!("5"), "6", true);
    check("NumericLessThan", json!("5"), "4", true);
    check("NumericLessThanEquals", json!("5"), "5", true);
    check("NumericGreaterThan", json!("5"), "5", false);
    check("NumericGreaterThanEquals", json!("5"), "5", true);
    check(
        "DateLessThan",
        json!("2026-11-22T00:00:00Z"),
        "2026-11-21T23:59:59Z",
        true,
    );
    check(
        "DateGreaterThan",
        json!("2026-11-22"),
        "2026-11-22T00:00:01Z",
        true,
    );
    check(
        "DateEquals",
        json!("1795305600"),
        "2026-11-22T00:00:00Z",
        true,
    );
    check("Bool", json!(true), "true", true);
    check("Bool", json!("false"), "true", false);
    check("BinaryEquals", json!("QmluYXJ5"), "QmluYXJ5", true);
    check("IpAddress", json!("203.0.113.0/24"), "203.0.113.7", true);
    check("IpAddress", json!("203.0.113.0/24"), "203.0.114.7", false);
    check("IpAddress", json!("2001:db8::/32"), "2001:db8:1::1", true);
    check("IpAddress", json!("0.0.0.0/0"), "198.51.100.1", true);
    check("IpAddress", json!("203.0.113.7"), "203.0.113.7", true);
    check(
        "NotIpAddress",
        json!("203.0.113.0/24"),
        "198.51.100.1",
        true,
    );
    check(
        "ArnLike",
        json!("arn:aws:sns:*:123456789012:t*"),
        "arn:aws:sns:eu-west-1:123456789012:topic",
        true,
    );
    check(
        "ArnEquals",
        json!("arn:aws:sns:*:123456789012:t*"),
        "arn:aws:sns:eu-west-1:123456789012:topic",
        true,
    );
    check(
        "ArnNotLike",
        json!("arn:aws:sns:*:*:*"),
        "arn:aws:sqs:eu-west-1:123456789012:queue",
        true,
    );
}

#[test]
fn what_cannot_be_compared_does_not_match() {
    check("NumericEquals", json!("five"), "5", false);
    check(
        "DateLessThan",
        json!("tomorrow"),
        "2026-11-21T23:59:59Z",
        false,
    );
    check("IpAddress", json!("203.0.113.0/99"), "203.0.113.7", false);
    check("IpAddress", json!("203.0.113.0/24"), "2001:db8::1", false);
    check("ArnLike", json!("topic"), "topic", false);
}

#[test]
fn a_missing_key_fails_unless_negated_or_optional() {
    let nothing = Conditions::none();
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringNotEquals", true),
        ("StringEqualsIfExists", true),
        ("ArnNotLike", true),
        ("NotIpAddress", true),
        ("Bool", false),
        ("ForAllValues:StringEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringEqualsIfExists", true),
    ] {
        assert_eq!(
            holds(json!({ operator: { "aws:Key": "x" } }), &nothing),
            expected,
            "{operator}"
        );
    }
}

#[test]
fn null_asks_whether_a_key_is_there() {
    let known = Conditions::none().with("aws:Key", "x");
    assert!(holds(json!({"Null": {"aws:Key": "false"}}), &known));
    assert!(!holds(json!({"Null": {"aws:Key": true}}), &known));
    assert!(holds(
        json!({"Null": {"aws:Key": true}}),
        &Conditions::none()
    ));
}

#[test]
fn set_operators_quantify_over_the_values() {
    let tags = |keys: &[&str]| {
        Conditions::none().with_all("aws:TagKeys", keys.iter().map(|key| (*key).to_owned()))
    };
    let all = json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}});
    let any = json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}});
    assert!(holds(all.clone(), &tags(&["a"])));
    assert!(!holds(all, &tags(&["a", "c"])));
    assert!(holds(any.clone(), &tags(&["a", "c"])));
    assert!(!holds(any, &tags(&["c"])));
    let any_other = json!({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}});
    assert!(holds(any_other.clone(), &tags(&["a", "c"])));
    assert!(!holds(any_other, &tags(&["a"])));
}

#[test]
fn all_keys_of_all_operators_must_hold() {
    let context = Conditions::none().with("aws:A", "1").with("aws:B", "2");
    let block = json!({"StringEquals": {"aws:A": "1", "aws:B": "3"}});
    assert!(!holds(block, &context));
    let block = json!({"StringEquals": {"aws:A": "1"}, "NumericLessThan": {"aws:b": "3"}});
    assert!(holds(block, &context));
}

#[test]
fn variables_stand_in_values() {
    let context = Conditions::none()
        .with("aws:SourceAccount", "123456789012")
        .with("aws:PrincipalAccount", "123456789012");
    let block = json!({"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}});
    assert!(holds(block, &context));
}

/// The guide's example denies whoever has no team by just this.
#[test]
fn a_variable_without_value_equals_nothing() {
    let given = Conditions::none().with("s3:ExistingObjectTag/Team", "blue");
    for (operator, held) in [
        ("StringEquals", false),
        ("StringLike", false),
        ("StringNotEquals", true),
        ("StringNotLike", true),
    ] {
        let block = json!({operator: {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}});
        assert_eq!(holds(block, &given), held, "{operator}");
    }
}

#[test]
fn unknown_operators_are_refused() {
    for operator in [
        "StringMatches",
        "ForSomeValues:StringEquals",
        "NullIfExists",
        "",
    ] {
        let error = parse(&json!({ operator: { "aws:Key": "x" } }), true).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Invalid Condition type : {operator}.")
        );
    }
    assert!(parse(&json!({"StringEquals": {"nokey": "x"}}), true).is_err());
    assert!(parse(&json!({"StringEquals": {"aws:Key": {"a": 1}}}), true).is_err());
    assert!(parse(&json!({"StringEquals": "x"}), true).is_err());
}
