//! The X-Ray API: typed operations, routes, one error mapping.
