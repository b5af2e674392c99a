//! A service as summaries and insights name it.

use serde::Serialize;

/// `ServiceId`
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ServiceIdOutput<'a> {
    account_id: Option<&'a str>,
    name: &'a str,
    names: [&'a str; 1],
    #[serde(rename = "Type")]
    kind: Option<&'a str>,
}

impl<'a> ServiceIdOutput<'a> {
    /// `account_id` is that of another account only.
    pub(crate) fn new(account_id: Option<&'a str>, name: &'a str, kind: Option<&'a str>) -> Self {
        Self {
            account_id,
            name,
            names: [name],
            kind,
        }
    }
}
