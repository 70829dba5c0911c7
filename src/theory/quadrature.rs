//! Adaptive integration of several integrands at once.

use gauss_quad::legendre::GaussLegendre;
use std::num::NonZeroUsize;
use std::sync::OnceLock;

/// Number of nodes of the rule on each half of a piece; the whole piece is integrated by the same rule for comparison.
const DEGREE: NonZeroUsize = NonZeroUsize::new(15).expect("15 is not zero");

/// Maximum number of halvings of a piece, after which its width no longer matters.
const MAX_DEPTH: u32 = 40;

/// Nodes and weights on [−1, 1].
fn rule() -> &'static [(f64, f64)] {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    RULE.get_or_init(|| {
        let rule = GaussLegendre::new(DEGREE);
        rule.nodes().copied().zip(rule.weights().copied()).collect()
    })
}

/// Integrals over [a, b] by a single application of the rule.
fn once<const K: usize>(f: &impl Fn(f64) -> [f64; K], a: f64, b: f64) -> [f64; K] {
    let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
    let mut sums = [0.0; K];
    for (node, weight) in rule() {
        for (sum, value) in sums.iter_mut().zip(f(middle + half * node)) {
            *sum += weight * value;
        }
    }
    sums.map(|sum| sum * half)
}

/// Integrals of the K components of `f` over each piece between successive `breaks`, which must ascend.
///
/// Gauss–Legendre with 15 nodes on a piece is compared with the same rule on its halves. A piece is halved while they differ
/// by more than `relative` times the component's sum of |integral over a piece|. Use a `relative` of at least 1e-14.
/// A feature much narrower than a piece can be missed, so the breaks must show where the integrand varies.
#[must_use]
pub fn integrate_pieces<const K: usize>(
    f: impl Fn(f64) -> [f64; K],
    breaks: &[f64],
    relative: f64,
) -> Vec<[f64; K]> {
    let first: Vec<[f64; K]> = breaks.windows(2).map(|ab| once(&f, ab[0], ab[1])).collect();
    let mut tolerance = [f64::MIN_POSITIVE; K];
    for piece in &first {
        for (t, value) in tolerance.iter_mut().zip(piece) {
            *t += relative * value.abs();
        }
    }
    let refined =
        |(ab, whole): (&[f64], &[f64; K])| refine(&f, ab[0], ab[1], whole, &tolerance, MAX_DEPTH);
    breaks.windows(2).zip(&first).map(refined).collect()
}

/// Integrals of the K components of `f` from the first to the last of `breaks`; see [`integrate_pieces`].
#[must_use]
pub fn integrate<const K: usize>(
    f: impl Fn(f64) -> [f64; K],
    breaks: &[f64],
    relative: f64,
) -> [f64; K] {
    let mut sums = [0.0; K];
    for piece in integrate_pieces(f, breaks, relative) {
        for (sum, value) in sums.iter_mut().zip(piece) {
            *sum += value;
        }
    }
    sums
}

/// Integrals over [a, b], halved until they agree with `whole`, the integrals by a single rule.
fn refine<const K: usize>(
    f: &impl Fn(f64) -> [f64; K],
    a: f64,
    b: f64,
    whole: &[f64; K],
    tolerance: &[f64; K],
    depth: u32,
) -> [f64; K] {
    let middle = 0.5 * (a + b);
    let (left, right) = (once(f, a, middle), once(f, middle, b));
    let sums: [f64; K] = std::array::from_fn(|k| left[k] + right[k]);
    // The comparison is false for NaN, so that NaN ends the search and is returned.
    let unsettled = (0..K).any(|k| (sums[k] - whole[k]).abs() > tolerance[k]);
    if !unsettled || depth == 0 {
        return sums;
    }
    let left = refine(f, a, middle, &left, tolerance, depth - 1);
    let right = refine(f, middle, b, &right, tolerance, depth - 1);
    std::array::from_fn(|k| left[k] + right[k])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn smooth_narrow_and_kinked() {
        // The tolerance is 1e-14; dozens of pieces add their rounding errors.
        let [gauss, second] = integrate(
            |x| [(-x * x).exp(), x * x * (-x * x).exp()],
            &[-9.0, 0.0, 9.0],
            1e-14,
        );
        assert!(
            (gauss / PI.sqrt() - 1.0).abs() < 1e-13
                && (second * 2.0 / PI.sqrt() - 1.0).abs() < 1e-13
        );
        let width = 1e-2;
        let breaks = [-3.0, 0.29, 0.31, 3.0];
        let [narrow] = integrate(|x| [(-((x - 0.3) / width).powi(2)).exp()], &breaks, 1e-14);
        assert!((narrow / (width * PI.sqrt()) - 1.0).abs() < 1e-13);
        let [kink] = integrate(|x| [(x - 0.1).abs()], &[-1.0, 1.0], 1e-13);
        assert!((kink - 1.01).abs() < 1e-12, "{kink}");
        let [root] = integrate(|x: f64| [x.sqrt()], &[0.0, 1.0], 1e-13);
        assert!((root - 2.0 / 3.0).abs() < 1e-12, "{root}");
    }

    #[test]
    fn pieces_keep_their_order() {
        let pieces = integrate_pieces(|x| [x], &[0.0, 1.0, 3.0], 1e-14);
        // A polynomial of degree 1 is exact up to rounding.
        assert!((pieces[0][0] - 0.5).abs() < 1e-15 && (pieces[1][0] - 4.0).abs() < 1e-14);
    }

    #[test]
    fn not_a_number_comes_out() {
        assert!(integrate(|_| [f64::NAN], &[0.0, 1.0], 1e-12)[0].is_nan());
    }
}
