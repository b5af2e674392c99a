//! Blocks in a bucket: the engine for those whose traces outgrow one disk.
//!
//! [`BucketBlocks`] keeps the seam's promises ([`fluoro_store::blocks`]) on any S3-compatible store. What is read goes through a
//! cache with a bound, in pieces that are larger than what is asked for: a question to the network costs as much time as a
//! megabyte of its answer. A bucket belongs to one data directory, and says so itself.
//!
//! What is deliberately absent: uploads in parts, since blocks are whole in memory and small; a lock, since nobody breaks one when
//! its owner dies: two servers over copies of one data directory must not run at the same time.

mod blocks;
mod cache;
mod http;
mod outage;
mod settings;

pub use blocks::BucketBlocks;
pub use settings::{BucketSettings, KeySource, Keys, Patience, environment_names_a_role};
