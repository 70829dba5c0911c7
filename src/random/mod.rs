//! Randomness by address.
