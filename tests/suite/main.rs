//! One test binary, a module per promise, so that wgpu is linked once.

mod api;
mod bad;
mod bench;
mod cli;
mod compare;
mod coverage;
mod data;
mod dependencies;
mod docs;
mod examples;
mod invariance;
mod language;
mod layout;
mod lecture;
mod library;
mod loops;
#[cfg(target_os = "linux")]
mod memory;
mod modules;
mod parity_bits;
mod parity_segments;
mod probe;

mod settling;
mod shaders;
mod storage;
mod support;
mod teeth;
mod truth;
mod validate;
