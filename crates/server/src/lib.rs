//! Listeners, dispatch, composition, shutdown, settings.

#[expect(dead_code, reason = "used by dispatch, which comes next")]
mod body;
#[expect(dead_code, reason = "used by dispatch, which comes next")]
mod downstream;

pub use downstream::DownstreamAddress;
