//! Stationary distribution and slowest mode of a banded Markov chain.

use super::error::TheoryError;

/// Row-stochastic n × n band matrix, stored by diagonals.
#[derive(Debug, Clone)]
pub(crate) struct BandedChain {
    n: usize,
    /// Number of diagonals below the main one.
    below: usize,
    /// Number of all diagonals.
    width: usize,
    /// The state that elimination keeps; the chain must reach it from everywhere.
    last: usize,
    entries: Vec<f64>,
}

impl BandedChain {
    /// A zero matrix with `below` diagonals under the main one and `above` over it; `last` is a state that the chain
    /// reaches from everywhere.
    pub(crate) fn new(n: usize, below: usize, above: usize, last: usize) -> Self {
        let width = below + above + 1;
        Self {
            n,
            below,
            width,
            last,
            entries: vec![0.0; n * width],
        }
    }

    /// Entries of row `i` in `columns`, which must lie within the band.
    fn row(&self, i: usize, columns: std::ops::Range<usize>) -> &[f64] {
        let base = i * self.width + self.below;
        &self.entries[base + columns.start - i..base + columns.end - i]
    }

    pub(crate) fn row_mut(&mut self, i: usize, columns: std::ops::Range<usize>) -> &mut [f64] {
        let base = i * self.width + self.below;
        &mut self.entries[base + columns.start - i..base + columns.end - i]
    }

    /// States eliminated after `k` that `k` can reach in a step.
    fn targets(&self, k: usize) -> std::ops::Range<usize> {
        if k > self.last {
            k.saturating_sub(self.below)..k
        } else {
            k + 1..(k + self.above()).min(self.last) + 1
        }
    }

    /// States eliminated after `k` that can reach `k` in a step.
    fn sources(&self, k: usize) -> std::ops::Range<usize> {
        if k > self.last {
            k.saturating_sub(self.above())..k
        } else {
            k + 1..(k + self.below).min(self.last) + 1
        }
    }

    fn above(&self) -> usize {
        self.width - self.below - 1
    }

    /// Order of elimination: from the highest state down to `last`, then from the lowest up to it. Fill-in stays in the band.
    fn order(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        (self.last + 1..self.n).rev().chain(0..self.last)
    }

    /// Eliminates all states but `last`, from the ends inwards.
    ///
    /// The algorithm needs no subtraction, so every entry of the stationary distribution keeps its relative accuracy, however
    /// rare the passages between its parts. Cost: n · below · above operations. Source: W. K. Grassmann, M. I. Taksar,
    /// D. P. Heyman, "Regenerative analysis and steady state distributions for Markov chains", Oper. Res. 33 (1985).
    pub(crate) fn eliminate(mut self) -> Result<EliminatedChain, TheoryError> {
        let mut exits = vec![0.0; self.n];
        for k in self.order() {
            let targets = self.targets(k);
            let leaving = self.row(k, targets.clone()).to_vec();
            let exit: f64 = leaving.iter().sum();
            if exit.is_nan() || exit <= 0.0 {
                return Err(TheoryError::NotConverged {
                    what: "the elimination of a chain that falls apart",
                });
            }
            exits[k] = exit;
            for i in self.sources(k) {
                let entry = &mut self.row_mut(i, k..k + 1)[0];
                *entry /= exit;
                let share = *entry;
                if share > 0.0 {
                    for (to, from) in self.row_mut(i, targets.clone()).iter_mut().zip(&leaving) {
                        *to += share * from;
                    }
                }
            }
        }
        let mut stationary = vec![1.0; self.n];
        for k in self.order().rev() {
            stationary[k] = self
                .sources(k)
                .map(|i| stationary[i] * self.row(i, k..k + 1)[0])
                .sum();
        }
        let total: f64 = stationary.iter().sum();
        stationary.iter_mut().for_each(|p| *p /= total);
        Ok(EliminatedChain {
            chain: self,
            exits,
            stationary,
        })
    }
}

/// A chain after elimination: its stationary distribution, and the factors of (I − P)⁻¹ on functions of mean 0.
#[derive(Debug, Clone)]
pub(crate) struct EliminatedChain {
    chain: BandedChain,
    /// Probability of leaving each state for one eliminated later.
    exits: Vec<f64>,
    pub(crate) stationary: Vec<f64>,
}

impl EliminatedChain {
    /// The function f with (I − P) f = g and mean 0, for g of mean 0 under the stationary distribution.
    fn potential(&self, g: &[f64]) -> Vec<f64> {
        let mut f = g.to_vec();
        for k in self.chain.order() {
            for i in self.chain.sources(k) {
                f[i] += self.chain.row(i, k..k + 1)[0] * f[k];
            }
        }
        f[self.chain.last] = 0.0;
        for k in self.chain.order().rev() {
            let targets = self.chain.targets(k);
            let known: f64 = self
                .chain
                .row(k, targets.clone())
                .iter()
                .zip(&f[targets])
                .map(|(p, x)| p * x)
                .sum();
            f[k] = (f[k] + known) / self.exits[k];
        }
        self.center(&mut f);
        f
    }

    /// Subtracts the mean under the stationary distribution.
    fn center(&self, f: &mut [f64]) {
        let mean = self.product(f, None);
        f.iter_mut().for_each(|x| *x -= mean);
    }

    /// E\[f g\] under the stationary distribution; E\[f\] without `g`.
    fn product(&self, f: &[f64], g: Option<&[f64]>) -> f64 {
        let weighted = self.stationary.iter().zip(f).map(|(p, x)| p * x);
        match g {
            Some(g) => weighted.zip(g).map(|(x, y)| x * y).sum(),
            None => weighted.sum(),
        }
    }

    /// 1 − λ for the eigenvalue λ ≠ 1 nearest to 1, by inverse iteration from `start`; relative error about 1e-9.
    ///
    /// Assumes that λ is real, as it is for nearly reversible chains.
    pub(crate) fn spectral_gap(&self, start: &[f64]) -> Result<f64, TheoryError> {
        let mut f = start.to_vec();
        self.center(&mut f);
        let mut last = 0.0;
        for _ in 0..500 {
            let norm = self.product(&f, Some(&f)).sqrt();
            f.iter_mut().for_each(|x| *x /= norm);
            let next = self.potential(&f);
            let inverse = self.product(&f, Some(&next));
            if (inverse - last).abs() <= 1e-10 * inverse.abs() {
                return Ok(1.0 / inverse);
            }
            last = inverse;
            f = next;
        }
        Err(TheoryError::NotConverged {
            what: "the second eigenvalue of the transition kernel",
        })
    }
}
