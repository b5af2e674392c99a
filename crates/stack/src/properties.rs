//! Reads a resource's properties one by one, and refuses by name whatever nobody read.

use serde_json::{Map, Value};

use crate::StackError;
use crate::intrinsics::text;

/// The properties of one place in a template.
#[derive(Debug)]
pub(crate) struct Properties {
    place: String,
    map: Map<String, Value>,
}

impl Properties {
    /// The members of `value`, which stands at `place`; nothing at all counts as no members.
    pub(crate) fn new(place: impl Into<String>, value: Value) -> Result<Self, StackError> {
        let place = place.into();
        match value {
            Value::Object(map) => Ok(Self { place, map }),
            Value::Null => Ok(Self {
                place,
                map: Map::new(),
            }),
            other => Err(StackError::invalid(
                place,
                format!("a map was expected, not {other}"),
            )),
        }
    }

    /// Where a property stands.
    pub(crate) fn place(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// Takes a property, as it stands.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        self.map.shift_remove(name)
    }

    /// Takes a text; numbers and booleans become one, as in CloudFormation.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, StackError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        text(&value)
            .map(Some)
            .ok_or_else(|| self.expected(name, "a text", &value))
    }

    /// Takes a text that must be there.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, StackError> {
        self.text(name)?
            .ok_or_else(|| StackError::invalid(&self.place, format!("{name} is missing")))
    }

    /// Takes a whole number, also written as a text.
    pub(crate) fn number(&mut self, name: &str) -> Result<Option<i64>, StackError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number
            .map(Some)
            .ok_or_else(|| self.expected(name, "a whole number", &value))
    }

    /// Takes a boolean, also written as a text.
    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, StackError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let boolean = match &value {
            Value::Bool(boolean) => Some(*boolean),
            Value::String(text) => text.to_ascii_lowercase().parse().ok(),
            _ => None,
        };
        boolean
            .map(Some)
            .ok_or_else(|| self.expected(name, "true or false", &value))
    }

    /// Takes a list; a lone value is a list of one.
    pub(crate) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.take(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(one) => vec![one],
        }
    }

    /// Takes a map of its own.
    pub(crate) fn inner(&mut self, name: &str) -> Result<Option<Self>, StackError> {
        let place = self.place(name);
        self.take(name)
            .map(|value| Self::new(place, value))
            .transpose()
    }

    /// All that is left, in order.
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.map
    }

    /// Says that everything supported was taken: what is left is refused.
    pub(crate) fn finish(self) -> Result<(), StackError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => Err(StackError::unsupported(
                self.place(name),
                format!("property {name}"),
            )),
        }
    }

    fn expected(&self, name: &str, what: &str, found: &Value) -> StackError {
        StackError::invalid(
            self.place(name),
            format!("{what} was expected, not {found}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_booleans_may_be_written_as_texts() {
        let value = json!({"a": "10", "b": 10, "c": "True", "d": 1.2, "e": "x"});
        let mut properties = Properties::new("here", value).unwrap();
        assert_eq!(properties.number("a").unwrap(), Some(10));
        assert_eq!(properties.text("b").unwrap().as_deref(), Some("10"));
        assert_eq!(properties.boolean("c").unwrap(), Some(true));
        assert_eq!(properties.text("d").unwrap().as_deref(), Some("1.2"));
        assert_eq!(
            properties.number("e").unwrap_err().to_string(),
            "here.e: a whole number was expected, not \"x\""
        );
        properties.finish().unwrap();
    }

    #[test]
    fn what_nobody_took_is_refused_by_name() {
        let mut properties = Properties::new(
            "Resources.F.Properties",
            json!({"Known": 1, "VpcConfig": {}}),
        )
        .unwrap();
        properties.take("Known");
        assert_eq!(
            properties.finish().unwrap_err().to_string(),
            "Resources.F.Properties.VpcConfig: property VpcConfig is not supported"
        );
    }
}
