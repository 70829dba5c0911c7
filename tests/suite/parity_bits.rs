//! Integer functions give the same bits on the CPU and on the device.

use crate::probe::Probe;
use crate::support::{device, problem, whole};
use etascope::engine::gpu::Gpu;
use etascope::engine::{Cpu, Engine, Inspect};
use etascope::random::{
    WGSL_THREEFRY, WGSL_UNIFORM, normal_integer, pick, threefry4x32_13, uniform, wgsl_constants,
    wgsl_noise,
};
use etascope::spec::{NoiseKind, NormalTransform};
use rand::{RngExt, SeedableRng};
use rand_philox::Philox;
use rayon::prelude::*;

const THREEFRY_PROBE: &str = "
@group(0) @binding(0) var<storage, read> input: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4<u32>>;

@compute @workgroup_size(128)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
  if id.x < arrayLength(&output) {
    output[id.x] = threefry4x32(input[2u * id.x], input[2u * id.x + 1u]);
  }
}
";

/// Threefry of (counter, key) pairs, computed by the engine's shader.
fn threefry_on_device(addresses: &[[[u32; 4]; 2]]) -> Vec<[u32; 4]> {
    let source = format!("{}{WGSL_THREEFRY}{THREEFRY_PROBE}", wgsl_constants());
    let words = Probe::open().run(
        &source,
        addresses.as_flattened().as_flattened(),
        addresses.len(),
        addresses.len() * 4,
    );
    words.as_chunks::<4>().0.to_vec()
}

/// Counter, key and output of `threefry4x32` with 13 rounds, from Random123's `tests/kat_vectors`.
#[test]
fn known_answers_of_random123_on_the_device() {
    let known: [[[u32; 4]; 3]; 3] = [
        [
            [0; 4],
            [0; 4],
            [0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a],
        ],
        [
            [u32::MAX; 4],
            [u32::MAX; 4],
            [0xc4189358, 0x1c9cc83a, 0xd5881c67, 0x6a0a89e0],
        ],
        [
            [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
            [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
            [0x4aa71d8f, 0x734738c2, 0x431fc6a8, 0xae6debf1],
        ],
    ];
    let addresses: Vec<[[u32; 4]; 2]> = known
        .iter()
        .map(|&[counter, key, _]| [counter, key])
        .collect();
    assert_eq!(
        threefry_on_device(&addresses),
        known.map(|[_, _, output]| output)
    );
}

#[test]
fn a_million_random_addresses_give_the_same_words() {
    let mut random = Philox::seed_from_u64(11);
    let addresses: Vec<[[u32; 4]; 2]> = (0..1_000_000).map(|_| random.random()).collect();
    let found = threefry_on_device(&addresses);
    let differ = addresses
        .iter()
        .zip(found)
        .filter(|&(&[counter, key], words)| words != threefry4x32_13(counter, key));
    assert_eq!(differ.count(), 0);
}

const WORD_PROBE: &str = "
@group(0) @binding(0) var<storage, read> input: array<u32>;
@group(0) @binding(1) var<storage, read_write> output: array<u32>;
@group(0) @binding(7) var<uniform> normal_coefficients: array<vec4<u32>, 1024>;

@compute @workgroup_size(128)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
  let count = arrayLength(&input) - 1u;
  if id.x < count {
    let word = input[id.x + 1u];
    output[3u * id.x] = normal_integer(word);
    output[3u * id.x + 1u] = bitcast<u32>(uniform_open(word));
    output[3u * id.x + 2u] = pick(word, input[0]);
  }
}
";

/// Asserts that normals, uniforms and picks of all random words are the same on both sides. A buffer holds 2²¹ words.
fn compare_words(probe: &Probe, words: &[u32], sizes: &[u32]) {
    let noise = wgsl_noise(NoiseKind::Gaussian(NormalTransform::Integer)).concat();
    let source = format!("{}{WGSL_UNIFORM}{noise}{WORD_PROBE}", wgsl_constants());
    for (chunk, &n) in words.chunks(1 << 21).zip(sizes.iter().cycle()) {
        let input: Vec<u32> = std::iter::once(n).chain(chunk.iter().copied()).collect();
        let found = probe.run(&source, &input, chunk.len(), chunk.len() * 3);
        let differ = chunk
            .par_iter()
            .zip(found.par_chunks(3))
            .find_any(|&(&word, found)| {
                *found != [normal_integer(word), uniform(word).to_bits(), pick(word, n)]
            });
        assert_eq!(differ, None, "the first word that differs, and n = {n}");
    }
}

/// Table sizes for picks: small, around 2¹⁶ where the multiplication changes halves, and the largest.
const SIZES: [u32; 8] = [1, 3, 442, 65_535, 65_536, 65_537, 1_000_003, u32::MAX];

#[test]
fn normals_uniforms_and_picks_of_all_leading_patterns() {
    // All 2²⁴ patterns of the upper bits, with varying lower bits.
    let words: Vec<u32> = (0..1u32 << 24)
        .map(|top| top << 8 | top.wrapping_mul(0x9E37_79B1) >> 24)
        .collect();
    compare_words(&Probe::open(), &words, &SIZES);
}

#[test]
fn normals_uniforms_and_picks_of_random_and_boundary_words() {
    let mut random = Philox::seed_from_u64(12);
    let words: Vec<u32> = (0..10_000_000).map(|_| random.random()).collect();
    let probe = Probe::open();
    compare_words(&probe, &words, &SIZES);
    // Around every power of two, of either sign: the ends of the table's octaves.
    let edges: Vec<u32> = (0..32)
        .flat_map(|bit| [(1u32 << bit).wrapping_sub(1), 1 << bit, (1 << bit) + 1])
        .flat_map(|word| [word, word | 1 << 31, !word])
        .chain([0, 1, 1 << 31, u32::MAX])
        .collect();
    for n in SIZES {
        compare_words(&probe, &edges, &[n]);
    }
}

/// Compares 10⁸ random words with their uniforms and normals, addressed by the engines: several points, blocks with padding, and
/// block numbers beyond 2³².
#[test]
fn a_hundred_million_draws_are_the_same_through_both_engines() {
    let problem = problem(
        "[parameters]\nx = 0.0\n[loss]\nformula = \"x^2\"\n[dynamics]\nkind = \"sgd\"\neta = [0.1, 0.2, 0.3]\n[noise]\nnormal = \"integer\"\n\
         [ensemble]\nchains = 100_000\nduration = { steps = 1 }\nseed = 0x1234_5678_9abc_def0\n",
    );
    let mut cpu = Cpu::<f32>::new(problem.task.clone());
    let mut gpu = Gpu::new(problem.task.clone(), device()).expect("the device runs it");
    cpu.init_tile(whole(&problem)).expect("the tile fits");
    gpu.init_tile(whole(&problem)).expect("the tile fits");
    let mut words = 0;
    let mut block = (1u64 << 32) - 20;
    while words < 100_000_000 {
        let step = block * u64::from(problem.task.addresses.steps_per_block);
        let found = gpu.draws(step, 4).expect("the device draws");
        assert!(
            found == cpu.draws(step, 4).expect("the CPU draws"),
            "draws from block {block} on differ"
        );
        // Slots without a chain have noise too, but are not counted.
        words += 4 * 4 * 300_000;
        block += 4;
    }
}
