//! Threefry4x32 with 13 rounds: 128 random bits as a pure function of a 128-bit counter and a 128-bit key.
//!
//! Source: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, and
//! its library Random123, whose header reports no known statistical flaw of the four-word generator from 12 rounds on.
//! Threefry needs no wide multiplication, so the same formulas are exact and fast on CPU vectors and on every GPU.
//! GPU counterpart: `shaders/threefry.wgsl`.

/// Name of the generator, written into every output.
pub const GENERATOR: &str = "threefry4x32-13";

/// Parity constant of Skein's key schedule for 32-bit words; it keeps an all-zero key from being weak.
pub(super) const PARITY: u32 = 0x1BD1_1BDA;

/// The 128 random bits at `counter` under `key`.
///
/// Cost: about 150 integer operations. The rounds are unrolled by hand, because compilers vectorize a loop of calls only
/// then (measured: 20 times as fast).
#[inline(always)]
pub fn threefry4x32_13(counter: [u32; 4], key: [u32; 4]) -> [u32; 4] {
    scramble(counter, schedule(key))
}

/// The five round keys of `key`.
#[inline(always)]
pub(super) fn schedule(key: [u32; 4]) -> [u32; 5] {
    let [a, b, c, d] = key;
    [a, b, c, d, PARITY ^ a ^ b ^ c ^ d]
}

/// [`threefry4x32_13`] for a key whose round keys are already computed.
#[inline(always)]
pub(super) fn scramble(counter: [u32; 4], keys: [u32; 5]) -> [u32; 4] {
    let mut x = inject(counter, keys, 0);
    x = inject(rounds_0_to_3(x), keys, 1);
    x = inject(rounds_4_to_7(x), keys, 2);
    x = inject(rounds_0_to_3(x), keys, 3);
    mix_straight(x, 6, 20)
}

/// Adds the round keys of key injection `number`.
#[inline(always)]
fn inject(x: [u32; 4], keys: [u32; 5], number: usize) -> [u32; 4] {
    [
        x[0].wrapping_add(keys[number % 5]),
        x[1].wrapping_add(keys[(number + 1) % 5]),
        x[2].wrapping_add(keys[(number + 2) % 5]),
        x[3].wrapping_add(keys[(number + 3) % 5])
            .wrapping_add(number as u32),
    ]
}

#[inline(always)]
fn rounds_0_to_3(x: [u32; 4]) -> [u32; 4] {
    let x = mix_straight(x, 10, 26);
    let x = mix_crossed(x, 11, 21);
    let x = mix_straight(x, 13, 27);
    mix_crossed(x, 23, 5)
}

#[inline(always)]
fn rounds_4_to_7(x: [u32; 4]) -> [u32; 4] {
    let x = mix_straight(x, 6, 20);
    let x = mix_crossed(x, 17, 11);
    let x = mix_straight(x, 25, 10);
    mix_crossed(x, 18, 20)
}

/// One round that mixes words (0, 1) and (2, 3).
#[inline(always)]
fn mix_straight(x: [u32; 4], a: u32, b: u32) -> [u32; 4] {
    let x0 = x[0].wrapping_add(x[1]);
    let x2 = x[2].wrapping_add(x[3]);
    [x0, x[1].rotate_left(a) ^ x0, x2, x[3].rotate_left(b) ^ x2]
}

/// One round that mixes words (0, 3) and (2, 1).
#[inline(always)]
fn mix_crossed(x: [u32; 4], a: u32, b: u32) -> [u32; 4] {
    let x0 = x[0].wrapping_add(x[3]);
    let x2 = x[2].wrapping_add(x[1]);
    [x0, x[1].rotate_left(b) ^ x2, x2, x[3].rotate_left(a) ^ x0]
}
