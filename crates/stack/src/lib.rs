//! SAM templates: read, resolved, planned, and carried out through the public AWS APIs of a running Fluoro.
//!
//! A template becomes a list of *items* (roles, functions, APIs, tables, queues, rules), in the order in which they need
//! each other. What is there already is compared and updated in place; what left the template is removed. Names that the
//! template leaves open are derived from the stack's and the resource's, so that the same template always means the
//! same things. What a template may hold: [`items`]; whatever else it holds is refused by name, before anything is done.
//!
//! The server keeps the record of what a stack is made of (`/_fluoro/stacks/{name}`), so that `down` works from anywhere.

mod apply;
mod client;
mod code;
mod connection;
mod error;
mod globals;
mod install;
mod intrinsics;
mod items;
mod policies;
mod properties;
mod record;
mod serverless;
mod swagger;
mod template;
mod up;

pub use connection::{Connection, encoded};
pub use error::StackError;
pub use record::{Record, Resource};
pub use up::{Deployed, DownOptions, Event, Progress, UpOptions, down, fingerprint, up};
