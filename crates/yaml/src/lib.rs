//! YAML and JSON text to JSON values, with the short tags of templates spelled out; or to a tree that keeps tags and
//! positions.
//!
//! Templates and OpenAPI documents come as either. [`parse`] gives what most readers want. A [`Node`] of [`tree`]
//! remembers its tag (`!Ref`) and where it stood, which every good error message needs.
//!
//! Scalars are read as YAML 1.1 has them in templates: `yes`, `on` and `true` are all booleans. Numbers are decimal; what
//! only looks like a number (`010`, an account id with a leading zero) and every date stays text. Keys are always text.
//! Aliases are copies; merge keys (`<<`) are keys like any other, as in CloudFormation.
//!
//! Deliberately absent: meaning. Which tags are known is for the caller to say.

mod parse;
mod scalar;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Value as Json, json};

pub use parse::{YamlError, tree};

/// Reads the one document in `text`, YAML or JSON, as [`Node::to_json`] spells it.
///
/// # Errors
///
/// As [`tree`].
pub fn parse(text: &str) -> Result<serde_json::Value, YamlError> {
    tree(text).map(|root| root.to_json())
}

/// One value of the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Its own tag without the exclamation mark: `Ref` for `!Ref`. Tags of YAML's core schema are applied, not kept.
    pub tag: Option<String>,
    /// Where it begins.
    pub at: Position,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true`, `yes`, `on` and their opposites.
    Bool(bool),
    /// A decimal number.
    Number(serde_json::Number),
    /// Anything else.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// Entries in the order of the text; no key twice.
    Mapping(Vec<Entry>),
}

/// One key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text, quotes removed.
    pub key: String,
    /// Where the key begins.
    pub at: Position,
    /// What it is the key of.
    pub value: Node,
}

/// Line and column in the text, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

// === impl Node ===

impl Node {
    /// The value below `key`, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        let Value::Mapping(entries) = &self.value else {
            return None;
        };
        entries
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.value)
    }

    /// The same value as JSON, its mappings in the order of the text.
    ///
    /// Tags become the functions that they abbreviate: `!Ref a` is `{"Ref": "a"}`, `!GetAtt a.b.c` is
    /// `{"Fn::GetAtt": ["a", "b.c"]}`, any other `!X v` is `{"Fn::X": v}`. Source: CloudFormation user guide,
    /// intrinsic functions, short forms.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let value = match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(value) => Json::Number(value.clone()),
            Value::String(value) => Json::String(value.clone()),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => entries
                .iter()
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        };
        match self.tag.as_deref() {
            None => value,
            Some(name @ ("Ref" | "Condition")) => json!({ name: value }),
            Some("GetAtt") => json!({ "Fn::GetAtt": split_at_dot(value) }),
            Some(name) => json!({ format!("Fn::{name}"): value }),
        }
    }
}

/// `Resource.Attribute` as the list that the long form takes; an attribute may have dots of its own.
fn split_at_dot(value: Json) -> Json {
    match value.as_str().and_then(|text| text.split_once('.')) {
        Some((resource, attribute)) => json!([resource, attribute]),
        None => value,
    }
}

// === impl Position ===

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
