//! Judging a caller by its role's policies.

use fluoro_wire::Caller;
use fluoro_wire::timestamp::iso8601;

use crate::conditions::Conditions;
use crate::handle::{Iam, KnownRole};
use crate::policy::{Question, Verdict};
use crate::principal::Principal;

/// The caller may not do it. Displays in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Denied {
    /// Who asked: a session's ARN.
    pub principal_arn: String,
    /// For what.
    pub action: String,
    /// On what; `*` for actions that are on nothing in particular.
    pub resource: String,
    /// Why not.
    pub reason: DeniedReason,
}

/// Why a caller may not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeniedReason {
    /// A statement denies it.
    ExplicitDeny,
    /// A statement of a policy that the account has with the service denies it.
    DeniedByService,
    /// No policy of the role allows it.
    NothingAllows,
    /// The role's policies would allow it, its permissions boundary does not.
    OutsideBoundary,
}

impl Denied {
    fn message(&self) -> String {
        let Self {
            principal_arn,
            action,
            resource,
            reason,
        } = self;
        // As recorded from X-Ray: what is on no resource names none.
        let resource = match resource.as_str() {
            "*" => String::new(),
            resource => format!(" on resource: {resource}"),
        };
        let why = match reason {
            DeniedReason::ExplicitDeny => {
                "with an explicit deny in an identity-based policy".to_owned()
            }
            DeniedReason::DeniedByService => {
                "with an explicit deny in a resource-based policy".to_owned()
            }
            DeniedReason::NothingAllows => {
                format!("because no identity-based policy allows the {action} action")
            }
            DeniedReason::OutsideBoundary => {
                format!("because no permissions boundary allows the {action} action")
            }
        };
        format!("User: {principal_arn} is not authorized to perform: {action}{resource} {why}")
    }
}

impl Iam {
    /// Whether the caller's policies let it do `action` on `resource`: an ARN, or `*` for actions on nothing in
    /// particular. Root may do everything. Answers from memory.
    ///
    /// The keys that describe the principal and the time (`aws:PrincipalArn`, `aws:CurrentTime`, …) are added to
    /// `conditions` here.
    ///
    /// # Errors
    ///
    /// When the role's policies deny it or do not allow it, or the role is gone.
    pub fn authorize(
        &self,
        caller: &Caller,
        action: &str,
        resource: &str,
        conditions: &Conditions,
    ) -> Result<(), Denied> {
        let Caller::RoleSession {
            role_arn,
            session_arn,
        } = caller
        else {
            return Ok(());
        };
        let denied = |reason| Denied {
            principal_arn: session_arn.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            reason,
        };
        let known = self
            .known_role_by_arn(role_arn)
            .ok_or_else(|| denied(DeniedReason::NothingAllows))?;
        let principal = Principal::of_caller(caller, &self.inner.account);
        let conditions = self.describe(&principal, Some(&known), conditions);
        let question = Question {
            principal: &principal,
            action,
            resource,
            conditions: &conditions,
        };
        if self.service_verdict(&question) == Verdict::Denied {
            return Err(denied(DeniedReason::DeniedByService));
        }
        let verdict = self.identity_verdict(&known, &question);
        let bounded = self.boundary_verdict(&known, &question);
        match (verdict, bounded) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => Err(denied(DeniedReason::ExplicitDeny)),
            (Verdict::Allowed, Verdict::Allowed) => Ok(()),
            (Verdict::Allowed, _) => Err(denied(DeniedReason::OutsideBoundary)),
            _ => Err(denied(DeniedReason::NothingAllows)),
        }
    }

    fn identity_verdict(&self, known: &KnownRole, question: &Question<'_>) -> Verdict {
        let inline = known.inline.iter().map(|policy| policy.judge(question));
        let attached = known.role.attached_policies.iter().map(|arn| {
            // A policy cannot be deleted while attached; should it be gone nevertheless, nothing is known of what it
            // denied.
            self.managed(arn)
                .map_or(Verdict::Denied, |found| found.policy.judge(question))
        });
        inline.chain(attached).fold(Verdict::Silent, Verdict::and)
    }

    fn boundary_verdict(&self, known: &KnownRole, question: &Question<'_>) -> Verdict {
        match &known.role.permissions_boundary {
            None => Verdict::Allowed,
            Some(arn) => self
                .managed(arn)
                .map_or(Verdict::Denied, |found| found.policy.judge(question)),
        }
    }

    /// The context with what is known about the principal and the time.
    /// Source: IAM user guide, AWS global condition context keys.
    pub(crate) fn describe(
        &self,
        principal: &Principal,
        known: Option<&KnownRole>,
        conditions: &Conditions,
    ) -> Conditions {
        let now = self.now();
        let mut context = conditions
            .clone()
            .with("aws:CurrentTime", iso8601(now))
            .with("aws:EpochTime", now.floor_second().to_string());
        if let Some(account) = principal.account() {
            context = context.with("aws:PrincipalAccount", account);
        }
        match principal {
            Principal::Service(name) => context
                .with("aws:PrincipalIsAWSService", "true")
                .with("aws:PrincipalServiceName", name),
            Principal::Root(_) => context
                .with("aws:PrincipalIsAWSService", "false")
                .with("aws:PrincipalType", "Account")
                .with("aws:PrincipalArn", principal.arn()),
            Principal::RoleSession {
                role_arn,
                session_arn,
            } => {
                context = context
                    .with("aws:PrincipalIsAWSService", "false")
                    .with("aws:PrincipalType", "AssumedRole")
                    .with("aws:PrincipalArn", role_arn);
                let Some(known) = known else { return context };
                let session = session_arn.rsplit('/').next().unwrap_or_default();
                context = context.with("aws:userid", format!("{}:{session}", known.role.id));
                for tag in &known.role.tags {
                    let key = format!("aws:PrincipalTag/{}", tag.key);
                    context = context.with(&key, &tag.value);
                }
                context
            }
        }
    }
}
