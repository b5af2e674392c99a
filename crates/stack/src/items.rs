//! What a stack is made of, after SAM's shorthands are spelled out. Values may still hold intrinsics.
//!
//! | item | from |
//! |---|---|
//! | [`Body::Role`] | `AWS::IAM::Role`, and every function without a `Role` |
//! | [`Body::Function`] | `AWS::Serverless::Function` |
//! | [`Body::Api`] | `AWS::Serverless::Api`, and the API of `Api` events that name none |
//! | [`Body::Permission`] | each `Api` event |
//! | [`Body::Table`], [`Body::Queue`], [`Body::SamplingRule`] | `AWS::Serverless::SimpleTable`, `AWS::SQS::Queue`, `AWS::XRay::SamplingRule` |

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::StackError;
use crate::intrinsics::mentioned;

/// One thing to make, keep or remove.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The template's name of it, or the one that SAM would make up.
    pub(crate) logical_id: String,
    /// Where its properties stand in the template.
    pub(crate) place: String,
    /// What it is.
    pub(crate) body: Body,
    /// Logical ids that must be there first, beside those that its properties mention.
    pub(crate) after: Vec<String>,
}

/// What an item is. The values are properties as written, SAM's words turned into those of the plain resource.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Role(Value),
    Function {
        properties: Value,
        code: Code,
    },
    Api {
        properties: Value,
        routes: Vec<Route>,
    },
    Permission {
        function: String,
        api: String,
        method: String,
        path: String,
    },
    Table(Value),
    Queue(Value),
    SamplingRule(Value),
}

/// Where a function's code is.
#[derive(Debug, Clone)]
pub(crate) enum Code {
    /// A folder or a zip, relative to the template.
    Path(String),
    /// A single file in the template.
    Inline(String),
}

/// A path and method of an API, and the function behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) path: String,
    /// In lower case; `any` for all.
    pub(crate) method: String,
    /// The function's logical id.
    pub(crate) function: String,
}

impl Body {
    /// The word for people, and for the record.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::Function { .. } => "function",
            Self::Api { .. } => "api",
            Self::Permission { .. } => "permission",
            Self::Table(_) => "table",
            Self::Queue(_) => "queue",
            Self::SamplingRule(_) => "sampling rule",
        }
    }

    /// What `Fn::GetAtt` may ask of it. Source: CloudFormation user guide, return values of each resource type.
    pub(crate) fn attributes(&self) -> &'static [&'static str] {
        match self {
            Self::Role(_) | Self::Function { .. } | Self::Table(_) => &["Arn"],
            Self::Api { .. } => &["RootResourceId", "Stage"],
            Self::Queue(_) => &["Arn", "QueueName", "QueueUrl"],
            Self::SamplingRule(_) => &["RuleARN"],
            Self::Permission { .. } => &[],
        }
    }

    fn properties(&self) -> Option<&Value> {
        match self {
            Self::Role(value)
            | Self::Table(value)
            | Self::Queue(value)
            | Self::SamplingRule(value) => Some(value),
            Self::Function { properties, .. } | Self::Api { properties, .. } => Some(properties),
            Self::Permission { .. } => None,
        }
    }
}

impl Item {
    /// The logical ids and parameters that must be known before it can be made.
    fn needs(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = self.after.iter().cloned().collect();
        if let Some(properties) = self.body.properties() {
            mentioned(properties, &mut names);
        }
        match &self.body {
            Body::Api { routes, .. } => {
                names.extend(routes.iter().map(|route| route.function.clone()))
            }
            Body::Permission { function, api, .. } => names.extend([function.clone(), api.clone()]),
            _ => {}
        }
        names
    }
}

/// The items in an order in which each comes after all that it needs; otherwise as written.
pub(crate) fn ordered(items: Vec<Item>) -> Result<Vec<Item>, StackError> {
    let known: BTreeSet<String> = items.iter().map(|item| item.logical_id.clone()).collect();
    for item in &items {
        if let Some(nobody) = item.after.iter().find(|name| !known.contains(*name)) {
            return Err(StackError::invalid(
                &item.place,
                format!("DependsOn {nobody}, which is no resource"),
            ));
        }
    }
    let mut waiting: Vec<(Item, BTreeSet<String>)> = items
        .into_iter()
        .map(|item| {
            let needs = item.needs().intersection(&known).cloned().collect();
            (item, needs)
        })
        .collect();
    let mut done = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let Some(ready) = waiting.iter().position(|(_, needs)| needs.is_empty()) else {
            let names: Vec<_> = waiting
                .iter()
                .map(|(item, _)| item.logical_id.as_str())
                .collect();
            return Err(StackError::invalid(
                "Resources",
                format!("these need each other: {}", names.join(", ")),
            ));
        };
        let (item, _) = waiting.remove(ready);
        for (_, needs) in &mut waiting {
            needs.remove(&item.logical_id);
        }
        done.push(item);
    }
    Ok(done)
}

/// A name that the template leaves open: `{stack}-{logical id}-{12 letters and digits}`, cut to `longest`.
///
/// CloudFormation draws the end by chance; ours follows from the rest, so that the same stack always finds its own.
pub(crate) fn physical_name(stack: &str, logical_id: &str, longest: usize) -> String {
    let digest = Sha256::digest(format!("{stack}/{logical_id}"));
    let end: String = digest
        .iter()
        .take(12)
        .map(|byte| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte % 32)]))
        .collect();
    let mut start = format!("{stack}-{logical_id}");
    start.truncate(longest.saturating_sub(end.len() + 1));
    format!("{start}-{end}")
}

/// The routes of each API, by its logical id.
pub(crate) type Routes = BTreeMap<String, Vec<Route>>;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(logical_id: &str, value: Value, after: &[&str]) -> Item {
        Item {
            logical_id: logical_id.to_owned(),
            place: format!("Resources.{logical_id}.Properties"),
            body: Body::Queue(value),
            after: after.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let items = vec![
            item("A", json!({"x": {"Ref": "C"}}), &[]),
            item("B", json!({}), &["A"]),
            item("C", json!({"y": {"Ref": "AWS::Region"}}), &[]),
        ];
        let order: Vec<_> = ordered(items)
            .unwrap()
            .into_iter()
            .map(|item| item.logical_id)
            .collect();
        assert_eq!(order, ["C", "A", "B"]);
    }

    #[test]
    fn circles_and_unknown_names_are_refused() {
        let circle = vec![
            item("A", json!({"Ref": "B"}), &[]),
            item("B", json!({"Ref": "A"}), &[]),
        ];
        assert_eq!(
            ordered(circle).unwrap_err().to_string(),
            "Resources: these need each other: A, B"
        );
        let nobody = vec![item("A", json!({}), &["Z"])];
        assert!(
            ordered(nobody)
                .unwrap_err()
                .to_string()
                .contains("DependsOn Z")
        );
    }

    #[test]
    fn a_name_is_always_the_same_and_fits() {
        let name = physical_name("shop", "Orders", 64);
        assert_eq!(name, physical_name("shop", "Orders", 64));
        assert!(
            name.starts_with("shop-Orders-") && name.len() == 12 + 12,
            "{name}"
        );
        assert_eq!(physical_name(&"x".repeat(100), "Orders", 64).len(), 64);
    }
}
