//! A deployed snapshot.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use serde::{Deserialize, Serialize};

use super::Resource;

/// An API as it was at one moment. Only its description ever changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Six lower-case letters and digits.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made.
    pub created: TimestampMicros,
    /// The resources with their methods.
    pub resources: BTreeMap<String, Resource>,
    /// Media types whose bodies are bytes, not text.
    pub binary_media_types: Vec<String>,
}

/// One line of a deployment's summary.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodSummary {
    /// The resource's path.
    pub path: String,
    /// The verb, or `ANY`.
    pub verb: String,
}

// === impl Deployment ===

impl Deployment {
    /// The methods in it, by path and verb.
    #[must_use]
    pub fn summary(&self) -> Vec<MethodSummary> {
        let methods = self.resources.values().flat_map(|resource| {
            resource.methods.keys().map(|verb| MethodSummary {
                path: resource.path.clone(),
                verb: verb.clone(),
            })
        });
        let mut methods: Vec<_> = methods.collect();
        methods.sort_by(|a, b| (&a.path, &a.verb).cmp(&(&b.path, &b.verb)));
        methods
    }
}
