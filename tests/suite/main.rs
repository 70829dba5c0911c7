//! One test binary, a module per promise, so that wgpu is linked once.

mod bad;
mod support;
mod teeth;
mod truth;
