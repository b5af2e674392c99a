//! The `fluoro` binary.

fn main() {}
