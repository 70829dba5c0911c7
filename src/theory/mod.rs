//! Exact truths.
