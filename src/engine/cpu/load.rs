//! Numbers of examples into rows: another example in each lane.

use super::row::LANES;
use crate::loss::Real;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128, __m256, _mm256_insertf128_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
    _mm256_zextps128_ps256,
};

/// Lanes whose examples are loaded together: those of an AVX2 register. Stores that follow each other in memory are merged, and
/// single ones all over the rows take twice the time.
const TOGETHER: usize = 8;

/// Numbers of an example that are loaded together.
const QUAD: usize = 4;

/// Loads number by number.
pub(super) fn one_by_one<T: Real>(
    table: &[T],
    width: usize,
    indices: &[u32; LANES],
    rows: &mut [[T; LANES]],
) {
    load(table, width, indices, rows, |examples| {
        let mut columns = [[T::ZERO; TOGETHER]; QUAD];
        for (number, column) in columns.iter_mut().enumerate() {
            for (value, example) in column.iter_mut().zip(examples) {
                *value = example[number];
            }
        }
        columns
    });
}

/// Loads four numbers of eight examples by the shuffles of AVX2, in half the time.
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
        // Examples k and k + 4 in the two halves, in which the shuffles work apart.
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
        .map(bytemuck::cast::<__m256, [f32; TOGETHER]>)
    });
}

/// Widths that are common are compiled apart: loops of known length are written out, which takes a quarter less time for nine
/// numbers.
#[inline(always)]
fn load<T: Real>(
    table: &[T],
    width: usize,
    indices: &[u32; LANES],
    rows: &mut [[T; LANES]],
    turned: impl Fn([&[T; QUAD]; TOGETHER]) -> [[T; TOGETHER]; QUAD],
) {
    macro_rules! of_width {
        ($($known:literal)*) => {
            match width {
                $($known => {
                    let (examples, _) = table.as_chunks::<$known>();
                    load_each(indices, |index| &examples[index], &mut rows[..$known], turned);
                })*
                _ => {
                    let example = |index: usize| &table[index * width..][..width];
                    load_each(indices, example, &mut rows[..width], turned);
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
    turned: impl Fn([&[T; QUAD]; TOGETHER]) -> [[T; TOGETHER]; QUAD],
) {
    let (quads, rest) = rows.as_chunks_mut::<QUAD>();
    let nothing = [T::ZERO; QUAD];
    let single = quads.len() * QUAD;
    for (group, indices) in indices.as_chunks::<TOGETHER>().0.iter().enumerate() {
        // Loops, since a closure of `map` is not inlined.
        let mut examples: [&[T]; TOGETHER] = [&[]; TOGETHER];
        for (slot, &index) in examples.iter_mut().zip(indices) {
            *slot = example(index as usize).as_ref();
        }
        for (k, rows) in quads.iter_mut().enumerate() {
            let mut parts = [&nothing; TOGETHER];
            for (part, example) in parts.iter_mut().zip(examples) {
                *part = &example.as_chunks().0[k];
            }
            for (row, column) in rows.iter_mut().zip(turned(parts)) {
                row.as_chunks_mut().0[group] = column;
            }
        }
        for (k, row) in (single..).zip(&mut *rest) {
            let values: &mut [T; TOGETHER] = &mut row.as_chunks_mut().0[group];
            for (value, example) in values.iter_mut().zip(examples) {
                *value = example[k];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimdLevel;
    use super::*;

    /// On every level, for widths compiled apart and others.
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
