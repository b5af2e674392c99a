//! Patch operations: what an Update call changes, one value at a time.
//!
//! Values are strings for every type; a path is a JSON pointer. Source: API Gateway API reference, PatchOperation.

use std::collections::BTreeMap;
use std::fmt;

use super::ManagementError;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchOperation {
    /// What is done.
    pub op: PatchOp,
    /// Where, as a JSON pointer.
    pub path: String,
    /// The new value.
    pub value: Option<String>,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the words of the API model, which say what they do"
)]
pub enum PatchOp {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

// === impl PatchOperation ===

impl PatchOperation {
    /// The path's parts with their escapes undone.
    pub(crate) fn parts(&self) -> Vec<String> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').map(unescape).collect()
    }

    /// The new value, which most paths need.
    pub(crate) fn value(&self) -> Result<&str, ManagementError> {
        self.value.as_deref().ok_or_else(|| {
            let message = format!("Invalid null or empty value in {}", self.path);
            ManagementError::BadRequest(message)
        })
    }

    /// The new value as a boolean; what is no boolean is false. Source: recorded answers of UpdateStage.
    pub(crate) fn flag(&self) -> bool {
        self.value
            .as_deref()
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The new value as a text that may be absent.
    pub(crate) fn optional(&self) -> Option<String> {
        match self.op {
            PatchOp::Remove => None,
            _ => self.value.clone().filter(|value| !value.is_empty()),
        }
    }

    /// Sets or removes the entry `key` of a map.
    pub(crate) fn entry(
        &self,
        map: &mut BTreeMap<String, String>,
        key: &str,
    ) -> Result<(), ManagementError> {
        match self.op {
            PatchOp::Remove => {
                map.remove(key);
            }
            _ => {
                map.insert(key.to_owned(), self.value.clone().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Sets or removes the entry `key` of a map of booleans.
    pub(crate) fn flag_entry(&self, map: &mut BTreeMap<String, bool>, key: &str) {
        match self.op {
            PatchOp::Remove => {
                map.remove(key);
            }
            _ => {
                map.insert(key.to_owned(), self.flag());
            }
        }
    }

    /// Only `add`, `remove` and `replace` change a single value.
    pub(crate) fn changes_one_value(&self) -> Result<(), ManagementError> {
        match self.op {
            PatchOp::Add | PatchOp::Remove | PatchOp::Replace => Ok(()),
            PatchOp::Move | PatchOp::Copy | PatchOp::Test => Err(ManagementError::bad_request(
                "Invalid patch operation specified. Must be one of: [add, remove, replace]",
            )),
        }
    }

    /// The path is none of those that this operation has.
    pub(crate) fn invalid_path(&self, known: &[&str]) -> ManagementError {
        ManagementError::BadRequest(format!(
            "Invalid patch path  '{}' specified for op '{}'. Must be one of: [{}]",
            self.path,
            self.op,
            known.join(", ")
        ))
    }
}

/// Undoes the escapes of a JSON pointer.
pub(crate) fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

// === impl PatchOp ===

impl PatchOp {
    /// The operation of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "add" => Self::Add,
            "remove" => Self::Remove,
            "replace" => Self::Replace,
            "move" => Self::Move,
            "copy" => Self::Copy,
            "test" => Self::Test,
            _ => return None,
        })
    }
}

impl fmt::Display for PatchOp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Replace => "replace",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Test => "test",
        })
    }
}
