//! Reading a JSON body member by member, refusing wrong types in the framework's own words.
//!
//! AWS's framework reads leniently: unknown members are ignored, `null` is the same as absent. A member of the wrong
//! type fails the whole call with 400 `SerializationException` ("NUMBER_VALUE can not be converted to a String").
//! Whether a member is required is not decided here: that is a [constraint](crate::constraint).
//! Source: recorded answers of X-Ray; the same framework's measured answers in other AWS services.

use fluoro_model::TimestampMicros;
use http::StatusCode;
use serde_json::{Map, Value};

use crate::json_error::JsonError;

/// A structure of the body: the body itself, or one inside it.
#[derive(Debug, Clone, Copy)]
pub struct JsonInput<'a> {
    members: &'a Map<String, Value>,
}

/// Parses a body; an empty one is an empty structure, as SDKs send for operations without members.
///
/// # Errors
///
/// `SerializationException` when the body is not JSON or not a structure.
pub fn parse(body: &[u8]) -> Result<Map<String, Value>, JsonError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Array(_)) => Err(refusal("Start of list found where not expected")),
        Ok(_) => Err(refusal("Expected null")),
        Err(error) => Err(refusal(&format!("could not parse request body: {error}"))),
    }
}

/// 400 `SerializationException`.
#[must_use]
pub fn refusal(message: &str) -> JsonError {
    JsonError::capital(StatusCode::BAD_REQUEST, "SerializationException", message)
}

impl<'a> JsonInput<'a> {
    /// Reads from these members.
    #[must_use]
    pub fn new(members: &'a Map<String, Value>) -> Self {
        Self { members }
    }

    /// The member as it is; `null` is absent.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text member.
    ///
    /// # Errors
    ///
    /// When it is of another type; so for all readers below.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, JsonError> {
        self.value(name).map(as_text).transpose()
    }

    /// An integer member; a fraction is cut off, as the framework does.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, JsonError> {
        self.value(name).map(as_integer).transpose()
    }

    /// A number member.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn number(&self, name: &str) -> Result<Option<f64>, JsonError> {
        let read = |value: &Value| value.as_f64().ok_or_else(|| mismatch(value, "a Double"));
        self.value(name).map(read).transpose()
    }

    /// A boolean member.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, JsonError> {
        let read = |value: &Value| value.as_bool().ok_or_else(|| mismatch(value, "a Boolean"));
        self.value(name).map(read).transpose()
    }

    /// A point in time, sent as a number of seconds since the epoch.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn time(&self, name: &str) -> Result<Option<TimestampMicros>, JsonError> {
        let read = |value: &Value| match value.as_f64() {
            Some(seconds) => Ok(TimestampMicros::from_seconds(seconds)),
            None => Err(mismatch(value, "milliseconds since epoch")),
        };
        self.value(name).map(read).transpose()
    }

    /// A structure member.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn structure(&self, name: &str) -> Result<Option<JsonInput<'a>>, JsonError> {
        self.value(name).map(as_structure).transpose()
    }

    /// A list member, each element read by `read` ([`as_text`], [`as_structure`], …).
    ///
    /// # Errors
    ///
    /// When it is not a list, or an element is refused.
    pub fn list<T>(
        &self,
        name: &str,
        read: impl Fn(&'a Value) -> Result<T, JsonError>,
    ) -> Result<Option<Vec<T>>, JsonError> {
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        match value {
            Value::Array(elements) => elements
                .iter()
                .map(read)
                .collect::<Result<_, _>>()
                .map(Some),
            Value::Object(_) => Err(misplaced_structure()),
            _ => Err(refusal("Expected list or null")),
        }
    }

    /// A map member from text to text, in the order sent; entries that are `null` are left out.
    ///
    /// # Errors
    ///
    /// When it is not a map, or a value is not text.
    pub fn map(&self, name: &str) -> Result<Option<Vec<(&'a str, &'a str)>>, JsonError> {
        let Some(map) = self.structure(name)? else {
            return Ok(None);
        };
        let present = map.members.iter().filter(|(_, value)| !value.is_null());
        present
            .map(|(key, value)| Ok((key.as_str(), as_text(value)?)))
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// Reads one value as text.
///
/// # Errors
///
/// When it is of another type.
pub fn as_text(value: &Value) -> Result<&str, JsonError> {
    value.as_str().ok_or_else(|| mismatch(value, "a String"))
}

/// Reads one value as an integer, its fraction cut off.
///
/// # Errors
///
/// When it is of another type.
pub fn as_integer(value: &Value) -> Result<i64, JsonError> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "`as` cuts the fraction and saturates, which is what is promised"
    )]
    let cut = |number: f64| number as i64;
    value
        .as_i64()
        .or_else(|| value.as_f64().map(cut))
        .ok_or_else(|| mismatch(value, "an Integer"))
}

/// Reads one value as a structure.
///
/// # Errors
///
/// When it is of another type.
pub fn as_structure(value: &Value) -> Result<JsonInput<'_>, JsonError> {
    match value {
        Value::Object(members) => Ok(JsonInput { members }),
        Value::Array(_) => Err(refusal("Start of list found where not expected")),
        _ => Err(refusal("Expected null")),
    }
}

fn mismatch(value: &Value, wanted: &str) -> JsonError {
    let token = match value {
        Value::Null => return refusal("Unexpected null"),
        Value::Array(_) => return refusal("Start of list found where not expected"),
        Value::Object(_) => return misplaced_structure(),
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
    };
    refusal(&format!("{token} can not be converted to {wanted}"))
}

fn misplaced_structure() -> JsonError {
    refusal("Start of structure or map found where not expected.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message<T: std::fmt::Debug>(
        member: Value,
        read: impl for<'a> Fn(&JsonInput<'a>) -> Result<T, JsonError>,
    ) -> String {
        let body = json!({ "m": member });
        let error = read(&JsonInput::new(body.as_object().unwrap())).unwrap_err();
        assert_eq!(error.code(), "SerializationException");
        error.message().unwrap().to_owned()
    }

    #[test]
    fn wrong_types_are_refused_in_the_frameworks_words() {
        let text = |input: &JsonInput<'_>| input.text("m").map(|_| ());
        let integer = |input: &JsonInput<'_>| input.integer("m").map(|_| ());
        let time = |input: &JsonInput<'_>| input.time("m").map(|_| ());
        let list = |input: &JsonInput<'_>| input.list("m", as_text).map(|_| ());
        assert_eq!(
            message(json!(1), text),
            "NUMBER_VALUE can not be converted to a String"
        );
        assert_eq!(
            message(json!(true), text),
            "TRUE_VALUE can not be converted to a String"
        );
        assert_eq!(
            message(json!("1"), integer),
            "STRING_VALUE can not be converted to an Integer"
        );
        assert_eq!(
            message(json!("now"), time),
            "STRING_VALUE can not be converted to milliseconds since epoch"
        );
        assert_eq!(
            message(json!([]), text),
            "Start of list found where not expected"
        );
        assert_eq!(
            message(json!({}), text),
            "Start of structure or map found where not expected."
        );
        assert_eq!(message(json!("x"), list), "Expected list or null");
        assert_eq!(
            message(json!([1]), list),
            "NUMBER_VALUE can not be converted to a String"
        );
        assert_eq!(
            message(json!("x"), |input| input.structure("m").map(|_| ())),
            "Expected null"
        );
    }

    #[test]
    fn null_is_absent_and_unknown_members_are_ignored() {
        let body = json!({ "name": null, "other": 1 });
        let input = JsonInput::new(body.as_object().unwrap());
        assert_eq!(input.text("name").unwrap(), None);
        assert_eq!(input.flag("missing").unwrap(), None);
    }

    #[test]
    fn values_come_as_they_were_sent() {
        let body = json!({ "t": "a", "i": 2.9, "n": 0.5, "f": true, "s": 1.5, "l": ["x"], "m": {"k": "v", "z": null} });
        let input = JsonInput::new(body.as_object().unwrap());
        assert_eq!(input.text("t").unwrap(), Some("a"));
        assert_eq!(input.integer("i").unwrap(), Some(2));
        assert_eq!(input.number("n").unwrap(), Some(0.5));
        assert_eq!(input.flag("f").unwrap(), Some(true));
        assert_eq!(input.time("s").unwrap(), Some(TimestampMicros(1_500_000)));
        assert_eq!(input.list("l", as_text).unwrap(), Some(vec!["x"]));
        assert_eq!(input.map("m").unwrap(), Some(vec![("k", "v")]));
    }

    #[test]
    fn an_empty_body_is_an_empty_structure() {
        assert!(parse(b" \r\n").unwrap().is_empty());
        assert_eq!(
            parse(b"{oops").unwrap_err().code(),
            "SerializationException"
        );
        assert_eq!(
            parse(b"[]").unwrap_err().message(),
            Some("Start of list found where not expected")
        );
    }
}
