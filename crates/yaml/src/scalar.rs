//! What a scalar is, by its text, its quotes and its tag.

use saphyr_parser::ScalarStyle;
use serde_json::Number;

use crate::Value;

/// The value of a scalar; `core` is the suffix of its core schema tag, `str` for `!!str`.
pub(crate) fn value(text: &str, style: ScalarStyle, core: Option<&str>) -> Value {
    match core {
        Some("str" | "binary" | "timestamp") => return Value::String(text.to_owned()),
        Some(_) => return plain(text),
        None => {}
    }
    if style == ScalarStyle::Plain {
        plain(text)
    } else {
        Value::String(text.to_owned())
    }
}

/// YAML 1.1's types for booleans and null; JSON's notation for numbers.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Value::Bool(false)
        }
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = unsigned.bytes().next()?;
    let leading_zero = first == b'0' && unsigned[1..].starts_with(|c: char| c.is_ascii_digit());
    if !first.is_ascii_digit() || leading_zero {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    let is_fraction = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.contains(['.', 'e', 'E']);
    if !is_fraction {
        return None;
    }
    text.parse().ok().and_then(Number::from_f64)
}
