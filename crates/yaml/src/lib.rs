//! YAML and JSON text to a tree that keeps tags and positions.
//!
//! Templates and OpenAPI documents come as either. A [`Node`] remembers its tag (`!Ref`), which templates need, and
//! where it stood, which every good error message needs; [`Node::to_json`] forgets both, for documents without tags.
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

pub use parse::{ParseError, parse};

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
    /// # Errors
    ///
    /// The first node with a tag of its own, which JSON cannot say.
    pub fn to_json(&self) -> Result<serde_json::Value, &Node> {
        if self.tag.is_some() {
            return Err(self);
        }
        Ok(match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => serde_json::Value::Bool(*value),
            Value::Number(value) => serde_json::Value::Number(value.clone()),
            Value::String(value) => serde_json::Value::String(value.clone()),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect::<Result<_, _>>()?,
            Value::Mapping(entries) => {
                let mut map = serde_json::Map::with_capacity(entries.len());
                for entry in entries {
                    map.insert(entry.key.clone(), entry.value.to_json()?);
                }
                serde_json::Value::Object(map)
            }
        })
    }
}

// === impl Position ===

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}
