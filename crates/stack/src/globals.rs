//! The Globals section: what it says holds for every resource of its type.
//!
//! Maps merge, lists append (the resource's elements last), anything else is the resource's where it has one. Source: SAM
//! specification, globals.

use serde_json::{Map, Value};

use crate::StackError;
use crate::intrinsics::is_intrinsic;
use crate::properties::Properties;
use crate::template::RawResource;

/// What Globals says, by section.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    function: Map<String, Value>,
    api: Map<String, Value>,
    table: Map<String, Value>,
}

impl Globals {
    pub(crate) fn read(section: Option<Value>) -> Result<Self, StackError> {
        let mut section = Properties::new("Globals", section.unwrap_or(Value::Null))?;
        let mut map = |name: &str| -> Result<Map<String, Value>, StackError> {
            Ok(section
                .inner(name)?
                .map(Properties::rest)
                .unwrap_or_default())
        };
        let (function, api, table) = (map("Function")?, map("Api")?, map("SimpleTable")?);
        section.finish()?;
        Ok(Self {
            function,
            api,
            table,
        })
    }

    pub(crate) fn merge_into(&self, mut resource: RawResource) -> Result<RawResource, StackError> {
        let globals = match resource.kind.as_str() {
            "AWS::Serverless::Function" => &self.function,
            "AWS::Serverless::Api" => &self.api,
            "AWS::Serverless::SimpleTable" => &self.table,
            _ => return Ok(resource),
        };
        if !resource.properties.is_object() {
            return Err(StackError::invalid(resource.place(), "a map was expected"));
        }
        resource.properties = merged(&Value::Object(globals.clone()), resource.properties);
        Ok(resource)
    }

    /// The Api section alone, for the API that nobody wrote down.
    pub(crate) fn of_implicit_api(&self) -> Value {
        Value::Object(self.api.clone())
    }
}

fn merged(global: &Value, own: Value) -> Value {
    // `{"Ref": …}` is a value, not a map.
    if is_intrinsic(global) || is_intrinsic(&own) {
        return own;
    }
    match (global, own) {
        (Value::Object(global), Value::Object(own)) => {
            let mut map = global.clone();
            for (key, value) in own {
                let value = match map.get(&key) {
                    Some(theirs) => merged(theirs, value),
                    None => value,
                };
                map.insert(key, value);
            }
            Value::Object(map)
        }
        (Value::Array(global), Value::Array(own)) => {
            Value::Array(global.iter().cloned().chain(own).collect())
        }
        (_, own) => own,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_lists_append_scalars_override() {
        let globals = json!({"Timeout": 3, "Environment": {"Variables": {"A": "1", "B": "2"}}, "Layers": ["x"]});
        let own = json!({"Timeout": 5, "Environment": {"Variables": {"B": "3"}}, "Layers": ["y"]});
        assert_eq!(
            merged(&globals, own),
            json!({"Timeout": 5, "Environment": {"Variables": {"A": "1", "B": "3"}}, "Layers": ["x", "y"]})
        );
    }

    #[test]
    fn an_intrinsic_is_no_map_to_merge() {
        let globals = json!({"Variables": {"A": {"Ref": "X"}, "B": {"Ref": "Y"}}});
        let own = json!({"Variables": {"A": {"Fn::Sub": "z"}, "B": {"C": 1}}});
        assert_eq!(merged(&globals, own.clone()), own);
    }

    #[test]
    fn an_unknown_section_is_refused() {
        let error = Globals::read(Some(json!({"HttpApi": {}}))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Globals.HttpApi: property HttpApi is not supported"
        );
    }
}
