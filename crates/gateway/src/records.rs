//! The records of the catalog: what the management API writes and reads.
//!
//! One record holds an API with all its resources, so that an edit is whole or does not happen. A deployment is a
//! copy of it that never changes; a stage names the deployment that it serves.

mod api;
mod deployment;
mod method;
mod stage;

pub use api::{ApiRecord, EndpointConfiguration, EndpointType, IpAddressType, Resource, RestApi};
pub use deployment::{Deployment, MethodSummary};
pub use method::{
    Integration, IntegrationKind, IntegrationResponse, Method, MethodResponse, Passthrough,
};
pub use stage::{MethodSetting, Stage};
