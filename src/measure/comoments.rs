//! Joint first and second moments of vectors.

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// Count, mean and central co-sums `Σ (x_i − mean_i)(x_j − mean_j)` of a set of vectors of one dimension d.
///
/// Memory d(d + 3)/2 numbers. The default has no dimension yet and is the identity of [`Self::merge`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comoments {
    /// Number of vectors.
    pub count: u64,
    /// Mean, length d.
    pub mean: Vec<f64>,
    /// Co-sums of the upper triangle by rows: (0,0), (0,1) … (0,d−1), (1,1) …; length d(d + 1)/2.
    pub upper: Vec<f64>,
}

impl Comoments {
    /// Co-moments of no vectors, of dimension `d`.
    #[must_use]
    pub fn new(d: usize) -> Self {
        Self {
            count: 0,
            mean: vec![0.0; d],
            upper: vec![0.0; d * (d + 1) / 2],
        }
    }

    /// Co-moments of vectors given by coordinates: `columns[k][c]` is coordinate k of vector c.
    ///
    /// Costs d²/2 sequential passes over the data.
    ///
    /// # Panics
    /// The columns have different lengths.
    #[must_use]
    pub fn from_columns<C: AsRef<[f64]>>(columns: &[C]) -> Self {
        let mut all = Self::new(columns.len());
        let n = columns.first().map_or(0, |column| column.as_ref().len());
        assert!(
            columns.iter().all(|column| column.as_ref().len() == n),
            "columns of one length"
        );
        if n == 0 {
            return all;
        }
        all.count = n as u64;
        let centered: Vec<Vec<f64>> = columns
            .iter()
            .zip(&mut all.mean)
            .map(|(column, mean)| {
                let column = column.as_ref();
                *mean = column[0] + column.iter().map(|x| x - column[0]).sum::<f64>() / n as f64;
                column.iter().map(|x| x - *mean).collect()
            })
            .collect();
        let mut slot = all.upper.iter_mut();
        for (i, a) in centered.iter().enumerate() {
            for (b, sum) in centered[i..].iter().zip(&mut slot) {
                *sum = a.iter().zip(b).map(|(x, y)| x * y).sum();
            }
        }
        all
    }

    /// Dimension d of the vectors; 0 for `Comoments::default()`, which takes its dimension from the first merge.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.mean.len()
    }

    /// Adds the vectors of `other`: `S += S' + δδᵀ n n'/(n + n')` (Chan, Golub and Le Veque 1983).
    ///
    /// # Panics
    /// The dimensions differ and neither is empty.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            self.clone_from(other);
            return;
        }
        assert_eq!(
            self.dimension(),
            other.dimension(),
            "co-moments of one dimension"
        );
        let (na, nb) = (self.count as f64, other.count as f64);
        let share = nb / (na + nb);
        let delta: Vec<f64> = other
            .mean
            .iter()
            .zip(&self.mean)
            .map(|(b, a)| b - a)
            .collect();
        let mut k = 0;
        for (i, di) in delta.iter().enumerate() {
            for dj in &delta[i..] {
                self.upper[k] += other.upper[k] + di * dj * na * share;
                k += 1;
            }
        }
        for (mean, d) in self.mean.iter_mut().zip(&delta) {
            *mean += d * share;
        }
        self.count += other.count;
    }

    /// Unbiased covariance matrix, d × d; all NaN for fewer than two vectors.
    #[must_use]
    pub fn covariance(&self) -> DMatrix<f64> {
        let d = self.dimension();
        let divisor = if self.count < 2 {
            f64::NAN
        } else {
            (self.count - 1) as f64
        };
        DMatrix::from_fn(d, d, |i, j| {
            let (row, column) = (i.min(j), i.max(j));
            // Earlier rows have d, d − 1, …, d − row + 1 numbers.
            self.upper[row * (2 * d - row + 1) / 2 + column - row] / divisor
        })
    }

    /// Covariance matrix of the mean of independent vectors, [`Self::covariance`]/n.
    #[must_use]
    pub fn mean_covariance(&self) -> DMatrix<f64> {
        self.covariance() / self.count as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(n: usize, offset: f64) -> Vec<Vec<f64>> {
        let wave = |k: usize, c: usize| offset + (1.3 * k as f64 + 0.7 * (c * c) as f64).sin();
        (0..3)
            .map(|k| (0..n).map(|c| wave(k, c)).collect())
            .collect()
    }

    fn part(columns: &[Vec<f64>], from: usize, to: usize) -> Comoments {
        Comoments::from_columns(&columns.iter().map(|c| &c[from..to]).collect::<Vec<_>>())
    }

    #[test]
    fn by_hand() {
        let all = Comoments::from_columns(&[[0.0, 1.0, 2.0], [5.0, 3.0, 1.0]]);
        assert_eq!(
            (all.count, &all.mean[..], &all.upper[..]),
            (3, &[1.0, 3.0][..], &[2.0, -4.0, 8.0][..])
        );
        assert_eq!(
            all.covariance(),
            DMatrix::from_row_slice(2, 2, &[1.0, -2.0, -2.0, 4.0])
        );
    }

    #[test]
    fn merging_equals_naive_two_pass_on_an_offset() {
        let data = columns(200, 1e5);
        let mut merged = Comoments::default();
        for (from, to) in [(0, 1), (1, 1), (1, 90), (90, 200)] {
            merged.merge(&part(&data, from, to));
        }
        let covariance = merged.covariance();
        for i in 0..3 {
            for j in 0..3 {
                let mean = |k: usize| data[k].iter().sum::<f64>() / 200.0;
                let (mi, mj) = (mean(i), mean(j));
                let naive: f64 = (0..200)
                    .map(|c| (data[i][c] - mi) * (data[j][c] - mj))
                    .sum::<f64>()
                    / 199.0;
                // Means on 1e5 are rounded by 1e-11; their effect on a co-sum of order 100 is below 1e-9.
                assert!((covariance[(i, j)] - naive).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn merging_is_associative_with_an_identity() {
        let data = columns(60, 0.0);
        let (a, b, c) = (part(&data, 0, 5), part(&data, 5, 40), part(&data, 40, 60));
        let merged = |x: &Comoments, y: &Comoments| {
            let mut z = x.clone();
            z.merge(y);
            z
        };
        assert_eq!(merged(&a, &Comoments::default()), a);
        assert_eq!(merged(&Comoments::default(), &a), a);
        assert_eq!(merged(&Comoments::new(3), &a), a);
        let (left, right) = (merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        // A handful of roundings of sums of order 30.
        assert!(
            left.upper
                .iter()
                .zip(&right.upper)
                .all(|(x, y)| (x - y).abs() < 1e-13)
        );
        assert!(
            left.mean
                .iter()
                .zip(&right.mean)
                .all(|(x, y)| (x - y).abs() < 1e-15)
        );
    }

    #[test]
    fn fewer_than_two_vectors_have_no_covariance() {
        assert!(
            part(&columns(1, 0.0), 0, 1)
                .covariance()
                .iter()
                .all(|x| x.is_nan())
        );
    }
}
