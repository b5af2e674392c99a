//! From text to [`Policy`]: the grammar of the policy language, refusing in IAM's words.

use serde_json::{Map, Value};

use super::pattern::Pattern;
use super::principal::PrincipalClause;
use super::{Clause, Malformed, Policy, Statement, condition};

/// What a statement must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Identity,
    Trust,
    Resource,
}

const PRINCIPAL_IN_IDENTITY: Malformed =
    Malformed::fixed("Policy document should not specify a principal.");
const PRINCIPAL_MISSING: Malformed = Malformed::fixed("Missing required field Principal");
const RESOURCE_IN_TRUST: Malformed = Malformed::fixed("Has prohibited field Resource");
const RESOURCE_MISSING: Malformed = Malformed::fixed("Policy statement must contain resources.");
const ACTION_MISSING: Malformed = Malformed::fixed("Policy statement must contain actions.");
const ACTION_COLONS: Malformed = Malformed::fixed("Actions/Condition can contain only one colon.");
const ACTION_NOT_ASSUMING: Malformed =
    Malformed::fixed("AssumeRole policy may only specify STS AssumeRole actions.");
const VERSION: Malformed =
    Malformed::fixed("Policy document must be version 2012-10-17 or greater.");
const SID_FORM: Malformed = Malformed::fixed(
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
);
const SID_TWICE: Malformed =
    Malformed::fixed("Statement IDs (SID) in a single policy must be unique.");
const LEGACY: Malformed = Malformed::fixed("The policy failed legacy parsing");

/// The actions that a trust policy may speak of.
const ASSUMING: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:SetContext",
    "sts:SetSourceIdentity",
    "sts:TagSession",
];

pub(super) fn policy(text: &str, kind: Kind) -> Result<Policy, Malformed> {
    let document: Value = serde_json::from_str(text).map_err(|_| Malformed::JSON)?;
    let document = document.as_object().ok_or(Malformed::SYNTAX)?;
    only(document, &["Version", "Id", "Statement"])?;
    let variables = match document.get("Version") {
        Some(version) => match version.as_str() {
            Some("2012-10-17") => true,
            Some("2008-10-17") => false,
            _ if kind == Kind::Identity => return Err(VERSION),
            _ => return Err(Malformed::SYNTAX),
        },
        None if kind == Kind::Identity => return Err(VERSION),
        None => false,
    };
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return Err(Malformed::SYNTAX),
    };
    let mut sids = Vec::new();
    for statement in statements {
        check_sid(statement, kind, &mut sids)?;
    }
    let statements = statements
        .iter()
        .map(|statement| self::statement(statement, kind, variables))
        .collect::<Result<_, _>>()?;
    Ok(Policy { statements })
}

fn check_sid<'s>(
    statement: &'s Value,
    kind: Kind,
    seen: &mut Vec<&'s str>,
) -> Result<(), Malformed> {
    let Some(sid) = statement.get("Sid") else {
        return Ok(());
    };
    let sid = sid.as_str().ok_or(Malformed::SYNTAX)?;
    if kind == Kind::Identity && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(SID_FORM);
    }
    if !sid.is_empty() && seen.contains(&sid) {
        return Err(SID_TWICE);
    }
    seen.push(sid);
    Ok(())
}

fn statement(value: &Value, kind: Kind, variables: bool) -> Result<Statement, Malformed> {
    let members = value.as_object().ok_or(Malformed::SYNTAX)?;
    only(
        members,
        &[
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ],
    )?;
    let allows = match members.get("Effect").and_then(Value::as_str) {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err(Malformed::SYNTAX),
    };
    let conditions = match members.get("Condition") {
        Some(block) => condition::parse(block, variables)?,
        None => Vec::new(),
    };
    Ok(Statement {
        allows,
        principals: principals(members, kind)?,
        actions: actions(members, kind)?,
        resources: resources(members, kind, variables)?,
        conditions,
    })
}

fn principals(
    members: &Map<String, Value>,
    kind: Kind,
) -> Result<Option<PrincipalClause>, Malformed> {
    match (either(members, "Principal", "NotPrincipal")?, kind) {
        (Some(_), Kind::Identity) => Err(PRINCIPAL_IN_IDENTITY),
        (None, Kind::Identity) => Ok(None),
        (Some((value, negated)), _) => PrincipalClause::parse(value, negated).map(Some),
        (None, _) => Err(PRINCIPAL_MISSING),
    }
}

fn actions(members: &Map<String, Value>, kind: Kind) -> Result<Clause, Malformed> {
    let (value, negated) = either(members, "Action", "NotAction")?.ok_or(ACTION_MISSING)?;
    let actions = texts(value)?;
    if actions.is_empty() {
        return Err(ACTION_MISSING);
    }
    for action in &actions {
        check_action(action)?;
        let assumes = ASSUMING
            .iter()
            .any(|known| known.eq_ignore_ascii_case(action));
        if kind == Kind::Trust && !assumes {
            return Err(ACTION_NOT_ASSUMING);
        }
    }
    // Action has no policy variables.
    Ok(clause(&actions, negated, false))
}

fn check_action(action: &str) -> Result<(), Malformed> {
    if action == "*" {
        return Ok(());
    }
    let (vendor, rest) = action.split_once(':').ok_or(Malformed::VENDOR_MISSING)?;
    if rest.contains(':') {
        return Err(ACTION_COLONS);
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    if vendor.is_empty() || !vendor.bytes().all(plain) {
        return Err(Malformed::new(format!("Vendor {vendor} is not valid")));
    }
    Ok(())
}

fn resources(
    members: &Map<String, Value>,
    kind: Kind,
    variables: bool,
) -> Result<Option<Clause>, Malformed> {
    let (value, negated) = match (either(members, "Resource", "NotResource")?, kind) {
        (Some(_), Kind::Trust) => return Err(RESOURCE_IN_TRUST),
        (None, Kind::Trust) => return Ok(None),
        (None, _) => return Err(RESOURCE_MISSING),
        (Some(found), _) => found,
    };
    let resources = texts(value)?;
    if resources.is_empty() {
        return Err(RESOURCE_MISSING);
    }
    if kind == Kind::Identity {
        resources
            .iter()
            .try_for_each(|resource| check_resource(resource))?;
    }
    Ok(Some(clause(&resources, negated, variables)))
}

fn check_resource(resource: &str) -> Result<(), Malformed> {
    if resource == "*" {
        return Ok(());
    }
    if !resource.starts_with("arn:") {
        return Err(Malformed::new(format!(
            "Resource {resource} must be in ARN format or \"*\"."
        )));
    }
    // A wildcard at the end may stand for the components that follow.
    if resource.split(':').count() < 6 && !resource.ends_with('*') {
        return Err(LEGACY);
    }
    Ok(())
}

fn clause(texts: &[&str], negated: bool, variables: bool) -> Clause {
    let patterns = texts
        .iter()
        .map(|text| Pattern::parse(text, variables))
        .collect();
    if negated {
        Clause::NoneOf(patterns)
    } else {
        Clause::AnyOf(patterns)
    }
}

/// An element or its negated twin; both at once are refused.
fn either<'m>(
    members: &'m Map<String, Value>,
    plain: &str,
    negated: &str,
) -> Result<Option<(&'m Value, bool)>, Malformed> {
    match (members.get(plain), members.get(negated)) {
        (Some(_), Some(_)) => Err(Malformed::SYNTAX),
        (Some(value), None) => Ok(Some((value, false))),
        (None, Some(value)) => Ok(Some((value, true))),
        (None, None) => Ok(None),
    }
}

fn texts(value: &Value) -> Result<Vec<&str>, Malformed> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().ok_or(Malformed::SYNTAX))
            .collect(),
        _ => Err(Malformed::SYNTAX),
    }
}

fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), Malformed> {
    if members.keys().all(|name| known.contains(&name.as_str())) {
        Ok(())
    } else {
        Err(Malformed::SYNTAX)
    }
}
