//! The Condition element: operators over the request context.
//!
//! All operators and all keys of a block must hold; of a key's values one must. A key that the context does not have
//! fails, except under a negated operator (`StringNotEquals`) or with `IfExists`. `ForAllValues:` and `ForAnyValue:`
//! quantify over a key with several values. Source: IAM user guide, policy elements: condition operators; conditions
//! with multiple context keys or values.

use std::net::IpAddr;

use fluoro_wire::timestamp::parse_iso8601;
use serde_json::Value;

use super::Malformed;
use super::pattern::Pattern;
use crate::conditions::Conditions;

/// One operator over one key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    quantifier: Quantifier,
    test: Test,
    negated: bool,
    if_exists: bool,
    key: String,
    values: Vec<Pattern>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    /// No set operator.
    Plain,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Reads a Condition block: `{operator: {key: value or values}}`.
pub(crate) fn parse(block: &Value, variables: bool) -> Result<Vec<Condition>, Malformed> {
    let operators = block.as_object().ok_or(Malformed::SYNTAX)?;
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let keys = keys.as_object().ok_or(Malformed::SYNTAX)?;
        for (key, values) in keys {
            conditions.push(Condition::parse(name, key, values, variables)?);
        }
    }
    Ok(conditions)
}

impl Condition {
    fn parse(name: &str, key: &str, values: &Value, variables: bool) -> Result<Self, Malformed> {
        let invalid = || Malformed::new(format!("Invalid Condition type : {name}."));
        let (quantifier, operator) = match name.split_once(':') {
            None => (Quantifier::Plain, name),
            Some((set, operator)) if set.eq_ignore_ascii_case("ForAllValues") => {
                (Quantifier::All, operator)
            }
            Some((set, operator)) if set.eq_ignore_ascii_case("ForAnyValue") => {
                (Quantifier::Any, operator)
            }
            Some(_) => return Err(invalid()),
        };
        let lower = operator.to_ascii_lowercase();
        let (bare, if_exists) = match lower.strip_suffix("ifexists") {
            Some(bare) => (bare, true),
            None => (lower.as_str(), false),
        };
        let (test, negated) = test_named(bare).ok_or_else(invalid)?;
        if test == Test::Null && (if_exists || quantifier != Quantifier::Plain) {
            return Err(invalid());
        }
        if !key.contains(':') {
            return Err(Malformed::VENDOR_MISSING);
        }
        Ok(Self {
            quantifier,
            test,
            negated,
            if_exists,
            key: key.to_owned(),
            values: parse_values(values, variables)?,
        })
    }

    /// Whether the condition holds in this context.
    pub(crate) fn holds(&self, conditions: &Conditions) -> bool {
        let present = conditions.get(&self.key);
        if self.test == Test::Null {
            let absent = if present.is_none() { "true" } else { "false" };
            let wanted = |value: &Pattern| value.literal(conditions);
            return self.values.iter().any(|value| {
                wanted(value).is_some_and(|value| value.eq_ignore_ascii_case(absent))
            });
        }
        let Some(given) = present else {
            return self.if_exists
                || match self.quantifier {
                    Quantifier::Plain => self.negated,
                    Quantifier::All => true,
                    Quantifier::Any => false,
                };
        };
        let one = |given: &String| self.one_holds(given, conditions);
        match self.quantifier {
            Quantifier::All => given.iter().all(one),
            Quantifier::Any => given.iter().any(one),
            // A negated operator is the opposite of its positive twin: no value may match.
            Quantifier::Plain if self.negated => given.iter().all(one),
            Quantifier::Plain => given.iter().any(one),
        }
    }

    /// Whether one value of the context satisfies the operator: equal to one of the policy's, or, negated, to none.
    fn one_holds(&self, given: &str, conditions: &Conditions) -> bool {
        let matches = |wanted: &Pattern| self.test.matches(wanted, given, conditions);
        self.values.iter().any(matches) != self.negated
    }
}

fn parse_values(values: &Value, variables: bool) -> Result<Vec<Pattern>, Malformed> {
    let one = |value: &Value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return Err(Malformed::SYNTAX),
        };
        Ok(Pattern::parse(&text, variables))
    };
    match values {
        Value::Array(values) => values.iter().map(one).collect(),
        value => Ok(vec![one(value)?]),
    }
}

fn test_named(bare: &str) -> Option<(Test, bool)> {
    use Order::{Equals, Greater, GreaterOrEqual, Less, LessOrEqual};
    Some(match bare {
        "stringequals" => (Test::StringEquals, false),
        "stringnotequals" => (Test::StringEquals, true),
        "stringequalsignorecase" => (Test::StringEqualsIgnoreCase, false),
        "stringnotequalsignorecase" => (Test::StringEqualsIgnoreCase, true),
        "stringlike" => (Test::StringLike, false),
        "stringnotlike" => (Test::StringLike, true),
        "numericequals" => (Test::Numeric(Equals), false),
        "numericnotequals" => (Test::Numeric(Equals), true),
        "numericlessthan" => (Test::Numeric(Less), false),
        "numericlessthanequals" => (Test::Numeric(LessOrEqual), false),
        "numericgreaterthan" => (Test::Numeric(Greater), false),
        "numericgreaterthanequals" => (Test::Numeric(GreaterOrEqual), false),
        "dateequals" => (Test::Date(Equals), false),
        "datenotequals" => (Test::Date(Equals), true),
        "datelessthan" => (Test::Date(Less), false),
        "datelessthanequals" => (Test::Date(LessOrEqual), false),
        "dategreaterthan" => (Test::Date(Greater), false),
        "dategreaterthanequals" => (Test::Date(GreaterOrEqual), false),
        "bool" => (Test::Bool, false),
        "binaryequals" => (Test::Binary, false),
        "ipaddress" => (Test::IpAddress, false),
        "notipaddress" => (Test::IpAddress, true),
        // The guide: ArnEquals and ArnLike behave identically.
        "arnequals" | "arnlike" => (Test::Arn, false),
        "arnnotequals" | "arnnotlike" => (Test::Arn, true),
        "null" => (Test::Null, false),
        _ => return None,
    })
}

impl Test {
    fn matches(self, wanted: &Pattern, given: &str, conditions: &Conditions) -> bool {
        match self {
            Self::StringLike => return wanted.matches(given, conditions),
            Self::Arn => return wanted.matches_arn(given, conditions),
            _ => {}
        }
        let Some(wanted) = wanted.literal(conditions) else {
            return false;
        };
        match self {
            Self::StringEquals | Self::Binary => wanted == given,
            Self::StringEqualsIgnoreCase => wanted.to_lowercase() == given.to_lowercase(),
            Self::Bool => wanted.eq_ignore_ascii_case(given),
            Self::Numeric(order) => match (given.parse::<f64>(), wanted.parse::<f64>()) {
                (Ok(given), Ok(wanted)) => order.holds(&given, &wanted),
                _ => false,
            },
            Self::Date(order) => match (moment(given), moment(&wanted)) {
                (Some(given), Some(wanted)) => order.holds(&given, &wanted),
                _ => false,
            },
            Self::IpAddress => in_network(given, &wanted),
            Self::StringLike | Self::Arn | Self::Null => false,
        }
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, given: &T, wanted: &T) -> bool {
        match self {
            Self::Equals => given == wanted,
            Self::Less => given < wanted,
            Self::LessOrEqual => given <= wanted,
            Self::Greater => given > wanted,
            Self::GreaterOrEqual => given >= wanted,
        }
    }
}

/// ISO 8601, or seconds since the epoch. In microseconds.
fn moment(text: &str) -> Option<i64> {
    match text.parse::<i64>() {
        Ok(seconds) => seconds.checked_mul(1_000_000),
        Err(_) => parse_iso8601(text).map(|time| time.0),
    }
}

/// Whether an address lies in a network in CIDR notation; a bare address is a network of one.
fn in_network(address: &str, network: &str) -> bool {
    let (base, length) = match network.split_once('/') {
        Some((base, length)) => (base, length.parse::<u32>().ok()),
        None => (network, Some(u32::MAX)),
    };
    let (Ok(address), Ok(base), Some(length)) =
        (address.parse::<IpAddr>(), base.parse::<IpAddr>(), length)
    else {
        return false;
    };
    let (address, base, width) = match (address, base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    if network.contains('/') && length > width {
        return false;
    }
    let host_bits = width - length.min(width);
    let shift = |bits: u128| bits.checked_shr(host_bits).unwrap_or(0);
    shift(address) == shift(base)
}

#[cfg(test)]
mod tests;
