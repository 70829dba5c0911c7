//! Calibration: every test rejects a true hypothesis at its nominal level, and a given false one nearly always.
//!
//! The rejection rate of a true hypothesis over 4000 replications at level 0.05 has a standard error of 0.0034. A rate outside
//! 0.035 to 0.065 is 4.4 standard errors off (false alarm 1e-5, fixed seeds).

use super::*;
use crate::measure::{Axis, Comoments, Estimate, Histogram, Moments};
use rand::{RngExt, SeedableRng};
use rand_philox::Philox;
use statrs::distribution::{ContinuousCDF, Normal};

const REPLICATIONS: usize = 4000;

/// Fraction of replications in which p ≤ 0.05.
fn rate(seed: u64, p: impl Fn(&mut Philox) -> f64) -> f64 {
    let mut rng = Philox::seed_from_u64(seed);
    let rejected = (0..REPLICATIONS).filter(|_| {
        let p = p(&mut rng);
        assert!(!p.is_nan(), "a p-value");
        p <= 0.05
    });
    rejected.count() as f64 / REPLICATIONS as f64
}

/// Asserts that a true hypothesis is rejected at the nominal level.
fn calibrated(seed: u64, p: impl Fn(&mut Philox) -> f64) {
    let rate = rate(seed, p);
    assert!((0.035..=0.065).contains(&rate), "rejects {rate}");
}

/// Asserts that a false hypothesis is rejected in at least 99 of 100 replications.
fn powerful(seed: u64, p: impl Fn(&mut Philox) -> f64) {
    let mut rng = Philox::seed_from_u64(seed);
    let found = (0..100).filter(|_| p(&mut rng) < 0.05).count();
    assert!(found >= 99, "finds {found} of 100");
}

fn normal(rng: &mut Philox) -> f64 {
    // A sum of uniforms would have thin tails; the inverse function costs little here.
    Normal::standard().inverse_cdf((f64::from(rng.random::<u32>()) + 0.5) / 2_f64.powi(32))
}

/// `n` uniform numbers to a power, in `bins` bins.
fn uniforms(rng: &mut Philox, n: usize, bins: u32, power: f64) -> Histogram {
    let mut h = Histogram::new(vec![Axis::new(0.0, 1.0, bins).unwrap()]);
    (0..n).for_each(|_| h.add(rng.random::<f64>().powf(power)));
    h
}

fn even(bins: u32) -> Vec<f64> {
    (0..=bins).map(|i| f64::from(i) / f64::from(bins)).collect()
}

#[test]
fn kolmogorov_smirnov_against_a_distribution() {
    // With 4096 bins, as in runs, binning reduces the distance by less than 1/4096.
    let exact = even(4096);
    let p = |power| {
        move |rng: &mut Philox, exact: &[f64]| {
            ks_distance(&uniforms(rng, 400, 4096, power), exact).p
        }
    };
    calibrated(11, |rng| p(1.0)(rng, &exact));
    // The distance of x^1.5 is 0.148, 3/√400.
    powerful(12, |rng| p(1.5)(rng, &exact));
}

#[test]
fn kolmogorov_smirnov_of_two_samples() {
    let p = |power| {
        move |rng: &mut Philox| {
            let a = uniforms(rng, 397, 4096, 1.0);
            ks_two_sample(&a, &uniforms(rng, 611, 4096, power)).p
        }
    };
    calibrated(13, p(1.0));
    powerful(14, p(1.6));
}

#[test]
fn chi_square_of_one_axis() {
    let exact = even(50);
    let p = |power| {
        let exact = exact.clone();
        move |rng: &mut Philox| chi_square_fit(&uniforms(rng, 1000, 50, power), &exact).p
    };
    calibrated(15, p(1.0));
    powerful(16, p(1.4));
}

#[test]
fn chi_square_of_two_axes() {
    // Two normals on ±2, with 9 % outside; sparse corners are pooled.
    let axis = Axis::new(-2.0, 2.0, 12).unwrap();
    let cdf: Vec<f64> = axis
        .edges()
        .iter()
        .map(|&x| Normal::standard().cdf(x))
        .collect();
    let shares: Vec<f64> = cdf.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let exact: Vec<f64> = shares
        .iter()
        .flat_map(|a| shares.iter().map(move |b| a * b))
        .collect();
    let p = |correlation: f64| {
        let exact = exact.clone();
        move |rng: &mut Philox| {
            let mut h = Histogram::new(vec![axis, axis]);
            for _ in 0..1000 {
                let (x, y) = (normal(rng), normal(rng));
                let z = correlation * x + (1.0 - correlation * correlation).sqrt() * y;
                h.count(&[axis.bin(x), axis.bin(z)]);
            }
            chi_square_cells(&h, &exact).p
        }
    };
    calibrated(17, p(0.0));
    // The marginals are equal; only the joint distribution differs.
    powerful(18, p(0.5));
}

#[test]
fn equality_of_independent_means() {
    let p = |shift: f64| {
        move |rng: &mut Philox| {
            let estimates: Vec<Estimate> = [0.0, 0.0, 0.0, shift]
                .iter()
                .zip([1.0, 2.0, 0.5, 1.0])
                .map(|(mean, se)| Estimate::new(mean + se * normal(rng), se))
                .collect();
            equal_means(&estimates).p
        }
    };
    calibrated(19, p(0.0));
    powerful(20, p(6.0));
}

/// Temperatures x_k ∂L/∂x_k of `n` chains in a Gibbs distribution at T = 1 with the Hessian [[1, c], [c, 1]]; the second
/// temperature is multiplied by `factor`.
fn virials(rng: &mut Philox, n: usize, c: f64, factor: f64) -> [Vec<f64>; 2] {
    let mut columns = [Vec::new(), Vec::new()];
    for _ in 0..n {
        // Covariance H⁻¹ = [[1, −c], [−c, 1]]/(1 − c²).
        let x = normal(rng) / (1.0 - c * c).sqrt();
        let y = -c * x + normal(rng);
        columns[0].push(x * (x + c * y));
        columns[1].push(factor * y * (y + c * x));
    }
    columns
}

#[test]
fn equality_of_dependent_temperatures() {
    let paired = |c: f64, factor: f64| {
        move |rng: &mut Philox| {
            equal_means_paired(&Comoments::from_columns(&virials(rng, 250, c, factor))).p
        }
    };
    calibrated(21, paired(0.9, 1.0));
    calibrated(22, paired(0.0, 1.0));
    powerful(23, paired(0.0, 2.0));
    // The covariance of the two is −c²/(1 − c²), their variances 1 + 1/(1 − c²). A test that assumes independence uses a
    // variance of 12.5 in place of 21.0 for the difference, and so rejects at |z| > 1.51, in 13 % of cases.
    let independent = rate(24, |rng| {
        let [x, y] = virials(rng, 250, 0.9, 1.0).map(|c| Moments::from_slice(&c).mean_estimate());
        equal_means(&[x, y]).p
    });
    assert!((0.10..0.16).contains(&independent), "{independent}");
}

#[test]
fn means_of_zero() {
    // Three correlated quantities, with the covariance from differences as in a run.
    let p = |shift: f64| {
        move |rng: &mut Philox| {
            let mut columns = vec![Vec::new(); 3];
            for _ in 0..300 {
                let common = 2.0 * normal(rng);
                columns[0].push(common + normal(rng));
                columns[1].push(shift + common + normal(rng));
                columns[2].push(normal(rng) - common);
            }
            let difference = |a: usize, b: usize| -> Moments {
                let pairs = columns[a].iter().zip(&columns[b]);
                Moments::from_slice(&pairs.map(|(x, y)| x - y).collect::<Vec<_>>())
            };
            let singles: Vec<Moments> = columns.iter().map(|c| Moments::from_slice(c)).collect();
            let pairs = [difference(0, 1), difference(0, 2), difference(1, 2)];
            zero_means(&from_differences(&singles, &pairs)).p
        }
    };
    calibrated(25, p(0.0));
    // 0.5 is 3.8 standard errors of a mean but 6 of a difference.
    powerful(26, p(0.5));
}

#[test]
fn families_of_tests() {
    // Ten true hypotheses: the probability that any is rejected is at most 0.05, and 1 − (1 − 0.005)¹⁰ = 0.049 if the tests
    // are independent.
    calibrated(27, |rng| {
        let p: Vec<f64> = (0..10).map(|_| rng.random()).collect();
        holm(&p).into_iter().fold(1.0, f64::min)
    });
    // Nine hypotheses are false: the true one is tested at the full level.
    calibrated(28, |rng| {
        let mut p = vec![1e-9; 9];
        p.push(rng.random());
        holm(&p)[9]
    });
    powerful(29, |rng| {
        let mut p: Vec<f64> = (0..9).map(|_| rng.random()).collect();
        p.push(normal_p(6.0 + normal(rng)));
        holm(&p)[9]
    });
}

#[test]
fn energy_distance_by_permutation() {
    let p = |shift: f64| {
        move |rng: &mut Philox| {
            let mut sample = |mean: f64| -> Vec<f64> {
                (0..24)
                    .flat_map(|_| [mean + normal(rng), normal(rng)])
                    .collect()
            };
            let (a, b) = (sample(0.0), sample(shift));
            // With 19 divisions p is a multiple of 1/20, and p = 1/20 has a probability of exactly 0.05.
            energy_distance(&a, &b, 2, 19, &mut || rng.random()).p
        }
    };
    calibrated(30, p(0.0));
    let farther = |rng: &mut Philox| {
        let mut sample = |mean: f64| -> Vec<f64> { (0..48).map(|_| mean + normal(rng)).collect() };
        let (a, b) = (sample(0.0), sample(2.0));
        energy_distance(&a, &b, 2, 99, &mut || rng.random()).p
    };
    powerful(31, farther);
}

#[test]
fn checks_of_stationarity() {
    let p = |shift: f64| {
        move |rng: &mut Philox| {
            let differences: Vec<f64> = (0..200).map(|_| shift + normal(rng)).collect();
            let mean = Moments::from_slice(&differences).mean_estimate();
            normal_p(fluctuation_dissipation(mean).z)
        }
    };
    calibrated(33, p(0.0));
    powerful(34, p(0.4));
}

#[test]
fn superchains() {
    let p = |shift: f64| {
        move |rng: &mut Philox| {
            let chains: Vec<Moments> = (0..8)
                .map(|k| {
                    let shift = shift * f64::from(k % 2);
                    Moments::from_slice(&(0..25).map(|_| shift + normal(rng)).collect::<Vec<_>>())
                })
                .collect();
            nested_rhat(&chains).map_or(f64::NAN, |r| r.p)
        }
    };
    calibrated(35, p(0.0));
    powerful(36, p(1.0));
}
