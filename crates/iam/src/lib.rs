//! Principals, credentials, roles, policies and their evaluation.
//!
//! [`Iam`] is the handle that everybody holds. Reads answer from memory, so that a policy can be asked for every
//! datagram; writes go to the catalog first. What is not understood is refused: a policy when it is stored, a request
//! when it is judged.
//!
//! What is deliberately absent: wire forms (the IAM and STS APIs are `api-iam`'s), users and their keys, and any
//! knowledge of which actions a service has.

mod authorize;
mod conditions;
mod error;
mod handle;
mod managed;
mod policies;
mod policy;
mod principal;
mod role;
mod roles;
mod service_policies;
mod session;
mod sessions;

pub use authorize::{Denied, DeniedReason};
pub use conditions::Conditions;
pub use error::{IamError, IamErrorKind};
pub use handle::Iam;
pub use managed::{ManagedPolicy, PolicyVersion};
pub use policies::NewPolicy;
pub use policy::{Malformed, Policy, resource_policy_allows};
pub use principal::Principal;
pub use role::{Role, Tag};
pub use roles::NewRole;
pub use session::{AssumeError, ExpiredSession, SessionCredentials};
