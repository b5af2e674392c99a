//! Principals, credentials, roles, policies and their evaluation.
