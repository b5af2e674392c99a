//! The IAM and STS APIs over the query protocol.
//!
//! [`IamService`] and [`StsService`] read forms, ask [`fluoro_iam::Iam`] and write XML as the API models have it.
//! Sessions of roles are judged by their policies before anything else is looked at; root may do everything.
//! What a model knows and we do not support is refused by name, never ignored.

mod error;
mod iam;
mod input;
mod operation;
mod output;
mod page;
mod policies;
mod role_policies;
mod roles;
mod sts;

pub use iam::IamService;
pub use sts::StsService;
