//! What a stack is made of, as the server keeps it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The record of a deployed stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The stack's name.
    pub stack: String,
    /// What it is made of, in the order in which it was made.
    pub resources: Vec<Resource>,
    /// The template's outputs.
    pub outputs: BTreeMap<String, String>,
    /// Where each API of the stack answers, by logical id.
    pub urls: BTreeMap<String, String>,
}

/// One thing that a stack is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// The template's name of it.
    pub logical_id: String,
    /// `function`, `api`, `role`, `permission`, `table`, `queue`, `sampling rule`.
    pub kind: String,
    /// The service's name of it: a name, an id, a URL.
    pub physical_id: String,
    /// What it was made from, in short, where the service cannot be asked; empty elsewhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
}

impl Record {
    pub(crate) fn find(&self, logical_id: &str, kind: &str) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| resource.logical_id == logical_id && resource.kind == kind)
    }
}
