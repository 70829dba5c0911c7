//! Correction of p-values for multiple tests.

/// Holm's adjusted p-values of a family of tests, in the order of `p`.
///
/// If the hypotheses with an adjusted p-value below α are rejected, the probability of rejecting any true hypothesis is at
/// most α, whatever the dependence of the tests. The smallest adjusted value is Bonferroni's p-value for the hypothesis that
/// all are true. A NaN stands for a test that was not made; it stays NaN and does not count.
/// Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).filter(|&k| !p[k].is_nan()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![f64::NAN; p.len()];
    let mut least = 0.0_f64;
    for (rank, &k) in order.iter().enumerate() {
        // The maximum keeps the adjusted values in the order of the p-values.
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
        // Sorted values 0.01, 0.02, 0.04, 0.3 times 4, 3, 2, 1, then the running maximum.
        let adjusted = holm(&[0.04, 0.01, 0.3, 0.02]);
        let exact = [0.08, 0.04, 0.3, 0.06];
        assert!(
            adjusted
                .iter()
                .zip(exact)
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
        // 2 · 0.025 is raised to 3 · 0.02.
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
