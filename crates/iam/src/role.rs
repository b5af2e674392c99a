//! A role as it is stored.

use std::collections::BTreeMap;

use fluoro_model::TimestampMicros;
use fluoro_wire::AccountId;
use serde::{Deserialize, Serialize};

/// A role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// `/` or `/service-role/`.
    pub path: String,
    /// Unique in the account, whatever its case.
    pub name: String,
    /// `AROA…`: tells a role from a later one with the same name.
    pub id: String,
    /// When it was made.
    pub created: TimestampMicros,
    /// Who may assume it: the document as it was given.
    pub trust_policy: String,
    /// What its maker wrote.
    pub description: Option<String>,
    /// How long a session may last at most: 3600 to 43200.
    pub max_session_duration_seconds: u32,
    /// In the order given.
    pub tags: Vec<Tag>,
    /// Documents as given, by name.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs, in the order attached.
    pub attached_policies: Vec<String>,
    /// ARN of the policy that bounds what the others allow.
    pub permissions_boundary: Option<String>,
}

/// A tag of a role or a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// Unique, whatever its case.
    pub key: String,
    /// May be empty.
    pub value: String,
}

impl Role {
    /// `arn:aws:iam::{account}:role{path}{name}`.
    #[must_use]
    pub fn arn(&self, account: &AccountId) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }
}

/// Adds tags, each in place of the one with its key.
pub(crate) fn merge_tags(tags: &mut Vec<Tag>, added: Vec<Tag>) {
    for tag in added {
        match tags
            .iter_mut()
            .find(|known| known.key.eq_ignore_ascii_case(&tag.key))
        {
            Some(known) => *known = tag,
            None => tags.push(tag),
        }
    }
}
