//! Stages of sums and counts, checked against the values that the engine itself observed.

use super::check::{Check, Stage};
use super::models::problem;
use super::rounding::FloatModel;
use super::subject::{Subject, worse};
use crate::compile::Outputs;
use crate::engine::{AtPoint, Bins, Engine, EngineError, HistogramRequest, Task};
use crate::measure::{Axis, Comoments, Histogram, Moments};

/// Chains: several blocks and an incomplete last row.
const CHAINS: u32 = 40_000;

/// Checks the moments of every output and the covariance against sums in f64.
pub(super) fn moments<P: FloatModel>(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let (task, _) = task();
    let mut engine = subject.engine(&task)?;
    let values = engine.values()?;
    let outputs = task.observe.output_count();
    let mut deviation = 0.0;
    for observation in engine.observe()? {
        for (output, found) in observation.moments().iter().enumerate() {
            let column: Vec<f64> = values
                .iter()
                .skip(output)
                .step_by(outputs)
                .copied()
                .collect();
            deviation = worse(
                deviation,
                relative_deviation(found, &Moments::from_slice(&column)),
            );
        }
    }
    let covariance = covariance(engine.as_mut(), task.parameters)?;
    let note =
        "relative to n·sdᵖ; the device sums at most 128 terms, each rounded by at most one ulp";
    let bound = 128.0 * P::ULP;
    let check = |what, deviation| subject.check(Stage::Moments, what, deviation, bound, note);
    Ok(vec![
        check("moments of every output against f64", deviation),
        check("covariance against f64", covariance),
    ])
}

/// Largest relative deviation of count, mean, extremes and central sums.
fn relative_deviation(found: &Moments, exact: &Moments) -> f64 {
    if found.count != exact.count {
        return f64::INFINITY;
    }
    let n = exact.count as f64;
    let sd = (exact.m2 / n).sqrt();
    // Extremes are values and differ only by the rounding of another shader's arithmetic.
    let size = sd + exact.mean.abs();
    let differences = [
        (found.mean - exact.mean) / size,
        (found.min - exact.min) / size,
        (found.max - exact.max) / size,
        (found.m2 - exact.m2) / exact.m2,
        (found.m3 - exact.m3) / (n * sd.powi(3)),
        (found.m4 - exact.m4) / exact.m4,
    ];
    differences.into_iter().map(f64::abs).fold(0.0, worse)
}

fn covariance(engine: &mut dyn Engine, parameters: usize) -> Result<f64, EngineError> {
    let states = engine.states()?;
    let column =
        |k: usize| -> Vec<f64> { states.iter().skip(k).step_by(parameters).copied().collect() };
    let columns: Vec<Vec<f64>> = (0..parameters).map(column).collect();
    let exact = Comoments::from_columns(&columns).covariance();
    let mut deviation = 0.0;
    for AtPoint { value: blocks, .. } in engine.covariance()? {
        let mut found = Comoments::new(parameters);
        blocks.iter().for_each(|block| found.merge(block));
        let found = found.covariance();
        for i in 0..parameters {
            for j in 0..parameters {
                let size = (exact[(i, i)] * exact[(j, j)]).sqrt();
                deviation = worse(deviation, (found[(i, j)] - exact[(i, j)]).abs() / size);
            }
        }
    }
    Ok(deviation)
}

/// Checks counts in one and two dimensions. Only values at an edge of a bin may fall on either
/// side.
pub(super) fn histograms<P: FloatModel>(subject: &Subject<'_>) -> Result<Vec<Check>, EngineError> {
    let (mut task, outputs) = task();
    let [x, y] = [outputs.parameters.start, outputs.parameters.start + 1];
    task.histograms = vec![
        HistogramRequest {
            outputs: vec![x],
            bins: vec![64],
        },
        HistogramRequest {
            outputs: vec![x, y],
            bins: vec![16, 16],
        },
    ];
    let axis = |from, to, bins| Axis::new(from, to, bins).expect("a range of ordinary numbers");
    // The range is narrower than the spread, so that chains lie beyond both ends.
    let bins: Vec<Bins> = vec![
        vec![axis(2.0, 4.3, 64)],
        vec![axis(2.0, 4.3, 16), axis(-1.0, 0.7, 16)],
    ];
    let mut engine = subject.engine(&task)?;
    let values = engine.values()?;
    let mut misplaced = 0.0;
    for AtPoint { value: found, .. } in engine.histograms(std::slice::from_ref(&bins))? {
        for ((found, request), axes) in found.iter().zip(&task.histograms).zip(&bins) {
            let points: Vec<Vec<f64>> = (values.chunks(task.observe.output_count()))
                .map(|values| {
                    request
                        .outputs
                        .iter()
                        .map(|&output| values[output])
                        .collect()
                })
                .collect();
            misplaced = worse(misplaced, beyond_edges::<P>(found, axes, &points));
        }
    }
    let what = format!("{CHAINS} chains in 64 and 16 × 16 bins: number misplaced");
    let note = "counts are exact; a value within rounding of an edge may fall on either side";
    Ok(vec![subject.check(
        Stage::Histogram,
        &what,
        misplaced,
        0.0,
        note,
    )])
}

/// Sum over the bins of the amount by which a count is outside its possible range.
fn beyond_edges<P: FloatModel>(found: &Histogram, axes: &Bins, points: &[Vec<f64>]) -> f64 {
    // Each point is moved by the rounding of its position in both directions on every axis, which
    // gives all bins into which it may fall.
    let (mut sure, mut possible) = (Histogram::new(axes.clone()), Histogram::new(axes.clone()));
    for point in points {
        let mut corners: Vec<Vec<f64>> = vec![Vec::new()];
        for (axis, &value) in axes.iter().zip(point) {
            let error = rounding::<P>(axis);
            corners = (corners.iter())
                .flat_map(|corner| {
                    [value - error, value + error].map(|end| [&corner[..], &[end]].concat())
                })
                .collect();
        }
        let mut candidates: Vec<Histogram> = Vec::new();
        for corner in &corners {
            let mut one = Histogram::new(axes.clone());
            let bins_of_corner: Vec<_> = axes
                .iter()
                .zip(corner)
                .map(|(axis, &value)| axis.bin(value))
                .collect();
            one.count(&bins_of_corner);
            if !candidates.contains(&one) {
                candidates.push(one);
            }
        }
        if let [only] = &candidates[..] {
            sure.merge(only);
        }
        for candidate in &candidates {
            possible.merge(candidate);
        }
    }
    let all = |h: &Histogram| {
        let rest = [h.below, h.above, h.outside, h.nan];
        h.counts.iter().copied().chain(rest).collect::<Vec<u64>>()
    };
    (all(found).into_iter().zip(all(&sure)).zip(all(&possible)))
        .map(|((found, least), most)| {
            (least.saturating_sub(found) + found.saturating_sub(most)) as f64
        })
        .sum()
}

/// Largest change of a value by the rounding of its position: three operations, each rounded to
/// either neighbor (see [`Axis::edge`]).
fn rounding<P: FloatModel>(axis: &Axis) -> f64 {
    let greatest = axis.from.abs().max(axis.to.abs()).max(axis.to - axis.from);
    3.0 * P::ULP * greatest
}

/// Task with two parameters whose means are far from zero, measured at their start.
fn task() -> (Task, Outputs) {
    let start = "x = { start = \"normal(3, 0.5)\" }\ny = { start = \"uniform(-1, 1)\" }";
    let problem = problem(
        start,
        "x^2 * y^2 + x + y^2",
        "kind = \"sgd\"\neta = 0.1",
        "sigma = 1.0",
        CHAINS,
        1,
    );
    (problem.task, problem.outputs)
}
