//! One test binary, a module per promise, so that wgpu is linked once.

mod bad;
mod bench;
mod cli;
mod compare;
mod coverage;
mod data;
mod examples;
mod invariance;
mod layout;
mod lecture;
mod loops;
#[cfg(target_os = "linux")]
mod memory;
mod parity_bits;
mod parity_segments;
mod probe;
mod readme;
mod rooms;
mod settling;
mod shaders;
mod storage;
mod support;
mod teeth;
mod truth;
mod validate;
