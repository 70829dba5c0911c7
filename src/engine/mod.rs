//! Where it runs.
