//! PutResourcePolicy, ListResourcePolicies, DeleteResourcePolicy.
//!
//! What these policies deny holds for every caller that is judged. What they allow is for AWS services and other
//! accounts, none of which calls here: that is kept and told, nothing more. A policy that names a role does not by itself let
//! that role in (recorded).

use std::sync::LazyLock;

use fluoro_iam::{Conditions, Iam, Policy};
use fluoro_model::TimestampMicros;
use fluoro_wire::json_input::JsonInput;
use fluoro_wire::{Call, Constraints};
use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::{Answer, Nothing, to_answer};
use crate::error::XRayError;
use crate::input::{refuse_token, short_token};
use crate::records::{XRayRecords, region_of, scope_key};
use crate::service::XRay;

/// Policies of an account in a region (X-Ray endpoints and quotas).
const POLICY_LIMIT: usize = 5;

/// The size of one, in bytes without white space (X-Ray endpoints and quotas).
const POLICY_BYTES: usize = 5 * 1024;

/// What nobody may take from themselves.
const PUT: &str = "xray:PutResourcePolicy";

/// A policy as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PolicyRecord {
    name: String,
    document: String,
    /// Counts from 1.
    revision: u64,
    updated_at: TimestampMicros,
}

/// Why a policy was not put or deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// The text is no JSON.
    #[error("the policy is no JSON")]
    NoJson,
    /// The document is no policy, or names who is not there.
    #[error("{0}")]
    Malformed(String),
    /// It is too long.
    #[error("the policy has {0} bytes")]
    TooLarge(usize),
    /// There are as many as there may be.
    #[error("there are {POLICY_LIMIT} policies already")]
    TooMany,
    /// It would take the right to put policies from who puts it.
    #[error("the policy would lock its maker out")]
    LocksOut,
    /// Somebody else was faster; the text is the service's.
    #[error("{0}")]
    Revision(String),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutResourcePolicyOutput<'a> {
    resource_policy: ResourcePolicyOutput<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListResourcePoliciesOutput<'a> {
    next_token: Option<String>,
    resource_policies: Vec<ResourcePolicyOutput<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ResourcePolicyOutput<'a> {
    last_updated_time: i64,
    policy_document: &'a str,
    policy_name: &'a str,
    policy_revision_id: String,
}

impl XRay {
    pub(crate) async fn put_resource_policy(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let name = input.text("PolicyName")?;
        let document = input.text("PolicyDocument")?;
        let revision = input.text("PolicyRevisionId")?;
        let bypass = input.flag("BypassPolicyLockoutCheck")?.unwrap_or(false);
        let mut constraints = Constraints::new();
        let name = required_name(name, &mut constraints);
        let document = constraints.required("policyDocument", document);
        constraints.finish()?;

        let document = printed_anew(document.unwrap_or_default())?;
        if document.len() > POLICY_BYTES {
            return Err(PolicyError::TooLarge(document.len()).into());
        }
        let malformed = |why: &dyn std::fmt::Display| {
            PolicyError::Malformed(format!("Error for policy {name} : {why}"))
        };
        let policy = Policy::resource(&document).map_err(|error| malformed(&error))?;
        let iam = &self.parts.iam;
        if let Some(unknown) = iam.unknown_principal(&policy) {
            let why = format!("Invalid principal in policy: {unknown} (PrincipalNotFound)");
            return Err(malformed(&why).into());
        }
        let conditions = Conditions::of_call(call);
        if !bypass && iam.would_deny(&policy, &call.caller, PUT, &conditions) {
            return Err(PolicyError::LocksOut.into());
        }

        let policies = &self.parts.records.policies;
        let scope = scope_key(call);
        let key = format!("{scope}{name}");
        let written = policies.change(&key, |before| {
            let present = before.as_ref().map_or(0, |policy| policy.revision);
            if revision.is_some_and(|expected| expected != present.to_string()) {
                return Err(PolicyError::Revision(format!(
                    "Another concurrent request has modified the resource policy {name}"
                ))
                .into());
            }
            if before.is_none() && policies.below(&scope).len() >= POLICY_LIMIT {
                return Err(PolicyError::TooMany.into());
            }
            Ok(Some(PolicyRecord {
                name: name.to_owned(),
                document,
                revision: present + 1,
                updated_at: self.now(),
            }))
        });
        let written = written.await?;
        put_in_force(&self.parts.records, iam, &scope);
        Ok(to_answer(&PutResourcePolicyOutput {
            resource_policy: written
                .as_ref()
                .map(ResourcePolicyOutput::of)
                .expect("what was put is there"),
        }))
    }

    /// All policies at once: the service takes no token (recorded).
    pub(crate) fn list_resource_policies(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let token = short_token(input)?;
        refuse_token(token)?;
        let policies = self.parts.records.policies.below(&scope_key(call));
        Ok(to_answer(&ListResourcePoliciesOutput {
            next_token: None,
            resource_policies: policies.iter().map(ResourcePolicyOutput::of).collect(),
        }))
    }

    pub(crate) async fn delete_resource_policy(
        &self,
        call: &Call,
        input: JsonInput<'_>,
    ) -> Result<Answer, XRayError> {
        let name = input.text("PolicyName")?;
        let revision = input.text("PolicyRevisionId")?;
        let mut constraints = Constraints::new();
        let name = required_name(name, &mut constraints);
        constraints.finish()?;
        let scope = scope_key(call);
        let policies = &self.parts.records.policies;
        let key = format!("{scope}{name}");
        let deleted = policies.change(&key, |before| {
            let present = before.map(|policy| policy.revision.to_string());
            match (present, revision) {
                (None, None) => Err(XRayError::invalid(format!(
                    "The resource policy {name} does not exist."
                ))),
                (present, Some(expected)) if present.as_deref() != Some(expected) => {
                    Err(PolicyError::Revision(format!(
                        "Another concurrent request has modified or deleted the resource policy {name}"
                    ))
                    .into())
                }
                _ => Ok(None),
            }
        });
        deleted.await?;
        put_in_force(&self.parts.records, &self.parts.iam, &scope);
        Ok(to_answer(&Nothing {}))
    }
}

impl PolicyRecord {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether a statement of it allows something.
    pub(crate) fn allows(&self) -> bool {
        self.understood()
            .is_some_and(|policy| policy.allows_something())
    }

    /// Only what could be understood was stored, but perhaps by another version.
    fn understood(&self) -> Option<Policy> {
        Policy::resource(&self.document)
            .inspect_err(|error| {
                tracing::warn!(
                    policy = self.name,
                    error = error as &dyn std::error::Error,
                    "a stored policy is not understood any more"
                );
            })
            .ok()
    }
}

/// Lets the denials of all stored policies hold.
pub(crate) fn put_all_in_force(records: &XRayRecords, iam: &Iam) {
    for scope in records.policies.scopes() {
        put_in_force(records, iam, &scope);
    }
}

/// `scope` as [`scope_key`] writes it. Who changes policies at the same time does the same: the last word is that of
/// all changes.
fn put_in_force(records: &XRayRecords, iam: &Iam, scope: &str) {
    records.policies.with_below(scope, |policies| {
        let understood = policies.iter().filter_map(PolicyRecord::understood);
        iam.set_service_policies("xray", region_of(scope), understood.collect());
    });
}

fn required_name<'a>(name: Option<&'a str>, constraints: &mut Constraints) -> &'a str {
    const PRINTED: &str = r"[\w+=,.@-]+";
    static PATTERN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[0-9A-Za-z_+=,.@-]+").expect("a constant that is tested"));
    let name = constraints.required("policyName", name);
    if let Some(name) = name {
        constraints.text("policyName", name, 1..=128);
        constraints.pattern("policyName", name, &PATTERN, PRINTED);
    }
    name.unwrap_or_default()
}

/// The document as the service keeps it: no white space, a list of one action as that action, members in their order
/// (recorded).
fn printed_anew(text: &str) -> Result<String, PolicyError> {
    let mut document: Value = serde_json::from_str(text).map_err(|_| PolicyError::NoJson)?;
    let statements = match document.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(statement) => std::slice::from_mut(statement),
        None => &mut [],
    };
    for statement in statements {
        for member in ["Action", "NotAction"] {
            let Some(action) = statement.get_mut(member) else {
                continue;
            };
            if let Value::Array(actions) = action
                && let [_] = actions.as_slice()
            {
                *action = actions.remove(0);
            }
        }
    }
    Ok(document.to_string())
}

impl<'a> ResourcePolicyOutput<'a> {
    fn of(record: &'a PolicyRecord) -> Self {
        Self {
            last_updated_time: record.updated_at.floor_second(),
            policy_document: &record.document,
            policy_name: &record.name,
            policy_revision_id: record.revision.to_string(),
        }
    }
}
