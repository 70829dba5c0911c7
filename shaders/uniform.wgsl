// Random words to uniforms and to picks. CPU counterpart: src/random/uniform.rs.

// `uniform` in Rust; that name would hide WGSL's address space.
fn uniform_open(word: u32) -> f32 {
    return f32((word >> 8u) | 1u) * 0x1p-24f;
}

// High word of word * n from 16-bit halves: no intermediate exceeds 32 bits.
fn pick(word: u32, n: u32) -> u32 {
    let low = word & 0xffffu;
    let high = word >> 16u;
    let n_low = n & 0xffffu;
    let n_high = n >> 16u;
    let middle = low * n_high + ((low * n_low) >> 16u);
    let upper = high * n_low + (middle & 0xffffu);
    return high * n_high + (middle >> 16u) + (upper >> 16u);
}
