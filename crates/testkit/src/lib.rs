//! Clocks, corpora and the server in process, for tests.
