//! Shader sources for random numbers, and the constants that Rust generates for them.

use super::noise::{THREE_POINT_AMPLITUDE, THREE_POINT_COUNT};
use super::normal_box_muller::{COS, LN, LN_2_HIGH, LN_2_LOW, SIN, TURN};
use super::normal_box_muller_16::{HALF_COS, HALF_SIN, RADIUS};
use super::normal_integer::TABLE;
use super::permutation::{HASH_1, HASH_2, PIVOT_STEP, ROUNDS, SIDE_STEP};
use super::rounding::{BEYOND, LEAST_NORMAL};
use super::stream::Purpose;
use super::threefry::PARITY;
use crate::spec::{NoiseKind, NormalTransform};

/// Defines `threefry4x32(counter, key)`; requires [`wgsl_constants`].
pub const THREEFRY: &str = include_str!("../../shaders/threefry.wgsl");
/// Defines `uniform_open(word)`, the GPU counterpart of `uniform`, and `pick(word, n)`; requires nothing.
pub const UNIFORM: &str = include_str!("../../shaders/uniform.wgsl");

/// Defines `permute(position, n, key)`, the GPU counterpart of [`Orders`](super::Orders); requires [`UNIFORM`] and
/// [`wgsl_constants`].
pub const PERMUTATION: &str = include_str!("../../shaders/permutation.wgsl");

/// Defines `round_half(x, word)`, the GPU counterpart of [`round_half`](super::round_half); requires [`wgsl_constants`].
pub const ROUNDING: &str = include_str!("../../shaders/rounding.wgsl");

/// Defines `first(draws)` and `rest(draws)` by rotating the four lanes of a vector that holds the draws; requires
/// `draw(word)` and `shift(word)`.
pub const LANE_ROTATION: &str = include_str!("../../shaders/lane_rotation.wgsl");

const NORMAL_INTEGER: &str = include_str!("../../shaders/normal_integer.wgsl");
const NORMAL_BOX_MULLER: &str = include_str!("../../shaders/normal_box_muller.wgsl");
const NORMAL_BOX_MULLER_16: &str = include_str!("../../shaders/normal_box_muller_16.wgsl");
const NOISE_GAUSSIAN: &str = include_str!("../../shaders/noise_gaussian.wgsl");
const NOISE_GAUSSIAN_16: &str = include_str!("../../shaders/noise_gaussian_16.wgsl");
const NOISE_TWO_POINT: &str = include_str!("../../shaders/noise_two_point.wgsl");
const NOISE_THREE_POINT: &str = include_str!("../../shaders/noise_three_point.wgsl");

/// WGSL declarations of every constant that the shaders for random numbers share with their CPU counterparts.
pub fn wgsl_constants() -> String {
    let mut text = format!(
        "const THREEFRY_PARITY: u32 = {PARITY}u;\n\
         const THREE_POINT_COUNT: u32 = {THREE_POINT_COUNT}u;\n\
         const SHUFFLE_ROUNDS: u32 = {ROUNDS}u;\n\
         const SHUFFLE_PIVOT_STEP: u32 = {PIVOT_STEP}u;\n\
         const SHUFFLE_SIDE_STEP: u32 = {SIDE_STEP}u;\n\
         const SHUFFLE_HASH_1: u32 = {HASH_1}u;\n\
         const SHUFFLE_HASH_2: u32 = {HASH_2}u;\n\
         const HALF_LEAST_NORMAL: u32 = {LEAST_NORMAL}u;\n\
         const HALF_BEYOND: u32 = {BEYOND}u;\n\
         const ROUNDING_PURPOSE: u32 = {}u;\n\
         const NORMAL_ENTRIES: u32 = {}u;\n",
        Purpose::Rounding as u32,
        // A `vec4<u32>` has two pairs.
        TABLE.len() / 2
    );
    let mut float = |name: &str, value: f32| {
        // The Debug format round-trips every f32 and always has a decimal point or an exponent.
        text += &format!("const {name}: f32 = {value:?}f;\n");
    };
    float("THREE_POINT_AMPLITUDE", THREE_POINT_AMPLITUDE);
    float("LN_2_HIGH", LN_2_HIGH);
    float("LN_2_LOW", LN_2_LOW);
    float("TURN", TURN);
    float("MINUS_2_LN_2", -2.0 * std::f32::consts::LN_2);
    for (name, coefficients) in [
        ("LN", &LN[..]),
        ("SIN", &SIN[..]),
        ("COS", &COS[..]),
        ("RADIUS", &RADIUS[..]),
        ("HALF_SIN", &HALF_SIN[..]),
        ("HALF_COS", &HALF_COS[..]),
    ] {
        for (power, &coefficient) in coefficients.iter().enumerate() {
            float(&format!("{name}_{power}"), coefficient);
        }
    }
    text
}

/// Shader sources, in order, that define the type `Draws`, `prepare(words)`, `first(draws)` and `rest(draws)` for `kind`.
///
/// A kernel takes its draws by `z = first(d); d = rest(d);`, in the order of [`draw`](super::draw). The sources require
/// [`wgsl_constants`]. The integer transform also requires a variable `normal_coefficients: array<vec4<u32>, NORMAL_ENTRIES>` with
/// the memory contents of [`NORMAL_TABLE`](super::NORMAL_TABLE). The caller chooses its address space: on Mesa's software
/// rasterizer a step with the table in uniform memory takes 1.2 times a Box–Muller step, in storage memory 1.5 times.
pub fn wgsl_noise(kind: NoiseKind) -> &'static [&'static str] {
    match kind {
        NoiseKind::Gaussian(NormalTransform::Integer) => {
            &[NORMAL_INTEGER, NOISE_GAUSSIAN, LANE_ROTATION]
        }
        NoiseKind::Gaussian(NormalTransform::BoxMuller) => {
            &[NORMAL_BOX_MULLER, NOISE_GAUSSIAN, LANE_ROTATION]
        }
        NoiseKind::Gaussian(NormalTransform::BoxMuller16) => {
            &[NORMAL_BOX_MULLER_16, NOISE_GAUSSIAN_16]
        }
        NoiseKind::TwoPoint => &[NOISE_TWO_POINT, LANE_ROTATION],
        NoiseKind::ThreePoint => &[NOISE_THREE_POINT, LANE_ROTATION],
    }
}
