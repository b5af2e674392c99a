//! The API Gateway management API: typed operations, routes, one error mapping.
