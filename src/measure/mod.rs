//! What is kept of a trillion steps.
