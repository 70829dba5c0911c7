//! Loading examples into rows, a different example in each lane.

use super::rows::LANES;
use crate::loss::Real;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128, __m256, _mm256_insertf128_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    _mm256_zextps128_ps256,
};

/// Lanes loaded at once: those of an AVX2 register. Adjacent stores are merged; scattered single stores take twice the time.
const GROUP: usize = 8;

/// Numbers of an example loaded at once.
const QUAD: usize = 4;

/// Loads one number at a time.
pub(super) fn one_by_one<T: Real>(
    table: &[T],
    width: usize,
    indices: &[u32; LANES],
    rows: &mut [[T; LANES]],
) {
    load(table, width, indices, rows, |examples| {
        let mut columns = [[T::ZERO; GROUP]; QUAD];
        for (number, column) in columns.iter_mut().enumerate() {
            for (value, example) in column.iter_mut().zip(examples) {
                *value = example[number];
            }
        }
        columns
    });
}

/// Transposes four numbers of eight examples with AVX2 shuffles, in half the time.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
pub(super) fn by_shuffles(
    table: &[f32],
    width: usize,
    indices: &[u32; LANES],
    rows: &mut [[f32; LANES]],
) {
    load(table, width, indices, rows, |examples| {
        let half = |k: usize| bytemuck::cast::<[f32; QUAD], __m128>(*examples[k]);
        // Examples k and k + 4 in the two halves of a register; shuffles act on each half separately.
        let both =
            |k: usize| _mm256_insertf128_ps::<1>(_mm256_zextps128_ps256(half(k)), half(k + QUAD));
        let (a, b, c, d) = (both(0), both(1), both(2), both(3));
        let (ac, bd) = (_mm256_unpacklo_ps(a, c), _mm256_unpacklo_ps(b, d));
        let (ac_late, bd_late) = (_mm256_unpackhi_ps(a, c), _mm256_unpackhi_ps(b, d));
        [
            _mm256_unpacklo_ps(ac, bd),
            _mm256_unpackhi_ps(ac, bd),
            _mm256_unpacklo_ps(ac_late, bd_late),
            _mm256_unpackhi_ps(ac_late, bd_late),
        ]
        .map(bytemuck::cast::<__m256, [f32; GROUP]>)
    });
}

/// Selects code for the width. Common widths have their own, because loops of constant length are unrolled: a quarter less time
/// for nine numbers.
#[inline(always)]
fn load<T: Real>(
    table: &[T],
    width: usize,
    indices: &[u32; LANES],
    rows: &mut [[T; LANES]],
    transpose: impl Fn([&[T; QUAD]; GROUP]) -> [[T; GROUP]; QUAD],
) {
    macro_rules! of_width {
        ($($known:literal)*) => {
            match width {
                $($known => {
                    let (examples, _) = table.as_chunks::<$known>();
                    load_each(indices, |index| &examples[index], &mut rows[..$known], transpose);
                })*
                _ => {
                    let example = |index: usize| &table[index * width..][..width];
                    load_each(indices, example, &mut rows[..width], transpose);
                }
            }
        };
    }
    of_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17);
}

#[inline(always)]
fn load_each<'a, T: Real, E: AsRef<[T]> + ?Sized + 'a>(
    indices: &[u32; LANES],
    example: impl Fn(usize) -> &'a E,
    rows: &mut [[T; LANES]],
    transpose: impl Fn([&[T; QUAD]; GROUP]) -> [[T; GROUP]; QUAD],
) {
    let (quads, rest) = rows.as_chunks_mut::<QUAD>();
    let empty = [T::ZERO; QUAD];
    let single = quads.len() * QUAD;
    for (group, indices) in indices.as_chunks::<GROUP>().0.iter().enumerate() {
        // A loop, because a closure of `map` would not be inlined.
        let mut examples: [&[T]; GROUP] = [&[]; GROUP];
        for (slot, &index) in examples.iter_mut().zip(indices) {
            *slot = example(index as usize).as_ref();
        }
        for (k, rows) in quads.iter_mut().enumerate() {
            let mut parts = [&empty; GROUP];
            for (part, example) in parts.iter_mut().zip(examples) {
                *part = &example.as_chunks().0[k];
            }
            for (row, column) in rows.iter_mut().zip(transpose(parts)) {
                row.as_chunks_mut().0[group] = column;
            }
        }
        for (k, row) in (single..).zip(&mut *rest) {
            let values: &mut [T; GROUP] = &mut row.as_chunks_mut().0[group];
            for (value, example) in values.iter_mut().zip(examples) {
                *value = example[k];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::SimdLevel;
    use super::*;

    /// Covers every level, widths with unrolled code, and others.
    #[test]
    fn every_lane_gets_its_example() {
        const COUNT: usize = 37;
        let indices = std::array::from_fn(|lane| (lane * 29 % COUNT) as u32);
        for level in SimdLevel::available() {
            for width in 1..=23 {
                let table: Vec<f32> = (0..COUNT * width).map(|value| value as f32).collect();
                let mut rows = vec![[-1.0; LANES]; width + 1];
                level.loader().load(&table, width, &indices, &mut rows);
                for (lane, &index) in indices.iter().enumerate() {
                    let example = &table[index as usize * width..][..width];
                    let loaded = rows[..width].iter().map(|row| row[lane]);
                    assert!(
                        loaded.eq(example.iter().copied()),
                        "{level:?}, {width} wide"
                    );
                }
                assert_eq!(rows[width], [-1.0; LANES], "{level:?}, {width} wide");
            }
        }
    }
}
