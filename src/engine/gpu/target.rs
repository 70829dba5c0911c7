//! The kind of device that shaders are written for.

/// Invocations per workgroup of the stepping shader. Shaders that count or multiply have [`LANES`](crate::plan::LANES).
pub const WORKGROUP: u32 = 64;

/// Invocations per workgroup of the moments shader. With more, a small ensemble would keep one processor busy only.
pub(super) const MOMENTS_WORKGROUP: u32 = 32;

/// The kind of device that shaders are written for. It changes the speed and no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Software rasterizers. They read every word of storage memory in a loop over lanes, so tables lie in uniform memory
    /// if they fit. From there the integer normal transform costs 1.08 times as much as Box–Muller, from storage memory
    /// 1.5 times. Accumulators of moments stay in private memory, however many they are.
    Software,
    /// Hardware. Invocations of a wave that read different entries of uniform memory wait for each other, and private
    /// memory beyond the registers is slow.
    Hardware,
}

impl Target {
    /// Bytes of workgroup memory that shaders may use.
    pub(super) fn workgroup_bytes(self) -> u32 {
        match self {
            // The limit of lavapipe.
            Self::Software => 32 << 10,
            // The limit that WebGPU guarantees.
            Self::Hardware => 16 << 10,
        }
    }
}
