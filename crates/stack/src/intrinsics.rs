//! `Ref`, `Fn::Sub`, `Fn::GetAtt`, `Fn::Join`: what they name, and what they come to.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use crate::StackError;

/// What names stand for: pseudo parameters, parameters, and the resources made so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    /// What `Ref` of a name gives.
    pub(crate) refs: HashMap<String, Value>,
    /// What `Fn::GetAtt` of a resource gives, by attribute.
    pub(crate) attributes: HashMap<String, HashMap<&'static str, String>>,
}

impl Scope {
    /// Adds a resource that is not made yet: its logical id stands for all that it will be.
    pub(crate) fn foresee(&mut self, logical_id: &str, attributes: &[&'static str]) {
        let stand_in = logical_id.to_owned();
        let attributes = attributes
            .iter()
            .map(|&attribute| (attribute, stand_in.clone()));
        self.attributes
            .insert(logical_id.to_owned(), attributes.collect());
        self.refs
            .insert(logical_id.to_owned(), Value::String(stand_in));
    }

    fn name(&self, place: &str, name: &str) -> Result<Value, StackError> {
        let found = self.refs.get(name);
        found.cloned().ok_or_else(|| {
            StackError::invalid(
                place,
                format!("{name} is neither a parameter nor a resource of this template"),
            )
        })
    }

    fn attribute(&self, place: &str, resource: &str, attribute: &str) -> Result<Value, StackError> {
        let Some(attributes) = self.attributes.get(resource) else {
            return Err(StackError::invalid(
                place,
                format!("there is no resource {resource}"),
            ));
        };
        match attributes.get(attribute) {
            Some(value) => Ok(Value::String(value.clone())),
            None => Err(StackError::unsupported(
                place,
                format!("attribute {attribute} of {resource}"),
            )),
        }
    }

    /// The value with every intrinsic worked out. `AWS::NoValue` takes its member or element away.
    pub(crate) fn resolve(&self, place: &str, value: &Value) -> Result<Value, StackError> {
        Ok(self
            .resolve_or_nothing(place, value)?
            .unwrap_or(Value::Null))
    }

    fn resolve_or_nothing(&self, place: &str, value: &Value) -> Result<Option<Value>, StackError> {
        if let Some((name, argument)) = intrinsic(value) {
            if name == "Ref" && argument == "AWS::NoValue" {
                return Ok(None);
            }
            return self.call(place, name, argument).map(Some);
        }
        Ok(Some(match value {
            Value::Array(values) => {
                let mut resolved = Vec::with_capacity(values.len());
                for (index, value) in values.iter().enumerate() {
                    resolved.extend(self.resolve_or_nothing(&format!("{place}[{index}]"), value)?);
                }
                Value::Array(resolved)
            }
            Value::Object(map) => {
                let mut resolved = Map::new();
                for (key, value) in map {
                    if let Some(value) =
                        self.resolve_or_nothing(&format!("{place}.{key}"), value)?
                    {
                        resolved.insert(key.clone(), value);
                    }
                }
                Value::Object(resolved)
            }
            other => other.clone(),
        }))
    }

    fn call(&self, place: &str, name: &str, argument: &Value) -> Result<Value, StackError> {
        let wrong = || StackError::invalid(place, format!("{name} does not take {argument}"));
        match name {
            "Ref" => self.name(place, argument.as_str().ok_or_else(wrong)?),
            "Fn::GetAtt" => {
                let (resource, attribute) = get_att(argument).ok_or_else(wrong)?;
                self.attribute(place, &resource, &attribute)
            }
            "Fn::Join" => {
                let [separator, parts] =
                    argument.as_array().map(Vec::as_slice).ok_or_else(wrong)?
                else {
                    return Err(wrong());
                };
                let parts = self.resolve(place, parts)?;
                let parts: Option<Vec<String>> = parts
                    .as_array()
                    .ok_or_else(wrong)?
                    .iter()
                    .map(text)
                    .collect();
                Ok(parts
                    .ok_or_else(wrong)?
                    .join(separator.as_str().ok_or_else(wrong)?)
                    .into())
            }
            "Fn::Sub" => self
                .substitute(place, argument)
                .transpose()
                .ok_or_else(wrong)?,
            _ => Err(StackError::unsupported(place, name)),
        }
    }

    fn substitute(&self, place: &str, argument: &Value) -> Result<Option<Value>, StackError> {
        let (template, own) = match argument {
            Value::String(template) => (template, Value::Null),
            Value::Array(both) => match both.as_slice() {
                [Value::String(template), own @ Value::Object(_)] => {
                    (template, self.resolve(place, own)?)
                }
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let mut result = String::new();
        for piece in pieces(template) {
            let name = match piece {
                Piece::Text(text) => {
                    result.push_str(text);
                    continue;
                }
                Piece::Name(name) => name,
            };
            let value = match (own.get(name), name.split_once('.')) {
                (Some(value), _) => value.clone(),
                (None, Some((resource, attribute))) => {
                    self.attribute(place, resource, attribute)?
                }
                (None, None) => self.name(place, name)?,
            };
            let value = text(&value).ok_or_else(|| {
                StackError::invalid(place, format!("${{{name}}} is no text, number or boolean"))
            })?;
            result.push_str(&value);
        }
        Ok(Some(result.into()))
    }
}

/// The names of everything that a value refers to, parameters included.
pub(crate) fn mentioned(value: &Value, into: &mut BTreeSet<String>) {
    if let Some((name, argument)) = intrinsic(value) {
        match name {
            "Ref" => into.extend(argument.as_str().map(str::to_owned)),
            "Fn::GetAtt" => into.extend(get_att(argument).map(|(resource, _)| resource)),
            "Fn::Sub" => {
                let template = argument
                    .as_str()
                    .or_else(|| argument.get(0)?.as_str())
                    .unwrap_or_default();
                let own = argument.get(1);
                for piece in pieces(template) {
                    if let Piece::Name(name) = piece
                        && own.and_then(|own| own.get(name)).is_none()
                    {
                        into.insert(name.split('.').next().unwrap_or(name).to_owned());
                    }
                }
            }
            _ => {}
        }
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| mentioned(value, into)),
        Value::Object(map) => map.values().for_each(|value| mentioned(value, into)),
        _ => {}
    }
}

/// Text as CloudFormation prints scalars.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

/// The name and argument of `{"Ref": …}` or `{"Fn::…": …}`.
fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    (name == "Ref" || name == "Condition" || name.starts_with("Fn::"))
        .then_some((name.as_str(), argument))
}

/// Whether the value is a function to be worked out.
pub(crate) fn is_intrinsic(value: &Value) -> bool {
    intrinsic(value).is_some()
}

fn get_att(argument: &Value) -> Option<(String, String)> {
    match argument {
        Value::String(dotted) => dotted
            .split_once('.')
            .map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned())),
        Value::Array(both) => match both.as_slice() {
            [Value::String(resource), Value::String(attribute)] => {
                Some((resource.clone(), attribute.clone()))
            }
            _ => None,
        },
        _ => None,
    }
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Splits `a${B}c`; `${!literal}` stays as `${literal}`.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        pieces.push(Piece::Text(&rest[..start]));
        let inside = &rest[start + 2..];
        let Some(end) = inside.find('}') else {
            pieces.push(Piece::Text(&rest[start..]));
            return pieces;
        };
        match inside[..end].strip_prefix('!') {
            Some(_) => {
                pieces.push(Piece::Text("${"));
                pieces.push(Piece::Text(&inside[1..=end]));
            }
            None => pieces.push(Piece::Name(inside[..end].trim())),
        }
        rest = &inside[end + 1..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.refs.insert("AWS::Region".into(), "eu-west-1".into());
        scope.refs.insert("Size".into(), 3.into());
        scope.refs.insert("Table".into(), "orders".into());
        scope.attributes.insert(
            "Table".into(),
            HashMap::from([("Arn", "arn:table".to_owned())]),
        );
        scope
    }

    #[test]
    fn each_intrinsic_comes_to_its_value() {
        let value = json!({
            "a": {"Ref": "Table"},
            "b": {"Fn::GetAtt": ["Table", "Arn"]},
            "c": {"Fn::GetAtt": "Table.Arn"},
            "d": {"Fn::Sub": "${AWS::Region}/${Table}/${Table.Arn}/${Size}/${!kept}"},
            "e": {"Fn::Sub": ["${x}-${Table}", {"x": {"Ref": "Size"}}]},
            "f": {"Fn::Join": ["+", ["a", {"Ref": "Size"}]]},
            "g": [{"Ref": "AWS::NoValue"}, 1],
            "h": {"Ref": "AWS::NoValue"},
        });
        assert_eq!(
            scope().resolve("here", &value).unwrap(),
            json!({
                "a": "orders", "b": "arn:table", "c": "arn:table", "d": "eu-west-1/orders/arn:table/3/${kept}",
                "e": "3-orders", "f": "a+3", "g": [1],
            })
        );
    }

    #[test]
    fn what_is_unknown_is_an_error_with_its_place() {
        for (value, words) in [
            (
                json!({"a": [{"Ref": "Nobody"}]}),
                "here.a[0]: Nobody is neither a parameter nor a resource of this template",
            ),
            (
                json!({"Fn::GetAtt": ["Table", "StreamArn"]}),
                "here: attribute StreamArn of Table is not supported",
            ),
            (
                json!({"Fn::If": ["a", 1, 2]}),
                "here: Fn::If is not supported",
            ),
            (
                json!({"Fn::Join": ["a"]}),
                "here: Fn::Join does not take [\"a\"]",
            ),
        ] {
            assert_eq!(
                scope().resolve("here", &value).unwrap_err().to_string(),
                words
            );
        }
    }

    #[test]
    fn what_a_value_refers_to_is_found_everywhere() {
        let value = json!({
            "a": {"Fn::Sub": ["${x}${B}${C.Arn}", {"x": {"Ref": "D"}}]},
            "e": [{"Fn::GetAtt": "E.Arn"}, {"Fn::Join": ["", [{"Ref": "F"}]]}],
        });
        let mut names = BTreeSet::new();
        mentioned(&value, &mut names);
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["B", "C", "D", "E", "F"]
        );
    }
}
