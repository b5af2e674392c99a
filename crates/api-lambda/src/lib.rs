//! The Lambda API: typed operations, routes, one error mapping.
