//! Several tests at once.

/// Holm's p-values (1979) of a family of tests: those that are below α are rejected, and the probability that any true
/// hypothesis is among them is at most α, however the tests depend on each other.
///
/// The least of them is Bonferroni's p-value of the family: that all hypotheses are true together. A NaN is a test that was
/// not made: it stays NaN and does not count.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&k| !p[k].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least = 0.0_f64;
    for (rank, &k) in order.iter().enumerate() {
        // Once one is not rejected, none with a greater p is.
        least = least.max((order.len() - rank) as f64 * p[k]).min(1.0);
        adjusted[k] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Sorted 0.01, 0.02, 0.04, 0.3 times 4, 3, 2, 1, made increasing.
        let adjusted = holm(&[0.04, 0.01, 0.3, 0.02]);
        let exact = [0.08, 0.04, 0.3, 0.06];
        assert!(
            adjusted
                .iter()
                .zip(exact)
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
        // 3 · 0.02 and 2 · 0.025: the second takes over the first's.
        assert_eq!(holm(&[0.02, 0.025, 0.9])[1], 3.0 * 0.02);
        assert_eq!(holm(&[0.7, 0.8]), [1.0, 1.0]);
    }

    #[test]
    fn a_test_that_was_not_made_does_not_count() {
        let adjusted = holm(&[f64::NAN, 0.03]);
        assert!(adjusted[0].is_nan() && adjusted[1] == 0.03);
        assert!(holm(&[]).is_empty());
    }
}
