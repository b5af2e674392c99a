//! SAM templates: parse, resolve, plan, and carry out through the public APIs.
