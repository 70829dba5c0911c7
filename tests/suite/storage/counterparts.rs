//! Integer functions of the shaders equal their CPU counterparts bit by bit.

use crate::probe::Probe;
use etascope::engine::FixedPoint;
use etascope::engine::fixed_point::{self, OUT_OF_RANGE};
use etascope::random::{WGSL_ROUNDING, round_half, wgsl_constants};
use half::f16;
use rand::{RngExt, SeedableRng};
use rand_philox::Philox;

/// Floats of every size and kind.
fn floats(random: &mut Philox, count: usize) -> Vec<f32> {
    let edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::MIN_POSITIVE,
        1e-40,
        f32::MAX,
        f32::INFINITY,
        f32::NAN,
        65_504.0,
        65_520.0,
        -65_535.9,
        2f32.powi(-14),
        2f32.powi(-24),
        2f32.powi(-25),
        -6.1e-5,
    ];
    edges
        .into_iter()
        .chain((0..count).map(|_| f32::from_bits(random.random())))
        .collect()
}

const FIXED_PROBE: &str = "
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(128)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
  if 3u * id.x < arrayLength(&output) {
    let stored = vec2<u32>(input[3u * id.x], input[3u * id.x + 1u]);
    let sum = fixed_add(stored, bitcast<f32>(input[3u * id.x + 2u]));
    output[3u * id.x] = sum.x;
    output[3u * id.x + 1u] = sum.y;
    output[3u * id.x + 2u] = bitcast<u32>(fixed_view(sum));
  }
}
";

/// Stored numbers of every size, near both ends of the range, at the edges of words, and halfway between two floats.
fn stored_numbers(random: &mut Philox, count: usize) -> Vec<i64> {
    let edges = [
        0,
        1,
        -1,
        i64::MAX,
        OUT_OF_RANGE,
        OUT_OF_RANGE + 1,
        1 << 31,
        1 << 32,
        (1 << 32) - 1,
        -(1 << 32),
        (1 << 24) + 1,
        (1 << 25) + 2,
        (3 << 24) + 2,
        (1 << 40) + (1 << 16),
        -(1 << 40) - (1 << 16),
        (1 << 40) + (3 << 16),
        (1 << 40) + (1 << 16) + 1,
        (1 << 41) - 1,
        (1 << 62) - 1,
    ];
    edges
        .into_iter()
        .chain((0..count).map(|_| (random.random::<u64>() as i64) >> random.random_range(0..63)))
        .collect()
}

#[test]
fn fixed_point_sums_are_the_same_on_the_device() {
    let mut random = Philox::seed_from_u64(31);
    let probe = Probe::open();
    for fraction in [43, 53, 63] {
        let fixed = FixedPoint { fraction };
        let mut pairs: Vec<(i64, f32)> = stored_numbers(&mut random, 500_000)
            .into_iter()
            .zip(floats(&mut random, 500_000))
            .collect();
        // Half of all floats are far below the unit or beyond the range; add increments in between.
        for stored in stored_numbers(&mut random, 500_000) {
            let exponent = random.random_range(-66..=24) as f32;
            pairs.push((stored, random.random_range(-1f32..1.0) * exponent.exp2()));
        }
        let input: Vec<u32> = pairs
            .iter()
            .flat_map(|&(stored, increment)| {
                [stored as u32, (stored >> 32) as u32, increment.to_bits()]
            })
            .collect();
        let source = format!(
            "{}{}{FIXED_PROBE}",
            fixed.wgsl_constants(),
            fixed_point::WGSL
        );
        let found = probe.run(&source, &input, pairs.len(), 3 * pairs.len());
        let mut out_of_range = 0;
        for (&(stored, increment), words) in pairs.iter().zip(found.as_chunks::<3>().0) {
            let sum = fixed.add(stored, increment);
            out_of_range += usize::from(sum == OUT_OF_RANGE);
            assert_eq!(
                *words,
                [sum as u32, (sum >> 32) as u32, fixed.to_f32(sum).to_bits()],
                "{stored:#x} + {increment:e} at 2^-{fraction}"
            );
        }
        assert!(
            out_of_range > 1_000 && out_of_range < pairs.len() / 2,
            "{out_of_range} leave the range"
        );
    }
}

const HALF_PROBE: &str = "
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(128)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
  if 2u * id.x < arrayLength(&output) {
    let rounded = round_half(bitcast<f32>(input[2u * id.x]), input[2u * id.x + 1u]);
    output[2u * id.x] = bitcast<u32>(rounded);
    output[2u * id.x + 1u] = (to_half(rounded) << 16u) | (bitcast<u32>(from_half(to_half(rounded))) >> 16u);
  }
}
";

#[test]
fn roundings_to_sixteen_bits_are_the_same_on_the_device() {
    let mut random = Philox::seed_from_u64(32);
    let mut numbers = floats(&mut random, 500_000);
    // From the smallest 16-bit float to beyond the largest.
    numbers.extend((0..500_000).map(|_| {
        let exponent = random.random_range(-26f32..17.0);
        random.random_range(-1f32..1.0) * exponent.exp2()
    }));
    let pairs: Vec<(f32, u32)> = numbers.into_iter().map(|x| (x, random.random())).collect();
    let input: Vec<u32> = pairs
        .iter()
        .flat_map(|&(x, word)| [x.to_bits(), word])
        .collect();
    let source = format!(
        "{}{}{WGSL_ROUNDING}{HALF_PROBE}",
        wgsl_constants(),
        include_str!("../../../shaders/half.wgsl")
    );
    let found = Probe::open().run(&source, &input, pairs.len(), 2 * pairs.len());
    for (&(x, word), words) in pairs.iter().zip(found.as_chunks::<2>().0) {
        let rounded = round_half(x, word);
        assert_eq!(words[0], rounded.to_bits(), "{x:e} by {word:#x}");
        if rounded.is_finite() {
            let half = f16::from_f32(rounded);
            let back = half.to_f32().to_bits();
            assert_eq!(back, rounded.to_bits(), "{rounded:e} is a 16-bit float");
            let packed = u32::from(half.to_bits()) << 16 | back >> 16;
            assert_eq!(words[1], packed, "{rounded:e} there and back");
        }
    }
}
