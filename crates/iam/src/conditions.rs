//! What is known about a request when policies are judged: the request context.

use std::collections::BTreeMap;

/// Condition keys (`aws:SourceArn`) and their values. Keys do not tell upper from lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conditions {
    values: BTreeMap<String, Vec<String>>,
}

impl Conditions {
    /// Nothing is known.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a key with one value, in place of what it had.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_all(key, [value.into()])
    }

    /// Adds a key with several values (`aws:TagKeys`), in place of what it had.
    #[must_use]
    pub fn with_all(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.values
            .insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// The key's values; `None` when the key is not in the context.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.values
            .get(&key.to_ascii_lowercase())
            .map(Vec::as_slice)
    }
}
