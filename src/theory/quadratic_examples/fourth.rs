//! Contraction of the fourth moments of a random linear recursion.
//!
//! A symmetric tensor of order j is a homogeneous polynomial of degree j, and a matrix acts on it by substitution,
//! p(x) ↦ p(Hx). The recursion acts on quartics by p(x) ↦ E p((I − ηĤ)x), which is a polynomial in η. Its coefficients
//! follow from the moments S_j of the examples' H_i acting on degrees j = 1 … 4.

use super::packed::{index, pairs, size};
use nalgebra::DMatrix;
use std::collections::HashMap;

/// Maximum dimension; quartics then have 1,365 coefficients.
const MAX_DIMENSION: usize = 12;

/// Maximum number of operations of matrix products, and of products of polynomials: about ten seconds on one core each.
const MAX_WORK: [f64; 2] = [6e10, 1e10];

/// Examples per matrix product.
const BLOCK: usize = 512;

/// Means over the examples of the action of H_i on polynomials of degrees 1 to 4.
#[derive(Debug, Clone)]
pub(super) struct FourthMoments {
    d: usize,
    /// Column α of `moments[j − 1]` is the mean image of the monomial α of degree j.
    moments: [DMatrix<f64>; 4],
}

impl FourthMoments {
    /// Moments of all H_i, packed and concatenated; `None` if there are none or the work exceeds its limit.
    pub(super) fn new(d: usize, packed: &[f64]) -> Option<Self> {
        if packed.is_empty() || d > MAX_DIMENSION {
            return None;
        }
        let n = packed.len() / size(d);
        let degrees = Degrees::new(d);
        let roots = rank_one_roots(d, packed);
        let [.., cubics, quartics] = degrees.counts();
        let (work, limit) = match roots {
            Some(_) => (quartics * quartics, MAX_WORK[0]),
            None => (quartics * cubics * d, MAX_WORK[1]),
        };
        if n as f64 * work as f64 > limit {
            return None;
        }
        let sums = match roots {
            Some(roots) => rank_one_moments(&degrees, &roots),
            None => general_moments(&degrees, packed),
        };
        Some(Self {
            d,
            moments: sums.map(|sum| sum / n as f64),
        })
    }

    /// The sums by the rank-one and by the general method, for examples of rank one.
    #[cfg(test)]
    pub(super) fn both_ways(d: usize, packed: &[f64]) -> [[DMatrix<f64>; 4]; 2] {
        let degrees = Degrees::new(d);
        let roots = rank_one_roots(d, packed).expect("examples of rank one");
        [
            rank_one_moments(&degrees, &roots),
            general_moments(&degrees, packed),
        ]
    }

    /// True if the map on quartics contracts.
    ///
    /// With the rates moved into H (D^½HD^½), the map is symmetric in the basis of normalized monomials. It preserves the
    /// cone of fourth moments, so its spectral radius is its largest eigenvalue. So the map contracts if and only if
    /// (identity − map)/η is positive definite, which a Cholesky factorization decides.
    pub(super) fn contract(&self, eta: f64, rates: &[f64], batch: usize) -> bool {
        let degrees = Degrees::new(self.d);
        let of_batch = self.of_batch(&degrees, batch as f64);
        let quartics = degrees.counts()[3];
        let mut decrease = DMatrix::zeros(quartics, quartics);
        let terms = (1..).zip([4.0, 6.0, 4.0, 1.0]).zip(&of_batch);
        for ((j, binomial), moment) in terms {
            let moment = degrees.with_rates(moment, j, rates);
            let whole = if j < 4 {
                let rest = degrees.counts()[3 - j];
                degrees.product(&moment, j, &DMatrix::identity(rest, rest), 4 - j)
            } else {
                moment
            };
            let power = j as i32;
            decrease -= whole * (binomial * (-1.0_f64).powi(power) * eta.powi(power - 1));
        }
        degrees.in_normed_basis(&decrease).cholesky().is_some()
    }

    /// Moments of the mean of B independent H_i: a sum over the ways in which the j factors share examples.
    fn of_batch(&self, degrees: &Degrees, b: f64) -> [DMatrix<f64>; 4] {
        let [one, two, three, four] = &self.moments;
        let product = |u: &DMatrix<f64>, a, v: &DMatrix<f64>, c| degrees.product(u, a, v, c);
        let square = product(one, 1, one, 1);
        // Fractions of ordered choices of 2, 3 and 4 examples that are all different.
        let pair = (b - 1.0) / b;
        let triple = pair * (b - 2.0) / b;
        let quadruple = triple * (b - 3.0) / b;
        [
            one.clone(),
            two / b + &square * pair,
            three / (b * b)
                + product(two, 2, one, 1) * (3.0 * pair / b)
                + product(&square, 2, one, 1) * triple,
            four / (b * b * b)
                + (product(three, 3, one, 1) * 4.0 + product(two, 2, two, 2) * 3.0)
                    * (pair / (b * b))
                + product(two, 2, &square, 2) * (6.0 * triple / b)
                + product(&square, 2, &square, 2) * quadruple,
        ]
    }
}

/// The monomials of degrees 1 to 4 in d variables, as sorted lists of variables.
struct Degrees {
    d: usize,
    /// Monomials of degree j in `lists[j − 1]`.
    lists: [Vec<Vec<usize>>; 4],
    /// Index of each monomial in its list.
    indices: HashMap<Vec<usize>, usize>,
}

impl Degrees {
    fn new(d: usize) -> Self {
        let mut lists = [vec![], vec![], vec![], vec![]];
        lists[0] = (0..d).map(|k| vec![k]).collect();
        for j in 1..4 {
            lists[j] = lists[j - 1]
                .iter()
                .flat_map(|list| {
                    let last = list[list.len() - 1];
                    (last..d).map(move |k| [list.as_slice(), &[k]].concat())
                })
                .collect();
        }
        let indices = lists
            .iter()
            .flat_map(|lists| lists.iter().cloned().zip(0..))
            .collect();
        Self { d, lists, indices }
    }

    /// Numbers of monomials of degrees 1 to 4.
    fn counts(&self) -> [usize; 4] {
        [0, 1, 2, 3].map(|j| self.lists[j].len())
    }

    fn index_of(&self, mut list: Vec<usize>) -> usize {
        list.sort_unstable();
        self.indices[&list]
    }

    /// Index of the product of each monomial of degree a (rows) with each of degree b (columns).
    fn table(&self, a: usize, b: usize) -> DMatrix<usize> {
        let (left, right) = (&self.lists[a - 1], &self.lists[b - 1]);
        DMatrix::from_fn(left.len(), right.len(), |i, j| {
            self.index_of([left[i].as_slice(), &right[j]].concat())
        })
    }

    /// Symmetrized product of a map on degree a and a map on degree b.
    ///
    /// On x₁…x_{a+b}, it is the mean over the choices of a factors for the first map; the second map gets the rest.
    fn product(&self, u: &DMatrix<f64>, a: usize, v: &DMatrix<f64>, b: usize) -> DMatrix<f64> {
        let table = self.table(a, b);
        let monomials = &self.lists[a + b - 1];
        let choices: Vec<u32> = (0_u32..1 << (a + b))
            .filter(|set| set.count_ones() as usize == a)
            .collect();
        let mut all = DMatrix::zeros(monomials.len(), monomials.len());
        for (column, monomial) in monomials.iter().enumerate() {
            for set in &choices {
                let part = |inside: bool| -> Vec<usize> {
                    let chosen = (0..a + b).filter(|k| (set >> k & 1 == 1) == inside);
                    chosen.map(|k| monomial[k]).collect()
                };
                let left = u.column(self.indices[&part(true)]);
                let right = v.column(self.indices[&part(false)]);
                let mut image = all.column_mut(column);
                multiply(&table, left.as_slice(), right.as_slice(), |at, x| {
                    image[at] += x
                });
            }
        }
        all / choices.len() as f64
    }

    /// The map of D^½HD^½ from the map of H: a factor √r for each variable on both sides.
    fn with_rates(&self, map: &DMatrix<f64>, j: usize, rates: &[f64]) -> DMatrix<f64> {
        let of = |list: &Vec<usize>| list.iter().map(|&k| rates[k].sqrt()).product::<f64>();
        let root: Vec<f64> = self.lists[j - 1].iter().map(of).collect();
        DMatrix::from_fn(map.nrows(), map.ncols(), |i, k| {
            root[i] * map[(i, k)] * root[k]
        })
    }

    /// A map on quartics in the basis of monomials x^α divided by their norms √(α!/4!).
    ///
    /// In this basis, symmetric matrices act as symmetric maps; the average with the transpose removes rounding errors.
    fn in_normed_basis(&self, map: &DMatrix<f64>) -> DMatrix<f64> {
        let norms: Vec<f64> = self.lists[3]
            .iter()
            .map(|list| (1.0 / multinomial(list)).sqrt())
            .collect();
        let normed = DMatrix::from_fn(map.nrows(), map.ncols(), |i, k| {
            norms[i] * map[(i, k)] / norms[k]
        });
        (&normed + normed.transpose()) * 0.5
    }
}

/// j!/α!, the number of distinct orders of a sorted list.
fn multinomial(list: &[usize]) -> f64 {
    let mut orders = 1.0;
    let mut run = 0.0;
    for (k, variable) in list.iter().enumerate() {
        run = if k > 0 && list[k - 1] == *variable {
            run + 1.0
        } else {
            1.0
        };
        orders *= (k + 1) as f64 / run;
    }
    orders
}

/// The vectors a_i of H_i = a_ia_iᵀ, concatenated; `None` unless every H_i has this form.
fn rank_one_roots(d: usize, packed: &[f64]) -> Option<Vec<f64>> {
    let mut roots = Vec::with_capacity(packed.len() / size(d) * d);
    for hessian in packed.chunks(size(d)) {
        let steepest =
            (0..d).max_by(|&i, &j| hessian[index(i, i)].total_cmp(&hessian[index(j, j)]))?;
        let top = hessian[index(steepest, steepest)]
            .max(f64::MIN_POSITIVE)
            .sqrt();
        let root: Vec<f64> = (0..d).map(|k| hessian[index(k, steepest)] / top).collect();
        let largest = hessian.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let is_root = pairs(d)
            .zip(hessian)
            .all(|((i, j), h)| (h - root[i] * root[j]).abs() <= 1e-9 * largest);
        if !is_root {
            return None;
        }
        roots.extend(root);
    }
    Some(roots)
}

/// Sums over examples H = aaᵀ, which map the monomial x^α to a^α (aᵀx)^j.
fn rank_one_moments(degrees: &Degrees, roots: &[f64]) -> [DMatrix<f64>; 4] {
    let mut sums = degrees.counts().map(|count| DMatrix::zeros(count, count));
    for block in roots.chunks(BLOCK * degrees.d) {
        for (lists, sum) in degrees.lists.iter().zip(&mut sums) {
            let examples: Vec<&[f64]> = block.chunks(degrees.d).collect();
            let monomials = DMatrix::from_fn(lists.len(), examples.len(), |m, i| {
                lists[m].iter().map(|&k| examples[i][k]).product::<f64>()
            });
            sum.gemm(1.0, &monomials, &monomials.transpose(), 1.0);
        }
    }
    for (lists, sum) in degrees.lists.iter().zip(&mut sums) {
        for (mut row, list) in sum.row_iter_mut().zip(lists) {
            row *= multinomial(list);
        }
    }
    sums
}

/// Sums over examples with any H: the image of x_k…x_l is the product of the forms (Hx)_k…(Hx)_l.
fn general_moments(degrees: &Degrees, packed: &[f64]) -> [DMatrix<f64>; 4] {
    let d = degrees.d;
    let tables = [1, 2, 3].map(|j| degrees.table(j, 1));
    let mut sums = degrees.counts().map(|count| DMatrix::zeros(count, count));
    let mut images = sums.clone();
    for hessian in packed.chunks(size(d)) {
        images[0] = DMatrix::from_fn(d, d, |i, j| hessian[index(i, j)]);
        for j in 1..4 {
            let (lower, upper) = images.split_at_mut(j);
            upper[0].fill(0.0);
            for (list, mut image) in degrees.lists[j].iter().zip(upper[0].column_iter_mut()) {
                let rest = lower[j - 1].column(degrees.indices[&list[..j]]);
                let form = lower[0].column(list[j]);
                multiply(&tables[j - 1], rest.as_slice(), form.as_slice(), |at, x| {
                    image[at] += x
                });
            }
        }
        sums.iter_mut()
            .zip(&images)
            .for_each(|(sum, image)| *sum += image);
    }
    sums
}

/// Calls `add(index, product)` for every pair of coefficients of two polynomials.
fn multiply(table: &DMatrix<usize>, left: &[f64], right: &[f64], mut add: impl FnMut(usize, f64)) {
    for (j, &y) in right.iter().enumerate().filter(|(_, y)| **y != 0.0) {
        for (x, &at) in left.iter().zip(table.column(j).iter()) {
            add(at, x * y);
        }
    }
}
