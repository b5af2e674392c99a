//! Sampling: which requests are recorded, and why.
//!
//! Pure: everything takes `now` and, where chance decides, a fraction. The rules themselves are `AWS::XRay::SamplingRule`
//! in the words of the API model; what the service and the gateway do with them is X-Ray developer guide, sampling.

mod decision;

pub use decision::{Decision, How, SampledRequest, Sampler};
