//! Stages of integers: random words, uniforms, normals.

use super::check::{Check, Stage};
use super::models::problem;
use super::subject::{Subject, worse};
use crate::engine::{ChainNoise, EngineError, Task};
use crate::random::{normal_integer, threefry4x32_13};
use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::erf::erfc;
use std::f64::consts::{PI, SQRT_2, TAU};

type Block = [u32; 4];

/// Known answers from Random123's `tests/kat_vectors`: counter, key and output of `threefry4x32`
/// after 13 rounds.
const KNOWN_ANSWERS: [[Block; 3]; 3] = [
    [
        [0; 4],
        [0; 4],
        [0x531c_7e4f, 0x3949_1ee5, 0x2c85_5a92, 0x3d6a_bf9a],
    ],
    [
        [u32::MAX; 4],
        [u32::MAX; 4],
        [0xc418_9358, 0x1c9c_c83a, 0xd588_1c67, 0x6a0a_89e0],
    ],
    [
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0, 0x082e_fa98, 0xec4e_6c89],
        [0x4aa7_1d8f, 0x7347_38c2, 0x431f_c6a8, 0xae6d_ebf1],
    ],
];

/// Chains: several blocks of the layout and an incomplete last row.
const CHAINS: u32 = 40_000;

/// Checks the CPU's generator against its published known answers.
pub(super) fn known_answers() -> Vec<Check> {
    let wrong = KNOWN_ANSWERS
        .iter()
        .filter(|[counter, key, output]| threefry4x32_13(*counter, *key) != *output);
    let subject = Subject::new("cpu", |_| unreachable!("known answers need no engine"));
    let what = "Threefry4x32-13, known answers of Random123: number wrong";
    vec![subject.check(
        Stage::Bits,
        what,
        wrong.count() as f64,
        0.0,
        "integers are exact",
    )]
}

/// Checks the raw words of an engine against the generator for every chain and block.
pub(super) fn bits(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let task = task("integer");
    let mut engine = subject.engine(&task)?;
    let mut wrong = 0;
    // From the start, and across the carry of the low word of the block number.
    for first in [0, (1 << 32) - 2] {
        let step = first * u64::from(task.addresses.steps_per_block);
        for (block, chain, drawn) in by_address(&task, first, &engine.draws(step, 4)?) {
            let expected = task.stream.block(block, chain);
            wrong += drawn
                .random_words
                .iter()
                .zip(&expected)
                .filter(|(a, b)| a != b)
                .count();
        }
    }
    let what = format!("{} words: number different", CHAINS * 4 * 4 * 2);
    Ok(vec![subject.check(
        Stage::Bits,
        &what,
        wrong as f64,
        0.0,
        "integers are exact",
    )])
}

/// Checks uniforms against the exact rational of each word.
pub(super) fn uniforms(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let task = task("integer");
    let drawn = subject.engine(&task)?.draws(0, 4)?;
    let mut deviation = 0.0;
    for (_, _, noise) in by_address(&task, 0, &drawn) {
        for (word, bits) in noise.random_words.into_iter().zip(noise.uniform_bits) {
            let exact = f64::from((word >> 8) | 1) / 16_777_216.0;
            deviation = worse(deviation, (f64::from(f32::from_bits(bits)) - exact).abs());
        }
    }
    let note = "odd multiples of 2⁻²⁴ are exact in single precision";
    Ok(vec![subject.check(
        Stage::Uniforms,
        "uniforms against exact rationals",
        deviation,
        0.0,
        note,
    )])
}

/// Checks the transforms to normals of the words that the engine drew, against the CPU's integers
/// and against exact normals.
pub(super) fn normals(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let (different, from_quantile) = integer_normals(subject)?;
    let check =
        |what, deviation, bound, note| subject.check(Stage::Normals, what, deviation, bound, note);
    Ok(vec![
        check(
            "integer normals: number different from the CPU's",
            different as f64,
            0.0,
            "integers are exact",
        ),
        check(
            "integer normals against exact quantiles",
            from_quantile,
            3.7e-7,
            "largest error of the table, reached for |z| > 4",
        ),
        check(
            "Box–Muller against f64",
            box_muller(subject)?,
            5e-6,
            "1.3e-6 by rounding; WGSL allows sqrt an error of 4.5 ulp for a radius of up to 6.7",
        ),
        check(
            "16-bit Box–Muller against f64",
            box_muller_16(subject)?,
            1.6e-5,
            "1.2e-5 by its polynomials, plus rounding as above",
        ),
    ])
}

/// Number of integer normals that differ from the CPU's, and largest deviation from exact quantiles.
fn integer_normals(subject: &Subject<'_>) -> Result<(usize, f64), EngineError> {
    let task = task("integer");
    let drawn = subject.engine(&task)?.draws(0, 4)?;
    let (mut different, mut deviation) = (0, 0.0);
    for (_, _, noise) in by_address(&task, 0, &drawn) {
        for (word, bits) in noise.random_words.into_iter().zip(noise.variates) {
            different += usize::from(bits != normal_integer(word));
            deviation = worse(deviation, distance(bits, quantile(word)));
        }
    }
    Ok((different, deviation))
}

/// Largest deviation of Box–Muller normals from exact ones.
fn box_muller(subject: &Subject<'_>) -> Result<f64, EngineError> {
    let task = task("box-muller");
    let drawn = subject.engine(&task)?.draws(0, 4)?;
    let mut deviation = 0.0;
    for (_, _, noise) in by_address(&task, 0, &drawn) {
        let words = noise.random_words;
        // Above this word u is so close to 1 that the rounding of u dominates the radius, which is
        // below 0.03. This leaves out 1 word in 4096.
        for pair in [0, 2]
            .into_iter()
            .filter(|&pair| words[pair] <= 0xFFF0_0000)
        {
            let exact = exact_pair(words[pair], words[pair + 1]);
            for (&bits, exact) in noise.variates[pair..].iter().zip(exact) {
                deviation = worse(deviation, distance(bits, exact));
            }
        }
    }
    Ok(deviation)
}

/// Largest deviation of 16-bit Box–Muller normals from exact ones.
fn box_muller_16(subject: &Subject<'_>) -> Result<f64, EngineError> {
    let task = task("box-muller-16");
    let drawn = subject.engine(&task)?.draws(0, 2)?;
    let mut deviation = 0.0;
    for (_, _, noise) in by_address(&task, 0, &drawn) {
        let normals = noise.variates.into_iter().zip(noise.more_variates);
        let words = noise.random_words.into_iter().zip(normals);
        // As above, for the 31 bits of the radius.
        for (word, (cosine, sine)) in words.filter(|(word, _)| word & 0x7FFF_FFFF <= 0x7FF8_0000) {
            for (bits, exact) in [cosine, sine].into_iter().zip(exact_pair_16(word)) {
                deviation = worse(deviation, distance(bits, exact));
            }
        }
    }
    Ok(deviation)
}

/// Absolute difference between a single-precision number, given by its bits, and `exact`.
fn distance(bits: u32, exact: f64) -> f64 {
    (f64::from(f32::from_bits(bits)) - exact).abs()
}

fn task(normal: &str) -> Task {
    let noise = format!("normal = \"{normal}\"");
    problem(
        "x = 0.0",
        "x^2 / 2",
        "kind = \"sgd\"\neta = 0.1",
        &noise,
        CHAINS,
        1,
    )
    .task
}

/// Block number, chain number and values of all draws from block `first` on, without padding, for a
/// task with one sweep point.
fn by_address<'a>(
    task: &'a Task,
    first: u64,
    drawn: &'a [ChainNoise],
) -> impl Iterator<Item = (u64, u64, ChainNoise)> + 'a {
    let slots = (task.layout.blocks() * task.layout.block_slots()) as usize;
    (first..)
        .zip(drawn.chunks(slots))
        .flat_map(move |(block, row)| {
            row.iter()
                .take(task.layout.chains as usize)
                .zip(0..)
                .map(move |(&drawn, chain)| (block, chain, drawn))
        })
}

/// Normal whose distribution function is the midpoint of the cell of a word (see
/// [`normal_integer`]), accurate to about 1e-14: the library's value refined by Halley's iteration.
fn quantile(word: u32) -> f64 {
    let upper = (f64::from(word & 0x7FFF_FFFF) + 0.5) / 4_294_967_296.0;
    let mut z = -Normal::standard().inverse_cdf(upper);
    for _ in 0..2 {
        let density = (-0.5 * z * z).exp() / TAU.sqrt();
        let step = (upper - 0.5 * erfc(z / SQRT_2)) / density;
        z -= step / (1.0 + 0.5 * z * step);
    }
    if word >> 31 == 1 { -z } else { z }
}

/// Both normals of a word in f64. 31 bits are the radius, one bit is the sign. The lower three
/// bytes are the angle, after adding the third to the first of them.
fn exact_pair_16(word: u32) -> [f64; 2] {
    let u = (f64::from(word & 0x7FFF_FFFF) + 0.5) / 2_147_483_648.0;
    let radius = (-2.0 * u.ln()).sqrt() * if word >> 31 == 1 { -1.0 } else { 1.0 };
    let [_, a, b, c] = word.to_be_bytes();
    let angle = i32::from_be_bytes([a.wrapping_add(c), b, c, 0]);
    let angle = f64::from(angle) / 4_294_967_296.0 * PI;
    [radius * angle.cos(), radius * angle.sin()]
}

/// Box–Muller transform of two words in f64.
fn exact_pair(radius_word: u32, angle_word: u32) -> [f64; 2] {
    let u = (f64::from(radius_word >> 1) + 0.5) / 2_147_483_648.0;
    let angle = TAU * f64::from(angle_word) / 4_294_967_296.0;
    let radius = (-2.0 * u.ln()).sqrt();
    [radius * angle.cos(), radius * angle.sin()]
}
