//! The IAM and STS APIs over the query protocol.
