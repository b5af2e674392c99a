//! A template's sections, as they are written.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::intrinsics::text;
use crate::properties::Properties;
use crate::{StackError, globals};

/// A template, its Globals already merged into its resources.
#[derive(Debug)]
pub(crate) struct Template {
    /// Parameters with their values.
    pub(crate) parameters: BTreeMap<String, Value>,
    /// In the order in which they are written.
    pub(crate) resources: Vec<RawResource>,
    /// Outputs' values, unresolved.
    pub(crate) outputs: Vec<(String, Value)>,
    /// For the API that nobody wrote down.
    pub(crate) globals: globals::Globals,
}

/// A resource as it is written.
#[derive(Debug, Clone)]
pub(crate) struct RawResource {
    pub(crate) logical_id: String,
    pub(crate) kind: String,
    pub(crate) properties: Value,
    pub(crate) depends_on: Vec<String>,
}

impl RawResource {
    /// Where its properties stand.
    pub(crate) fn place(&self) -> String {
        format!("Resources.{}.Properties", self.logical_id)
    }
}

impl Template {
    /// Reads the sections. `chosen` are parameter values that override the defaults.
    pub(crate) fn read(
        document: Value,
        chosen: &BTreeMap<String, String>,
    ) -> Result<Self, StackError> {
        let mut sections = Properties::new("template", document)?;
        for informative in ["AWSTemplateFormatVersion", "Description", "Metadata"] {
            sections.take(informative);
        }
        if let Some(transform) = sections.take("Transform")
            && transform != "AWS::Serverless-2016-10-31"
            && transform != Value::from(vec!["AWS::Serverless-2016-10-31"])
        {
            return Err(StackError::unsupported("Transform", transform.to_string()));
        }
        let parameters = parameters(sections.take("Parameters"), chosen)?;
        let globals = globals::Globals::read(sections.take("Globals"))?;
        let outputs = outputs(sections.take("Outputs"))?;
        let Some(resources) = sections.take("Resources") else {
            return Err(StackError::invalid(
                "Resources",
                "a template without resources",
            ));
        };
        sections.finish().map_err(|error| match error {
            StackError::Unsupported { place, .. } => {
                let section = place.trim_start_matches("template.");
                StackError::unsupported(section, format!("section {section}"))
            }
            other => other,
        })?;
        let mut read = Vec::new();
        for (logical_id, resource) in Properties::new("Resources", resources)?.rest() {
            read.push(globals.merge_into(resource_of(logical_id, resource)?)?);
        }
        Ok(Self {
            parameters,
            resources: read,
            outputs,
            globals,
        })
    }
}

fn resource_of(logical_id: String, value: Value) -> Result<RawResource, StackError> {
    let place = format!("Resources.{logical_id}");
    if logical_id.is_empty() || !logical_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(StackError::invalid(
            place,
            "a logical id has letters and digits only",
        ));
    }
    let mut members = Properties::new(&place, value)?;
    let kind = members.required("Type")?;
    let properties = members
        .take("Properties")
        .unwrap_or(Value::Object(Map::new()));
    let depends_on = members.list("DependsOn");
    let depends_on = depends_on.iter().filter_map(text).collect();
    members.finish()?;
    Ok(RawResource {
        logical_id,
        kind,
        properties,
        depends_on,
    })
}

fn parameters(
    section: Option<Value>,
    chosen: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, StackError> {
    let mut values = BTreeMap::new();
    for (name, declared) in Properties::new("Parameters", section.unwrap_or(Value::Null))?.rest() {
        let place = format!("Parameters.{name}");
        let mut declared = Properties::new(&place, declared)?;
        let kind = declared.required("Type")?;
        for informative in ["Description", "ConstraintDescription", "NoEcho"] {
            declared.take(informative);
        }
        let default = declared.take("Default");
        let allowed = declared.list("AllowedValues");
        declared.finish()?;
        let value = match (chosen.get(&name), default) {
            (Some(chosen), _) => chosen.clone(),
            (None, Some(default)) => text(&default).ok_or_else(|| {
                StackError::invalid(&place, format!("Default cannot be {default}"))
            })?,
            (None, None) => {
                return Err(StackError::invalid(
                    &place,
                    "has no default; give it with --parameter NAME=VALUE",
                ));
            }
        };
        let value = match kind.as_str() {
            "String" => value,
            "Number" if value.parse::<f64>().is_ok() => value,
            "Number" => {
                return Err(StackError::invalid(
                    &place,
                    format!("{value:?} is no number"),
                ));
            }
            other => {
                return Err(StackError::unsupported(
                    place,
                    format!("parameter type {other}"),
                ));
            }
        };
        if !allowed.is_empty() && !allowed.iter().filter_map(text).any(|one| one == value) {
            return Err(StackError::invalid(
                &place,
                format!("{value:?} is not among its AllowedValues"),
            ));
        }
        values.insert(name, Value::String(value));
    }
    if let Some(unknown) = chosen.keys().find(|name| !values.contains_key(*name)) {
        return Err(StackError::invalid(
            "Parameters",
            format!("there is no parameter {unknown}"),
        ));
    }
    Ok(values)
}

fn outputs(section: Option<Value>) -> Result<Vec<(String, Value)>, StackError> {
    let mut outputs = Vec::new();
    for (name, output) in Properties::new("Outputs", section.unwrap_or(Value::Null))?.rest() {
        let mut output = Properties::new(format!("Outputs.{name}"), output)?;
        output.take("Description");
        let value = output.take("Value");
        output.finish()?;
        outputs.push((name, value.unwrap_or(Value::Null)));
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(document: Value) -> Result<Template, StackError> {
        Template::read(document, &BTreeMap::new())
    }

    #[test]
    fn parameters_have_defaults_and_overrides() {
        let document = json!({
            "Parameters": {"Size": {"Type": "Number", "Default": 1.5}, "Name": {"Type": "String", "Default": "a", "AllowedValues": ["a", "b"]}},
            "Resources": {},
        });
        let chosen = BTreeMap::from([("Name".to_owned(), "b".to_owned())]);
        let template = Template::read(document.clone(), &chosen).unwrap();
        assert_eq!(template.parameters["Size"], "1.5");
        assert_eq!(template.parameters["Name"], "b");
        for (name, value) in [("Name", "c"), ("Size", "big"), ("Other", "x")] {
            let chosen = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            assert!(
                Template::read(document.clone(), &chosen).is_err(),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn what_a_template_may_not_hold_is_named() {
        for (document, words) in [
            (
                json!({"Resources": {}, "Conditions": {}}),
                "Conditions: section Conditions is not supported",
            ),
            (
                json!({"Resources": {}, "Transform": "AWS::Include"}),
                "Transform: \"AWS::Include\" is not supported",
            ),
            (
                json!({"Resources": {"A": {"Type": "T", "Condition": "x"}}}),
                "Resources.A.Condition: property Condition is not supported",
            ),
            (
                json!({"Resources": {"A": {}}}),
                "Resources.A: Type is missing",
            ),
            (json!({}), "Resources: a template without resources"),
            (
                json!({"Resources": {}, "Parameters": {"A": {"Type": "String"}}}),
                "Parameters.A: has no default; give it with --parameter NAME=VALUE",
            ),
        ] {
            assert_eq!(read(document).unwrap_err().to_string(), words);
        }
    }
}
