//! What is known about a request when policies are judged: the request context.

use std::collections::BTreeMap;

use fluoro_wire::Call;
use http::header;

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

    /// What a call tells about itself, whatever it is about: `aws:SourceIp`, `aws:RequestedRegion`, `aws:UserAgent`,
    /// `aws:Referer`, `aws:SecureTransport`. Source: IAM user guide, AWS global condition context keys.
    #[must_use]
    pub fn of_call(call: &Call) -> Self {
        let mut conditions = Self::none()
            .with("aws:SourceIp", call.peer.ip().to_string())
            .with("aws:RequestedRegion", &*call.region.0)
            .with("aws:SecureTransport", "false");
        let headers = [
            ("aws:UserAgent", header::USER_AGENT),
            ("aws:Referer", header::REFERER),
        ];
        for (key, name) in headers {
            let value = call
                .head
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok());
            if let Some(value) = value {
                conditions = conditions.with(key, value);
            }
        }
        conditions
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
