//! The data plane of REST APIs: match, authorise, transform, integrate, trace.
