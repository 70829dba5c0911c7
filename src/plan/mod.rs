//! How much work, in what pieces.
