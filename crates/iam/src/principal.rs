//! Who makes a request, as policies name it.

use fluoro_wire::{AccountId, Caller};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An AWS service acting for itself: `apigateway.amazonaws.com`.
    Service(String),
    /// A session of a role.
    RoleSession {
        /// The role's ARN.
        role_arn: String,
        /// `arn:aws:sts::{account}:assumed-role/{role}/{session}`.
        session_arn: String,
    },
    /// The account itself.
    Root(AccountId),
}

impl Principal {
    /// The principal behind a caller, in `account`.
    #[must_use]
    pub fn of_caller(caller: &Caller, account: &AccountId) -> Self {
        match caller {
            Caller::Root => Self::Root(account.clone()),
            Caller::RoleSession {
                role_arn,
                session_arn,
            } => Self::RoleSession {
                role_arn: role_arn.clone(),
                session_arn: session_arn.clone(),
            },
        }
    }

    /// The ARN that names the principal in messages and in GetCallerIdentity.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Service(name) => name.clone(),
            Self::RoleSession { session_arn, .. } => session_arn.clone(),
            Self::Root(account) => format!("arn:aws:iam::{account}:root"),
        }
    }

    /// The account to which the principal belongs; services have none.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root(account) => Some(&account.0),
            Self::RoleSession { role_arn, .. } => role_arn.split(':').nth(4),
            Self::Service(_) => None,
        }
    }
}
