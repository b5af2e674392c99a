//! The Principal element: whom a statement of a trust or resource policy is about.

use serde_json::Value;

use super::Malformed;
use crate::principal::Principal;

/// Principal or NotPrincipal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PrincipalClause {
    AnyOf(Vec<Named>),
    NoneOf(Vec<Named>),
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    /// `*` or `{"AWS": "*"}`: everybody, the unsigned included.
    Everybody,
    /// The 12 digits, or `arn:aws:iam::{account}:root`: the account, which passes the right on.
    Account(String),
    /// A role, a session, a user.
    Arn(String),
    /// `lambda.amazonaws.com`.
    Service(String),
    /// Federated and canonical users, and ids of principals: understood, but nobody here is one.
    Elsewhere,
}

/// How a principal is among those named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrincipalMatch {
    No,
    /// Only its account is.
    Account,
    Itself,
}

impl PrincipalClause {
    /// Reads the element's value.
    pub(crate) fn parse(value: &Value, negated: bool) -> Result<Self, Malformed> {
        let named = match value {
            Value::String(all) if all == "*" => vec![Named::Everybody],
            Value::String(other) => return Err(invalid("AWS", other)),
            Value::Object(kinds) if !kinds.is_empty() => {
                let mut named = Vec::new();
                for (kind, values) in kinds {
                    for value in texts(values)? {
                        named.push(Named::parse(kind, value)?);
                    }
                }
                named
            }
            _ => return Err(Malformed::SYNTAX),
        };
        Ok(if negated {
            Self::NoneOf(named)
        } else {
            Self::AnyOf(named)
        })
    }

    /// The roles, sessions and users that it names.
    pub(crate) fn arns(&self) -> impl Iterator<Item = &str> {
        let (Self::AnyOf(named) | Self::NoneOf(named)) = self;
        named.iter().filter_map(|named| match named {
            Named::Arn(arn) => Some(arn.as_str()),
            _ => None,
        })
    }

    /// How the principal is among those that the clause is about, in a statement that allows or denies.
    pub(crate) fn matches(&self, principal: &Principal, allows: bool) -> PrincipalMatch {
        match self {
            Self::AnyOf(named) => best(named, principal),
            // To be spared by a Deny a principal must be named itself; to be left out of an Allow its account suffices.
            Self::NoneOf(named) => match (best(named, principal), allows) {
                (PrincipalMatch::No, _) | (PrincipalMatch::Account, false) => {
                    PrincipalMatch::Itself
                }
                (PrincipalMatch::Account, true) | (PrincipalMatch::Itself, _) => PrincipalMatch::No,
            },
        }
    }
}

fn best(named: &[Named], principal: &Principal) -> PrincipalMatch {
    let mut best = PrincipalMatch::No;
    for one in named {
        match one.matches(principal) {
            PrincipalMatch::Itself => return PrincipalMatch::Itself,
            PrincipalMatch::Account => best = PrincipalMatch::Account,
            PrincipalMatch::No => {}
        }
    }
    best
}

impl Named {
    fn parse(kind: &str, value: &str) -> Result<Self, Malformed> {
        match kind {
            "AWS" => Self::parse_aws(value),
            "Service" if is_service(value) => Ok(Self::Service(value.to_owned())),
            "Service" => Err(invalid("SERVICE", value)),
            "Federated" | "CanonicalUser" => Ok(Self::Elsewhere),
            _ => Err(Malformed::SYNTAX),
        }
    }

    fn parse_aws(value: &str) -> Result<Self, Malformed> {
        if value == "*" {
            return Ok(Self::Everybody);
        }
        if is_account(value) {
            return Ok(Self::Account(value.to_owned()));
        }
        // AIDA… and AROA…: what AWS stores in place of a deleted user's or role's ARN.
        let is_id = value.len() >= 16 && value.starts_with('A');
        if is_id
            && value
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Ok(Self::Elsewhere);
        }
        let parts: Vec<&str> = value.splitn(6, ':').collect();
        let ["arn", partition, "iam" | "sts", "", account, resource] = parts[..] else {
            return Err(invalid("AWS", value));
        };
        let sound = partition.starts_with("aws") && is_account(account) && !resource.is_empty();
        match resource {
            _ if !sound || resource.contains(['*', '?']) => Err(invalid("AWS", value)),
            "root" => Ok(Self::Account(account.to_owned())),
            _ => Ok(Self::Arn(value.to_owned())),
        }
    }

    fn matches(&self, principal: &Principal) -> PrincipalMatch {
        let itself = match (self, principal) {
            (Self::Everybody, _) => true,
            (Self::Service(name), Principal::Service(service)) => name == service,
            (
                Self::Arn(arn),
                Principal::RoleSession {
                    role_arn,
                    session_arn,
                },
            ) => arn == role_arn || arn == session_arn,
            (Self::Account(account), Principal::Root(root)) => **account == *root.0,
            (Self::Account(account), Principal::RoleSession { .. })
                if principal.account() == Some(account) =>
            {
                return PrincipalMatch::Account;
            }
            _ => false,
        };
        if itself {
            PrincipalMatch::Itself
        } else {
            PrincipalMatch::No
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `lambda.amazonaws.com`, `edgelambda.amazonaws.com`, `states.eu-west-1.amazonaws.com`.
fn is_service(text: &str) -> bool {
    let host =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    text.contains('.') && text.bytes().all(host)
}

fn texts(values: &Value) -> Result<Vec<&str>, Malformed> {
    match values {
        Value::String(text) => Ok(vec![text]),
        Value::Array(values) if !values.is_empty() => values
            .iter()
            .map(|value| value.as_str().ok_or(Malformed::SYNTAX))
            .collect(),
        _ => Err(Malformed::SYNTAX),
    }
}

fn invalid(kind: &str, value: &str) -> Malformed {
    Malformed::new(format!(
        "Invalid principal in policy: \"{kind}\":\"{value}\""
    ))
}
