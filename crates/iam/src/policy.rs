//! The policy language: documents, and what they say about a request.
//!
//! A policy is read once, whole, and refused when anything in it is not understood: what is stored can be judged.
//! Three kinds differ in what a statement must and must not have: *identity* policies (of a role) have no principal,
//! *trust* policies (who may assume a role) no resource, *resource* policies (of a function, an API) both.
//! An explicit Deny wins over every Allow; nothing said means no. Source: IAM user guide, policy evaluation logic and
//! JSON policy elements; messages as recorded and as IAM words them.

mod condition;
mod parse;
mod pattern;
mod principal;

use std::borrow::Cow;

use condition::Condition;
use pattern::Pattern;
use principal::{PrincipalClause, PrincipalMatch};

use crate::conditions::Conditions;
use crate::principal::Principal;

/// A policy document, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

/// Why a document is no policy, in IAM's words: the message of `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(Cow<'static, str>);

/// What a policy says about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A statement denies it.
    Denied,
    /// A statement allows it for this very principal, or the policy needs none.
    Allowed,
    /// A statement allows it for the principal's account, which must pass the right on by an identity policy.
    AllowedForAccount,
    /// Nothing applies.
    Silent,
}

/// A request as policies see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Matched against the Principal element; identity policies have none.
    pub(crate) principal: &'a Principal,
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) conditions: &'a Conditions,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    allows: bool,
    principals: Option<PrincipalClause>,
    actions: Clause,
    /// A trust policy has none: it speaks of its own role.
    resources: Option<Clause>,
    conditions: Vec<Condition>,
}

/// An element and its negated twin: Action and NotAction, Resource and NotResource.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Clause {
    AnyOf(Vec<Pattern>),
    NoneOf(Vec<Pattern>),
}

// === impl Malformed ===

impl Malformed {
    pub(crate) const JSON: Self = Self::fixed("This policy contains invalid Json");
    pub(crate) const SYNTAX: Self = Self::fixed("Syntax errors in policy.");
    pub(crate) const VENDOR_MISSING: Self =
        Self::fixed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");

    pub(crate) const fn fixed(message: &'static str) -> Self {
        Self(Cow::Borrowed(message))
    }

    pub(crate) fn new(message: String) -> Self {
        Self(Cow::Owned(message))
    }
}

// === impl Policy ===

impl Policy {
    /// Reads a policy that is attached to a role or put inline.
    ///
    /// # Errors
    ///
    /// When it is malformed, or has a principal.
    pub fn identity(text: &str) -> Result<Self, Malformed> {
        parse::policy(text, parse::Kind::Identity)
    }

    /// Reads a role's trust policy.
    ///
    /// # Errors
    ///
    /// When it is malformed, has no principal, has a resource, or speaks of other actions than assuming roles.
    pub fn trust(text: &str) -> Result<Self, Malformed> {
        parse::policy(text, parse::Kind::Trust)
    }

    /// Reads the policy of a resource: a function's, an API's.
    ///
    /// # Errors
    ///
    /// When it is malformed or has no principal.
    pub fn resource(text: &str) -> Result<Self, Malformed> {
        parse::policy(text, parse::Kind::Resource)
    }

    /// Whether one of its statements allows anything to anybody.
    #[must_use]
    pub fn allows_something(&self) -> bool {
        self.statements.iter().any(|statement| statement.allows)
    }

    /// The roles, sessions and users that it names.
    pub(crate) fn principal_arns(&self) -> impl Iterator<Item = &str> {
        let clauses = self
            .statements
            .iter()
            .filter_map(|statement| statement.principals.as_ref());
        clauses.flat_map(PrincipalClause::arns)
    }

    /// What this policy says about a request.
    pub(crate) fn judge(&self, question: &Question<'_>) -> Verdict {
        let mut verdict = Verdict::Silent;
        for statement in &self.statements {
            verdict = verdict.and(statement.judge(question));
        }
        verdict
    }
}

/// Whether the policy of a resource (a function's, an API's) by itself lets `principal` do `action` on `resource`.
///
/// `conditions` are what is known of the request (`aws:SourceArn`, `aws:SourceAccount`, …). A policy that cannot be
/// understood allows nothing. An Allow for the principal's account alone does not suffice, except for the account's
/// root: sessions of roles need an identity policy besides ([`Iam::authorize`](crate::Iam::authorize)).
#[must_use]
pub fn resource_policy_allows(
    policy_json: &str,
    principal: &Principal,
    action: &str,
    resource: &str,
    conditions: &Conditions,
) -> bool {
    let Ok(policy) = Policy::resource(policy_json) else {
        return false;
    };
    let question = Question {
        principal,
        action,
        resource,
        conditions,
    };
    policy.judge(&question) == Verdict::Allowed
}

// === impl Verdict ===

impl Verdict {
    /// Both said together: a denial wins, then the widest permission.
    pub(crate) fn and(self, other: Self) -> Self {
        let strength = |verdict: Self| match verdict {
            Self::Denied => 3,
            Self::Allowed => 2,
            Self::AllowedForAccount => 1,
            Self::Silent => 0,
        };
        if strength(other) > strength(self) {
            other
        } else {
            self
        }
    }
}

// === impl Statement ===

impl Statement {
    fn judge(&self, question: &Question<'_>) -> Verdict {
        let principal = match &self.principals {
            None => PrincipalMatch::Itself,
            Some(clause) => clause.matches(question.principal, self.allows),
        };
        if principal == PrincipalMatch::No || !self.applies(question) {
            return Verdict::Silent;
        }
        match (self.allows, principal) {
            (false, _) => Verdict::Denied,
            (true, PrincipalMatch::Account) => Verdict::AllowedForAccount,
            (true, _) => Verdict::Allowed,
        }
    }

    fn applies(&self, question: &Question<'_>) -> bool {
        let context = question.conditions;
        let action = |pattern: &Pattern| pattern.matches_any_case(question.action, context);
        let resource = |pattern: &Pattern| pattern.matches(question.resource, context);
        self.actions.holds(action)
            && self
                .resources
                .as_ref()
                .is_none_or(|clause| clause.holds(resource))
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(context))
    }
}

// === impl Clause ===

impl Clause {
    fn holds(&self, matches: impl FnMut(&Pattern) -> bool) -> bool {
        match self {
            Self::AnyOf(patterns) => patterns.iter().any(matches),
            Self::NoneOf(patterns) => !patterns.iter().any(matches),
        }
    }
}

#[cfg(test)]
mod tests;
