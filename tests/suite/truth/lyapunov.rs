//! Quadratic losses in several dimensions: the full covariance matrix.

use super::verdict::{Comparisons, Verdict, ensure, holds_everywhere};
use etascope::compile::Problem;
use etascope::measure::{Comoments, Estimate};
use etascope::run::PointRecord;
use etascope::theory::quadratic_covariance;
use nalgebra::DMatrix;

/// Compares every entry of the covariance of nearly normal chains with `exact`: Var S_ij = (S_ii S_jj + S_ij²)/N.
fn compare(all: &mut Comparisons, what: &str, measured: &Comoments, exact: &DMatrix<f64>) {
    let covariance = measured.covariance();
    for i in 0..exact.nrows() {
        for j in i..exact.nrows() {
            let se = ((exact[(i, i)] * exact[(j, j)] + exact[(i, j)].powi(2))
                / measured.count as f64)
                .sqrt();
            all.add(
                format!("{what}: entry {i}, {j}"),
                Estimate::new(covariance[(i, j)], se),
                exact[(i, j)],
            );
        }
    }
}

/// The covariance after `steps` of x′ = A x + ξ, Cov ξ = Q, by the recursion itself.
fn recursion(a: &DMatrix<f64>, q: &DMatrix<f64>, start: &DMatrix<f64>, steps: u64) -> DMatrix<f64> {
    (0..steps).fold(start.clone(), |s, _| a * s * a.transpose() + q)
}

/// A matrix in the syntax of experiment files and formulas.
fn text(matrix: &DMatrix<f64>) -> String {
    let rows: Vec<String> = matrix
        .row_iter()
        .map(|row| format!("{:?}", row.iter().copied().collect::<Vec<_>>()))
        .collect();
    format!("[{}]", rows.join(", "))
}

/// A symmetric matrix without zero entries, with eigenvalues between 0.6 and about 2.2.
pub(super) fn hessian(d: usize) -> DMatrix<f64> {
    DMatrix::from_fn(d, d, |i, j| {
        let coupling = 0.2 * ((i * j + i + j) as f64).cos() / (1.0 + i.abs_diff(j) as f64);
        if i == j {
            0.9 + 1.0 * (i as f64 / d as f64)
        } else {
            coupling
        }
    })
}

/// A covariance with correlations of both signs.
pub(super) fn noise(d: usize) -> DMatrix<f64> {
    let factor = DMatrix::from_fn(d, d, |i, j| {
        if i == j {
            1.0
        } else {
            0.3 * ((3 * i + 5 * j) as f64).sin()
        }
    });
    let product = &factor * factor.transpose();
    // Experiment files require symmetry to the last bit.
    DMatrix::from_fn(d, d, |i, j| product[(i.min(j), i.max(j))])
}

#[test]
fn sgd_has_its_lyapunov_covariance_in_eight_dimensions() {
    const D: usize = 8;
    const STEPS: u64 = 128;
    let (h, c) = (hessian(D), noise(D));
    let eigenvalues = h.clone().symmetric_eigen().eigenvalues;
    let (least, greatest) = (eigenvalues.min(), eigenvalues.max());
    assert!(
        least > 0.5 && greatest < 3.0,
        "well conditioned: {least} to {greatest}"
    );
    let etas = [0.01, 0.1, 1.0 / greatest, 1.9 / greatest];
    let text = format!(
        "[parameters]\nw = {{ shape = [{D}], start = \"normal(0, 0.5)\" }}\n[loss]\nformula = \"0.5 * dot(w, {} @ w)\"\n\
         [noise]\ncovariance = {}\n[dynamics]\nkind = \"sgd\"\neta = {etas:?}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = {STEPS} }}\nseed = 61\n[measure]\ntrace = 1\n",
        text(&h),
        text(&c),
    );
    let identity = DMatrix::<f64>::identity(D, D);
    holds_everywhere(&text, |_, records| {
        let mut all = Comparisons::default();
        for (record, eta) in records.iter().zip(etas) {
            let measured = record.covariance.as_ref().ok_or("no covariance")?;
            let now = recursion(
                &(&identity - &h * eta),
                &(&c * (eta * eta)),
                &(&identity * 0.25),
                STEPS,
            );
            compare(&mut all, &format!("eta {eta}"), measured, &now);
            let stationary = quadratic_covariance(&h, &c, &[1.0; D], eta, eta)
                .map_err(|error| error.to_string())?;
            // At η = 0.01, 128 steps are too few. Elsewhere at most 0.945^256 = 5e-7 of the initial deviation remains.
            let distance = (&now - &stationary).amax() / stationary.amax();
            assert_eq!(
                distance < 1e-4,
                eta > 0.05,
                "stationary where it should be: {distance} at {eta}"
            );
        }
        all.verdict()?;
        power(
            &h,
            &c,
            etas[2],
            records[2].covariance.as_ref().ok_or("no covariance")?,
        )
    });
}

/// The covariance of continuous time must be rejected at η = 1/λ.
fn power(h: &DMatrix<f64>, c: &DMatrix<f64>, eta: f64, measured: &Comoments) -> Verdict {
    let continuous =
        quadratic_covariance(h, c, &[1.0; 8], eta, 1e-7).map_err(|error| error.to_string())?;
    let mut all = Comparisons::default();
    compare(&mut all, "continuous time", measured, &continuous);
    ensure(all.verdict().is_err(), || {
        "the covariance of continuous time passes too".to_owned()
    })
}

pub(super) const RATES: [f64; 3] = [1.0, 0.5, 2.0];

/// Langevin in three dimensions with coupled loss, correlated noise and a rate for each parameter.
pub(crate) fn langevin() -> String {
    format!(
        "[parameters]\nw = {{ shape = [3], start = \"normal(0, 0.4)\" }}\n[loss]\nformula = \"0.5 * dot(w, {} @ w)\"\n\
         [noise]\ncovariance = {}\n[dynamics]\nkind = \"langevin\"\neta = 0.3\ndt = 0.1\nrates = {{ w = {RATES:?} }}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = 200 }}\nseed = 62\n[measure]\ntrace = 1\n",
        text(&hessian(3)),
        text(&noise(3)),
    )
}

/// Checks covariance and loss. 0.96^400 of the initial deviation remains.
pub(crate) fn langevin_verdict(problem: &Problem, records: &[PointRecord]) -> Verdict {
    let h = hessian(3);
    let exact =
        quadratic_covariance(&h, &noise(3), &RATES, 0.3, 0.1).map_err(|error| error.to_string())?;
    let measured = records[0].covariance.as_ref().ok_or("no covariance")?;
    let mut all = Comparisons::default();
    compare(&mut all, "langevin", measured, &exact);
    let loss = records[0].last()[problem.outputs.loss].mean_estimate();
    all.add("loss", loss, 0.5 * h.component_mul(&exact).sum());
    all.verdict()
}

#[test]
fn langevin_with_rates_has_its_lyapunov_covariance() {
    holds_everywhere(&langevin(), langevin_verdict);
}
