//! Policies that an account has with a service as a whole, not with one of its resources: X-Ray's resource policies.
//!
//! Who calls here is judged by its own policies; these can only take from that. What they allow, they allow to other
//! accounts and to AWS services.

use std::sync::Arc;

use fluoro_wire::Caller;

use crate::conditions::Conditions;
use crate::handle::Iam;
use crate::policy::{Policy, Question, Verdict};
use crate::principal::Principal;

impl Iam {
    /// Lets these policies hold for a service (`xray`) in a region, in place of those before.
    pub fn set_service_policies(&self, service: &str, region: &str, policies: Vec<Policy>) {
        let key = (service.to_owned(), region.to_owned());
        let mut known = self.inner.known.write();
        if policies.is_empty() {
            known.service_policies.remove(&key);
        } else {
            known.service_policies.insert(key, Arc::from(policies));
        }
    }

    /// Whether a policy, were it in force, would deny an action on nothing in particular to the caller.
    #[must_use]
    pub fn would_deny(
        &self,
        policy: &Policy,
        caller: &Caller,
        action: &str,
        conditions: &Conditions,
    ) -> bool {
        let principal = Principal::of_caller(caller, &self.inner.account);
        let known = match &principal {
            Principal::RoleSession { role_arn, .. } => self.known_role_by_arn(role_arn),
            _ => None,
        };
        let conditions = self.describe(&principal, known.as_deref(), conditions);
        let verdict = policy.judge(&Question {
            principal: &principal,
            action,
            resource: "*",
            conditions: &conditions,
        });
        verdict == Verdict::Denied
    }

    /// A role or user of this account that the policy names and that is not there.
    #[must_use]
    pub fn unknown_principal<'p>(&self, policy: &'p Policy) -> Option<&'p str> {
        let own = format!("arn:aws:iam::{}:", self.inner.account);
        policy
            .principal_arns()
            .find(|arn| arn.starts_with(&own) && self.known_role_by_arn(arn).is_none())
    }

    /// What the policies say that hold for the action's service in the call's region; in any region where the call
    /// does not tell.
    pub(crate) fn service_verdict(&self, question: &Question<'_>) -> Verdict {
        let known = self.inner.known.read();
        if known.service_policies.is_empty() {
            return Verdict::Silent;
        }
        let of_service = question.action.split(':').next().unwrap_or_default();
        let of_region = question.conditions.get("aws:RequestedRegion");
        let fitting = known
            .service_policies
            .iter()
            .filter(|((service, region), _)| {
                service == of_service && of_region.is_none_or(|regions| regions.contains(region))
            });
        fitting
            .flat_map(|(_, policies)| policies.iter())
            .fold(Verdict::Silent, |verdict, policy| {
                verdict.and(policy.judge(question))
            })
    }
}
