//! Tests of known answers, stable values, distributions, disjoint addresses and valid shaders.

use super::threefry::PARITY;
use super::*;
use crate::spec::{NoiseKind, NormalTransform};

/// z with upper tail probability `u` ≤ ½, to about 1e-14: the value of statrs, refined by two Halley iterations.
pub(super) fn upper_quantile(u: f64) -> f64 {
    use statrs::distribution::{ContinuousCDF, Normal};
    let mut z = -Normal::standard().inverse_cdf(u);
    for _ in 0..2 {
        let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        let step = (u - 0.5 * statrs::function::erf::erfc(z / std::f64::consts::SQRT_2)) / density;
        z -= step / (1.0 + 0.5 * z * step);
    }
    z
}

/// Independent reference: Threefry4x32 as the paper states it, as a loop over any number of rounds.
fn threefry_by_the_paper(counter: [u32; 4], key: [u32; 4], rounds: usize) -> [u32; 4] {
    const ROTATIONS: [[u32; 2]; 8] = [
        [10, 26],
        [11, 21],
        [13, 27],
        [23, 5],
        [6, 20],
        [17, 11],
        [25, 10],
        [18, 20],
    ];
    let mut keys = [key[0], key[1], key[2], key[3], PARITY];
    for word in key {
        keys[4] ^= word;
    }
    let mut x = counter;
    for i in 0..4 {
        x[i] = x[i].wrapping_add(keys[i]);
    }
    for round in 0..rounds {
        let partners = if round % 2 == 0 { [1, 3] } else { [3, 1] };
        for (half, partner) in partners.into_iter().enumerate() {
            x[2 * half] = x[2 * half].wrapping_add(x[partner]);
            x[partner] = x[partner].rotate_left(ROTATIONS[round % 8][half]) ^ x[2 * half];
        }
        if round % 4 == 3 {
            let injection = round / 4 + 1;
            for i in 0..4 {
                x[i] = x[i].wrapping_add(keys[(injection + i) % 5]);
            }
            x[3] = x[3].wrapping_add(injection as u32);
        }
    }
    x
}

type Words = [u32; 4];

/// Counter, key, and output of `threefry4x32` after 13, 20 and 72 rounds, from Random123's `tests/kat_vectors`.
const KNOWN_ANSWERS: [(Words, Words, [Words; 3]); 3] = [
    (
        [0; 4],
        [0; 4],
        [
            [0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a],
            [0x9c6ca96a, 0xe17eae66, 0xfc10ecd4, 0x5256a7d8],
            [0x93171da6, 0x9220326d, 0xb392b7b1, 0xff58a002],
        ],
    ),
    (
        [0xffffffff; 4],
        [0xffffffff; 4],
        [
            [0xc4189358, 0x1c9cc83a, 0xd5881c67, 0x6a0a89e0],
            [0x2a881696, 0x57012287, 0xf6c7446e, 0xa16a6732],
            [0x60743f3d, 0x9961e684, 0xaab21c34, 0x8c65fb7d],
        ],
    ),
    (
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89],
        [
            [0x4aa71d8f, 0x734738c2, 0x431fc6a8, 0xae6debf1],
            [0x59cd1dbb, 0xb8879579, 0x86b5d00c, 0xac8b6d84],
            [0x09930adf, 0x7f27bd55, 0x9ed68ce1, 0x97f803f6],
        ],
    ),
];

#[test]
fn known_answers_of_random123() {
    for (counter, key, outputs) in KNOWN_ANSWERS {
        assert_eq!(threefry4x32_13(counter, key), outputs[0]);
        for (rounds, output) in [13, 20, 72].into_iter().zip(outputs) {
            assert_eq!(
                threefry_by_the_paper(counter, key, rounds),
                output,
                "{rounds} rounds"
            );
        }
    }
}

/// Random words from a generator unrelated to the one under test.
fn foreign_words(seed: u64) -> impl FnMut() -> u32 {
    use rand::{RngExt, SeedableRng, rngs::SmallRng};
    let mut generator = SmallRng::seed_from_u64(seed);
    move || generator.random()
}

#[test]
fn agrees_with_the_paper_on_a_million_addresses() {
    let mut word = foreign_words(1);
    for _ in 0..1_000_000 {
        let counter: [u32; 4] = std::array::from_fn(|_| word());
        let key: [u32; 4] = std::array::from_fn(|_| word());
        assert_eq!(
            threefry4x32_13(counter, key),
            threefry_by_the_paper(counter, key, 13)
        );
    }
}

#[test]
fn rows_are_blocks_even_across_the_carry_of_the_chain_number() {
    let stream = Stream::new(0x0123_4567_89AB_CDEF, Purpose::Noise);
    for (block, first) in [
        (0, 0),
        (u64::MAX, 5),
        (1 << 32, (1 << 32) - 3),
        (7, u64::MAX - 63),
    ] {
        let mut rows = [[0; 64]; 4];
        stream.rows(block, first, &mut rows);
        for lane in 0..64 {
            assert_eq!(
                rows.map(|row| row[lane]),
                stream.block(block, first + lane as u64)
            );
        }
    }
}

/// Every table lookup that this CPU supports.
fn lookups() -> Vec<Lookup> {
    #[cfg(target_arch = "x86_64")]
    let more = Avx2::detect().map(Lookup::Shuffles);
    #[cfg(not(target_arch = "x86_64"))]
    let more = None;
    std::iter::once(Lookup::Plain).chain(more).collect()
}

/// Covers edges of octaves and of the range, whole chunks and a remainder, and both precisions.
#[test]
fn vectorized_normals_equal_single_normals() {
    let edges = (0..32).flat_map(|k| [1u32 << k, (1 << k) - 1, !(1 << k), u32::MAX >> k]);
    let stream = Stream::new(3, Purpose::Noise);
    let random = (0..).flat_map(|chain| stream.block(7, chain));
    let words: Vec<u32> = edges.chain(random).take(3 * 128 + 77).collect();
    let expected: Vec<f32> = (words.iter())
        .map(|word| f32::from_bits(normal_integer(*word)))
        .collect();
    for lookup in lookups() {
        let mut singles = vec![0f32; words.len()];
        normals_integer(lookup, &words, &mut singles);
        assert_eq!(singles, expected, "{lookup:?}");
        let mut doubles = vec![0f64; words.len()];
        normals_integer(lookup, &words, &mut doubles);
        let same = doubles
            .iter()
            .zip(&expected)
            .all(|(d, s)| *d == f64::from(*s));
        assert!(same, "{lookup:?}");
    }
}

/// If one of these values changes, [`STREAM_VERSION`] must rise and the changelog must say so.
#[test]
fn values_of_stream_version_1() {
    assert_eq!(STREAM_VERSION, 1);
    let stream = Stream::new(0x0123_4567_89AB_CDEF, Purpose::Noise);
    assert_eq!(stream.key(), [0x89AB_CDEF, 0x0123_4567, 1, 1]);
    let block = stream.block(3, 1_000_000_007);
    assert_eq!(block, [0x2DF4_AF80, 0x51F7_4E6D, 0xAA80_834F, 0x2186_0E7C]);
    let normals = block.map(normal_integer);
    assert_eq!(
        normals,
        [0x3F6A_CEA4, 0x3EEF_3450, 0xBF78_51DC, 0x3F8F_9A86]
    );
    assert_eq!(block.map(|word| pick(word, 1000)), [179, 320, 666, 130]);
    use Purpose::{Bootstrap, Noise, Pick, Rounding, Start};
    assert_eq!(
        [Start, Noise, Pick, Rounding, Bootstrap].map(|p| p as u32),
        [0, 1, 2, 3, 4]
    );
}

/// Every kind of noise; the three Gaussian ones come first.
fn kinds() -> [NoiseKind; 5] {
    [
        NoiseKind::Gaussian(NormalTransform::Integer),
        NoiseKind::Gaussian(NormalTransform::BoxMuller),
        NoiseKind::Gaussian(NormalTransform::BoxMuller16),
        NoiseKind::TwoPoint,
        NoiseKind::ThreePoint,
    ]
}

/// Calls `see` with each draw of `blocks` blocks of 128 chains, in order.
fn each_row(kind: NoiseKind, stream: Stream, blocks: u64, mut see: impl FnMut(&[f64; 128])) {
    let (mut words, mut row): (NoiseBlock<128>, _) = ([[0; 128]; 8], [0.0; 128]);
    for block in 0..blocks {
        stream.rows(block, 0, words.first_chunk_mut().expect("four rows"));
        variates_from_words(kind, &mut words);
        for index in 0..kind.draws_per_block() {
            draw(kind, &words, index, &mut row);
            see(&row);
        }
    }
}

/// Each statistic is a sum of independent terms over N draws. A bound of 5 standard errors gives one check a false-alarm
/// rate of 6e-7; the seeds are fixed.
#[test]
fn moments_of_every_kind() {
    let n = 10_000_000f64;
    // Moments 4, 6 and 8 of the normal, of ±1, and of three-point noise with a² = 65536/21844.
    let a2 = 65_536.0 / 21_844.0;
    for kind in kinds() {
        let [m4, m6, m8]: [f64; 3] = match kind {
            NoiseKind::Gaussian(_) => [3.0, 15.0, 105.0],
            NoiseKind::TwoPoint => [1.0, 1.0, 1.0],
            NoiseKind::ThreePoint => [a2, a2 * a2, a2 * a2 * a2],
        };
        let blocks = (n / 128.0 / f64::from(kind.draws_per_block())).ceil() as u64;
        let (mut count, mut sums) = (0.0, [0f64; 4]);
        each_row(kind, Stream::new(11, Purpose::Noise), blocks, |row| {
            count += 128.0;
            for &z in row {
                for (power, sum) in sums.iter_mut().enumerate() {
                    *sum += z.powi(power as i32 + 1);
                }
            }
        });
        let truth = [0.0, 1.0, 0.0, m4];
        let variances = [1.0, m4 - 1.0, m6, m8 - m4 * m4];
        for power in 0..4 {
            let error = sums[power] / count - truth[power];
            // Only the amplitude of three-point noise is rounded, to 3e-8 in f32: 4e-7 in its fourth power.
            let bound = 5.0 * (variances[power] / count).sqrt() + 4e-7;
            assert!(
                error.abs() < bound,
                "{kind:?} moment {}: {error:e} beyond {bound:e}",
                power + 1
            );
        }
    }
}

/// Variance and fourth moment over all 65536 equally likely 16-bit values.
#[test]
fn three_point_noise_has_exactly_unit_variance() {
    let (mut sums, mut out) = ([0f64; 3], [0f64; 1]);
    for piece in 0..65_536 {
        draw(
            NoiseKind::ThreePoint,
            &[[piece << 16], [0], [0], [0], [0], [0], [0], [0]],
            4,
            &mut out,
        );
        for (power, sum) in [1, 2, 4].into_iter().zip(&mut sums) {
            *sum += out[0].powi(power) / 65_536.0;
        }
    }
    // The amplitude is rounded to f32: a relative error of 3e-8, twice that in the square, four times in the fourth power.
    assert!(
        sums[0].abs() < 1e-12 && (sums[1] - 1.0).abs() < 1.2e-7,
        "{sums:?}"
    );
    assert!(
        (sums[2] / (65_536.0 / 21_844.0) - 1.0).abs() < 2.4e-7,
        "{sums:?}"
    );
}

/// Kolmogorov–Smirnov test at level 1e-3 (1.95/√N), and counts beyond 3, 4 and 5 within 5 Poisson standard errors.
#[test]
fn normals_follow_the_normal_distribution() {
    use statrs::distribution::{ContinuousCDF, Normal};
    let normal = Normal::standard();
    for kind in &kinds()[..3] {
        let mut draws = Vec::with_capacity(1 << 20);
        let mut beyond = [0f64; 3];
        let mut count = 0.0;
        each_row(*kind, Stream::new(12, Purpose::Noise), 20_000, |row| {
            count += 128.0;
            if draws.len() < 1 << 20 {
                draws.extend_from_slice(row);
            }
            for z in row {
                for (threshold, tail) in [3.0, 4.0, 5.0].into_iter().zip(&mut beyond) {
                    *tail += f64::from(u8::from(z.abs() > threshold));
                }
            }
        });
        draws.sort_by(f64::total_cmp);
        let n = draws.len() as f64;
        let distance = draws.iter().enumerate().fold(0f64, |worst, (rank, &z)| {
            let p = normal.cdf(z);
            worst
                .max((p - rank as f64 / n).abs())
                .max((p - (rank + 1) as f64 / n).abs())
        });
        assert!(distance < 1.95 / n.sqrt(), "{kind:?}: {distance:e}");
        for (threshold, seen) in [3.0, 4.0, 5.0].into_iter().zip(beyond) {
            let expected = count * 2.0 * normal.sf(threshold);
            assert!(
                (seen - expected).abs() < 5.0 * expected.sqrt(),
                "{kind:?} beyond {threshold}: {seen}, expected {expected}"
            );
        }
    }
}

/// Correlations between neighboring chains, draws, blocks, purposes and seeds are below 5/√N.
#[test]
fn neighbors_are_uncorrelated() {
    let kind = NoiseKind::Gaussian(NormalTransform::Integer);
    let collect = |seed, purpose| {
        let mut all = Vec::new();
        each_row(kind, Stream::new(seed, purpose), 4_000, |row| {
            all.extend_from_slice(row);
        });
        all
    };
    let base = collect(13, Purpose::Noise);
    let n = base.len() as f64;
    let correlation = |other: &[f64]| base.iter().zip(other).map(|(x, y)| x * y).sum::<f64>() / n;
    let shifted = |by: usize| base[by..].to_vec();
    let others = [
        ("next chain", shifted(1)),
        ("next draw", shifted(128)),
        ("next block", shifted(512)),
        ("next block, next chain", shifted(513)),
        ("next purpose", collect(13, Purpose::Pick)),
        ("next seed", collect(14, Purpose::Noise)),
    ];
    for (name, other) in others {
        let r = correlation(&other);
        assert!(r.abs() < 5.0 / n.sqrt(), "{name}: {r:e}");
    }
    assert!(correlation(&base) > 0.99);
}

#[test]
fn layouts_reserve_as_stated() {
    let gaussian = NoiseKind::Gaussian(NormalTransform::Integer);
    let layout = |kind, draws| {
        let NoiseLayout {
            width,
            steps_per_block,
            blocks_per_step,
        } = NoiseLayout::new(kind, draws);
        (width, steps_per_block, blocks_per_step)
    };
    assert_eq!(layout(gaussian, 1), (1, 4, 1));
    assert_eq!(layout(gaussian, 3), (4, 1, 1));
    assert_eq!(layout(gaussian, 10), (4, 1, 3));
    assert_eq!(layout(NoiseKind::TwoPoint, 5), (8, 16, 1));
    assert_eq!(layout(NoiseKind::TwoPoint, 129), (128, 1, 2));
    assert_eq!(layout(NoiseKind::ThreePoint, 2), (2, 4, 1));
}

#[test]
fn no_two_draws_share_an_address() {
    for kind in kinds() {
        for draws in (1..40).chain([63, 64, 65, 127, 128, 129, 300]) {
            let layout = NoiseLayout::new(kind, draws);
            let mut seen = std::collections::HashSet::new();
            for step in (0..40).chain((1 << 32) - 20..(1 << 32) + 20) {
                let blocks: std::collections::HashSet<u64> = (0..draws)
                    .map(|d| {
                        let (block, index) = layout.locate(step, d);
                        assert!(index < kind.draws_per_block());
                        assert!(
                            seen.insert((block, index)),
                            "{kind:?}, {draws} draws, step {step}, draw {d}"
                        );
                        block
                    })
                    .collect();
                assert_eq!(blocks.len() as u32, layout.blocks_per_step);
            }
        }
    }
}

/// A kernel takes draws by rotating the four words and shifting the used one; [`draw`] must give the same order.
#[test]
fn draws_come_in_the_order_a_kernel_takes_them() {
    for kind in kinds() {
        let [x, y, z, w] = Stream::new(15, Purpose::Noise).block(0, 0);
        let mut variates: NoiseBlock<1> = [[x], [y], [z], [w], [0], [0], [0], [0]];
        variates_from_words(kind, &mut variates);
        let mut rotated = variates;
        for index in 0..kind.draws_per_block() {
            let (mut by_index, mut by_rotation) = ([0f32], [0f32]);
            draw(kind, &variates, index, &mut by_index);
            draw(kind, &rotated, 0, &mut by_rotation);
            assert_eq!(by_index, by_rotation, "{kind:?} draw {index}");
            if kind.rows() == 8 {
                rotated.rotate_left(1);
                continue;
            }
            let [x, y, z, w, ..] = rotated;
            let rest = [x[0].checked_shr(kind.bits_per_draw()).unwrap_or(0)];
            rotated[..4].copy_from_slice(&[y, z, w, rest]);
        }
    }
}

/// Compares leading bit patterns, random words and boundary words with the quantile; both signs have the same magnitude.
#[test]
fn integer_normals_are_the_quantile() {
    let mut word = foreign_words(16);
    let boundaries = [
        0,
        1,
        2,
        0x7FFF_FFFE,
        0x7FFF_FFFF,
        0x8000_0000,
        0x8000_0001,
        0xFFFF_FFFF,
    ];
    let octaves = (0..31).flat_map(|k| [(1u32 << k) - 1, 1 << k]);
    let mut previous = f32::INFINITY;
    for lead in 0..1 << 23 {
        let z = f32::from_bits(normal_integer(lead << 8));
        assert!(
            z <= previous + 2.4e-7,
            "not monotone beyond one unit at {lead:#x}"
        );
        previous = z;
        assert_eq!(
            normal_integer(lead << 8 | 0x8000_0000),
            z.to_bits() | 0x8000_0000
        );
    }
    // The quantile in f64 costs about 1 µs: 2²⁰ evenly spaced patterns and as many random words.
    let patterns = (0..1 << 20).map(|lead| lead << 11 | 0x400);
    let random = std::iter::repeat_with(|| word() >> 1).take(1 << 20);
    for p in patterns.chain(random).chain(boundaries).chain(octaves) {
        let z = f64::from(f32::from_bits(normal_integer(p)));
        let truth = upper_quantile((f64::from(p & 0x7FFF_FFFF) + 0.5) / 4_294_967_296.0);
        let bound = if truth < 4.0 { 1.7e-7 } else { 3.6e-7 };
        assert!(
            (z.abs() - truth).abs() <= bound,
            "{p:#x}: {z} against {truth}"
        );
        assert_eq!(z.is_sign_negative(), p >> 31 == 1);
    }
}

/// Compares with the transform in f64 on the same words; the bound is the documented one.
#[test]
fn box_muller_errs_by_rounding_only() {
    let mut word = foreign_words(17);
    let mut worst = 0f64;
    let mut check = |radius: u32, angle: u32| {
        let u = (f64::from(radius >> 1) + 0.5) / 2f64.powi(31);
        let length = (-2.0 * u.ln()).sqrt();
        let turn = f64::from(angle) / 2f64.powi(32) * std::f64::consts::TAU;
        let [x, y] = normal_pair(radius, angle).map(f64::from);
        worst = worst
            .max((x - length * turn.cos()).abs())
            .max((y - length * turn.sin()).abs());
    };
    for _ in 0..4_000_000 {
        // Near 1, u is rounded to 24 bits and the radius is that of the rounded u: excluded here, bounded below.
        check(word().min(0xFFF0_0000), word());
    }
    for angle in [
        0,
        0x1FFF_FFFF,
        0x2000_0000,
        0x4000_0000,
        0x8000_0000,
        0xC000_0000,
        u32::MAX,
    ] {
        check(0, angle);
        check(0x8000_0000, angle);
    }
    println!("largest error of Box-Muller {worst:.3e}");
    assert!(worst < 1.4e-6, "{worst:e}");
    let [x, y] = normal_pair(u32::MAX, 1).map(f32::abs);
    assert!(
        x <= 4e-4 && y <= 4e-4,
        "the smallest radius is 0 or one rounding of u: {x} {y}"
    );
    let [z, _] = normal_pair(0, 0);
    assert!(z > 6.6, "the largest normal is {z}");
}

/// Compares with the transform in f64 on the same words; the bound is the documented one.
#[test]
fn box_muller_of_16_bits_errs_little() {
    let mut word = foreign_words(19);
    let mut worst = 0f64;
    let random = std::iter::repeat_with(&mut word).take(4_000_000);
    let edges = (0..32).flat_map(|k| [1u32 << k, (1 << k) - 1, !(1 << k)]);
    for word in random.chain(edges) {
        let bits = word & 0x7FFF_FFFF;
        // As above, u near 1 is excluded.
        if bits > 0x7FF8_0000 {
            continue;
        }
        let length = (-2.0 * ((f64::from(bits) + 0.5) / 2f64.powi(31)).ln()).sqrt();
        let length = if bits == word { length } else { -length };
        let [_, a, b, c] = word.to_be_bytes();
        let angle = i32::from_be_bytes([a.wrapping_add(c), b, c, 0]);
        let turn = f64::from(angle) / 2f64.powi(32) * std::f64::consts::PI;
        let [x, y] = normal_pair_16(word).map(f64::from);
        worst = worst
            .max((x - length * turn.cos()).abs())
            .max((y - length * turn.sin()).abs());
    }
    println!("largest error of Box-Muller of 16 bits {worst:.3e}");
    assert!(worst < 1.2e-5, "{worst:e}");
    let [x, y] = normal_pair_16(0x7FFF_FFFF).map(f32::abs);
    assert!(
        x <= 4e-4 && y <= 4e-4,
        "the smallest radius is 0 or one rounding of u: {x} {y}"
    );
    let longest = normal_pair_16(0).map(f64::from);
    assert!(
        longest[0].hypot(longest[1]) > 6.6,
        "the largest radius is that of {longest:?}"
    );
}

/// Means of powers and products over the first 2²⁴ words, where u is small and depends on the angle most, and over every
/// 101st of the others. One bit is the sign of both normals, so odd powers vanish. Over all 2³¹ words the variances are off
/// by 2.4·10⁻⁸, the fourth moments by 2.4·10⁻⁶, and the covariance is 3.5·10⁻⁷. The bounds are a tenth of the standard
/// errors of 10⁹ draws.
#[test]
fn box_muller_of_16_bits_has_the_moments_of_normals() {
    const ALL: u32 = 1 << 24;
    const STRIDE: usize = 101;
    let mut sums = [0f64; 8];
    let mut words = 0.0;
    let mut see = |word, weight| {
        let [x, y] = normal_pair_16(word).map(f64::from);
        let (x2, y2) = (x * x, y * y);
        words += weight;
        let powers = [
            x2,
            y2,
            x * y,
            x2 * x2,
            y2 * y2,
            x2 * y2,
            x2 * x * y,
            x * y * y2,
        ];
        for (sum, power) in sums.iter_mut().zip(powers) {
            *sum += weight * power;
        }
        assert_eq!(
            normal_pair_16(word | 0x8000_0000).map(|z| -z),
            [x, y].map(|z| z as f32)
        );
    };
    (0..ALL).for_each(|word| see(word, 1.0));
    (ALL..1 << 31)
        .step_by(STRIDE)
        .for_each(|word| see(word, STRIDE as f64));
    let truth = [1.0, 1.0, 0.0, 3.0, 3.0, 1.0, 0.0, 0.0];
    let variances = [2.0, 2.0, 1.0, 96.0, 96.0, 8.0, 15.0, 15.0];
    let found = sums.map(|sum| sum / words);
    println!("{found:?}");
    for ((found, truth), variance) in found.into_iter().zip(truth).zip(variances) {
        let bound = 0.1 * f64::sqrt(variance / 1e9);
        assert!(
            (found - truth).abs() < bound,
            "{found} for {truth} beyond {bound:e}"
        );
    }
}

#[test]
fn uniforms_are_open_and_exact() {
    assert_eq!(uniform(0), 2f32.powi(-24));
    assert_eq!(uniform(u32::MAX), 1.0 - 2f32.powi(-24));
    assert_eq!(f64::from(uniform(0x8000_0000)), 0.5 + 2f64.powi(-24));
    assert_ne!(uniform(0x0000_0200), uniform(0));
}

#[test]
fn picks_are_even() {
    for n in [1, 2, 3, 10, 442, 65_537, u32::MAX] {
        assert_eq!(pick(0, n), 0);
        assert_eq!(pick(u32::MAX, n), n - 1);
    }
    let n = 10;
    let mut counts = [0f64; 10];
    for chain in 0..250_000 {
        for word in Stream::new(18, Purpose::Pick).block(0, chain) {
            counts[pick(word, n) as usize] += 1.0;
        }
    }
    // χ² with 9 degrees of freedom exceeds 33.7 with probability 1e-4.
    let chi_square: f64 = counts
        .iter()
        .map(|c| (c - 100_000.0).powi(2) / 100_000.0)
        .sum();
    assert!(chi_square < 33.7, "{chi_square}");
}

#[test]
fn every_shader_composition_is_valid_alone() {
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    let table = "@group(0) @binding(0) var<uniform> normal_coefficients: array<vec4<u32>, 1024>;\n";
    for kind in kinds() {
        let needs_table = kind == NoiseKind::Gaussian(NormalTransform::Integer);
        let source = [
            wgsl_constants().as_str(),
            WGSL_THREEFRY,
            WGSL_UNIFORM,
            WGSL_PERMUTATION,
            if needs_table { table } else { "" },
        ]
        .into_iter()
        .chain(wgsl_noise(kind).iter().copied())
        .collect::<String>();
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string(&source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|e| panic!("{}", e.emit_to_string(&source)));
        let names: Vec<_> = module
            .functions
            .iter()
            .filter_map(|(_, f)| f.name.as_deref())
            .collect();
        for name in [
            "threefry4x32",
            "uniform_open",
            "pick",
            "permute",
            "prepare",
            "first",
            "rest",
            "halves",
        ] {
            assert!(names.contains(&name), "{kind:?} lacks {name}");
        }
    }
}
