//! Energy distance of two samples of vectors, with a permutation test of equal distributions.
//!
//! Source: G. J. Székely, M. L. Rizzo, "Testing for equal distributions in high dimension", InterStat (2004).

use nalgebra::DMatrix;
use rayon::prelude::*;

/// Energy distance of two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Energy {
    /// Unbiased estimate of `2 E|X − Y| − E|X − X′| − E|Y − Y′|`; it may be negative if the distributions are equal.
    pub distance: f64,
    /// p-value: the fraction of divisions of the pooled sample, including the observed one, with at least this distance.
    /// Exact for any distribution that the samples share.
    pub p: f64,
}

/// Energy distance of two samples of n vectors, and its p-value from `divisions` random divisions of the pooled sample.
///
/// Samples are row-major, n × `dimension`. `random` returns uniform random words, which draw the divisions. Cost: the
/// 2n × 2n distance matrix and its product with a 2n × (`divisions` + 1) matrix. NaN for n < 2.
///
/// # Panics
/// The samples differ in length, or their length is not a multiple of `dimension`.
pub fn energy_distance(
    a: &[f64],
    b: &[f64],
    dimension: usize,
    divisions: usize,
    random: &mut dyn FnMut() -> u32,
) -> Energy {
    assert!(
        a.len() == b.len() && a.len().is_multiple_of(dimension),
        "samples of equal size"
    );
    let vectors: Vec<&[f64]> = a.chunks(dimension).chain(b.chunks(dimension)).collect();
    let (all, half) = (vectors.len(), vectors.len() / 2);
    if half < 2 {
        return Energy {
            distance: f64::NAN,
            p: f64::NAN,
        };
    }
    let distances = pairwise(&vectors);
    let total = distances.sum();
    // Column 0 is the observed division: +1 for the first sample, −1 for the second.
    let mut signs = DMatrix::zeros(all, divisions + 1);
    let mut order: Vec<f64> = (0..all)
        .map(|k| if k < half { 1.0 } else { -1.0 })
        .collect();
    signs.column_mut(0).copy_from_slice(&order);
    for division in 1..=divisions {
        shuffle(&mut order, random);
        signs.column_mut(division).copy_from_slice(&order);
    }
    // Σ_ij s_i s_j |x_i − x_j| is the sum of distances within the samples minus the sum between them.
    let products = &distances * &signs;
    let within_less_between: Vec<f64> = (signs.column_iter().zip(products.column_iter()))
        .map(|(s, product)| s.dot(&product))
        .collect();
    let observed = within_less_between[0];
    // Rounding may separate equal divisions.
    let slack = 1e-12 * total;
    let as_far = within_less_between
        .iter()
        .filter(|&&value| value <= observed + slack)
        .count();
    let n = half as f64;
    let (within, between) = (0.5 * (total + observed), 0.5 * (total - observed));
    Energy {
        distance: between / (n * n) - within / (n * (n - 1.0)),
        p: as_far as f64 / (divisions + 1) as f64,
    }
}

/// Euclidean distance matrix.
fn pairwise(vectors: &[&[f64]]) -> DMatrix<f64> {
    let all = vectors.len();
    let columns: Vec<f64> = (vectors.par_iter())
        .flat_map_iter(|a| {
            vectors.iter().map(move |b| {
                let squares = a.iter().zip(*b).map(|(x, y)| (x - y).powi(2));
                squares.sum::<f64>().sqrt()
            })
        })
        .collect();
    DMatrix::from_vec(all, all, columns)
}

/// Fisher–Yates shuffle. The bias of each draw is below 2⁻¹⁶ for fewer than 2¹⁶ elements.
fn shuffle(order: &mut [f64], random: &mut dyn FnMut() -> u32) {
    for k in (1..order.len()).rev() {
        let range = k as u64 + 1;
        order.swap(k, ((u64::from(random()) * range) >> 32) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use statrs::distribution::{Continuous, ContinuousCDF, Normal};

    /// Energy distance of N(0, 1) and N(m, s²), from E|N(d, v)| = √(2v/π) e^{−d²/2v} + d (1 − 2Φ(−d/√v)).
    fn exact(m: f64, s: f64) -> f64 {
        let folded = |d: f64, sd: f64| {
            let normal = Normal::standard();
            2.0 * sd * normal.pdf(d / sd) + d * (1.0 - 2.0 * normal.cdf(-d / sd))
        };
        let root = 2.0_f64.sqrt();
        2.0 * folded(m, s.hypot(1.0)) - folded(0.0, root) - folded(0.0, s * root)
    }

    fn normals(rng: &mut impl rand::Rng, n: usize) -> Vec<f64> {
        let normal = Normal::standard();
        (0..n)
            .map(|_| normal.inverse_cdf(rng.random::<f64>().clamp(1e-12, 1.0 - 1e-12)))
            .collect()
    }

    #[test]
    fn by_hand() {
        // {0, 1} and {3, 5}: mean distances (3 + 5 + 2 + 4)/4 = 3.5 between, 1 and 2 within; 7 − 1 − 2 = 4. Of the three
        // divisions into pairs this one has the largest distance, so p is about ⅓.
        let mut rng = rand_philox::Philox::seed_from_u64(1);
        let energy = energy_distance(&[0.0, 1.0], &[3.0, 5.0], 1, 2000, &mut || rng.random());
        assert!((energy.distance - 4.0).abs() < 1e-14);
        // ⅓ ± 5 · √(2/9/2000) = 0.053: false alarm 6e-7.
        assert!((energy.p - 1.0 / 3.0).abs() < 0.053, "{}", energy.p);
    }

    #[test]
    fn normals_of_known_distance() {
        let mut rng = rand_philox::Philox::seed_from_u64(2);
        for (m, s) in [(1.0, 1.0), (0.0, 2.0), (0.7, 0.5)] {
            let values: Vec<f64> = (0..40)
                .map(|_| {
                    let a = normals(&mut rng, 200);
                    let b: Vec<f64> = normals(&mut rng, 200).iter().map(|z| m + s * z).collect();
                    energy_distance(&a, &b, 1, 0, &mut || 0).distance
                })
                .collect();
            let mean = crate::measure::Moments::from_slice(&values).mean_estimate();
            // Unbiased within five standard errors (false alarm 6e-7), which are at most a tenth of the distance each.
            assert!(
                mean.z_against(exact(m, s)).abs() < 5.0 && mean.se < 0.1 * exact(m, s),
                "{mean:?} {}",
                exact(m, s)
            );
        }
    }

    #[test]
    fn the_distance_is_rotation_invariant() {
        let mut rng = rand_philox::Philox::seed_from_u64(3);
        let (a, b) = (normals(&mut rng, 60), normals(&mut rng, 60));
        let rotated = |v: &[f64]| -> Vec<f64> {
            v.chunks(2)
                .flat_map(|v| [0.6 * v[0] - 0.8 * v[1], 0.8 * v[0] + 0.6 * v[1]])
                .collect()
        };
        let plain = energy_distance(&a, &b, 2, 0, &mut || 0).distance;
        let other = energy_distance(&rotated(&a), &rotated(&b), 2, 0, &mut || 0).distance;
        // Rounding errors of 900 distances.
        assert!((plain - other).abs() < 1e-12);
    }

    #[test]
    fn too_few_vectors_give_nan() {
        assert!(
            energy_distance(&[1.0], &[2.0], 1, 9, &mut || 0)
                .distance
                .is_nan()
        );
    }
}
