//! Two ensembles side by side: how far apart their distributions are.

use super::error::Error;
use super::options::Options;
use super::pipeline::{Computed, compute_problem};
use super::record::PointRecord;
use crate::compile::Problem;
use crate::diagnose::{energy_distance, holm, normal_p, wasserstein};
use crate::measure::{Estimate, Moments};
use crate::random::{Purpose, Stream};
use crate::report::{
    ComparedParameter, ComparedPoint, Difference, Distances, EnergyDistance, Side, Test,
};
use crate::spec::Experiment;
use indexmap::IndexMap;
use std::time::Instant;

/// Chains of each ensemble that enter the energy distance: the matrix of their distances takes 32 MiB.
const SAMPLE: u64 = 1024;

/// Random divisions of the joint sample that give the p-value of the energy distance.
const DIVISIONS: usize = 999;

/// Runs two experiments with the same parameters and measures how far apart their distributions are.
///
/// Learning rates are paired by position. If both have one seed, the second runs with the next, so that the ensembles
/// are independent.
///
/// # Errors
/// See [`Error`]; the two have different parameters, or different numbers of learning rates.
pub fn compare([first, second]: [Experiment; 2], options: &Options) -> Result<Distances, Error> {
    let seed = other_seed(first.ensemble.seed, second.ensemble.seed);
    let first = Problem::with_precision(first, options.precision)?;
    // Held-out examples follow from the experiment's own seed, so that equal files have equal training examples.
    let second = Problem::reseeded(second, seed, options.precision)?;
    check(&first, &second)?;
    let first = compute_problem(first, options, SAMPLE, Instant::now())?;
    let second = compute_problem(second, options, SAMPLE, Instant::now())?;
    Ok(distances(&first, &second))
}

/// The seed of the second ensemble: its own, or the next if both ensembles would draw the same numbers.
fn other_seed(first: u64, second: u64) -> u64 {
    if first == second {
        second.wrapping_add(1)
    } else {
        second
    }
}

fn check(first: &Problem, second: &Problem) -> Result<(), Error> {
    if first.names != second.names {
        return Err(Error::Mismatch(format!(
            "the experiments have different parameters, {} and {}: distances need the same names in the same order",
            first.names.join(", "),
            second.names.join(", ")
        )));
    }
    let (a, b) = (first.points.len(), second.points.len());
    if a != b {
        return Err(Error::Mismatch(format!(
            "the experiments have {a} and {b} learning rates: they are paired one by one"
        )));
    }
    Ok(())
}

fn distances(first: &Computed, second: &Computed) -> Distances {
    let mut points: Vec<ComparedPoint> = (0..first.records.len())
        .map(|index| point(first, second, index))
        .collect();
    // All tests of all learning rates are one family.
    let p: Vec<f64> = (points.iter())
        .flat_map(|point| point.tests.iter().map(|test| test.p))
        .collect();
    let tests = points.iter_mut().flat_map(|point| &mut point.tests);
    for (test, holm) in tests.zip(holm(&p)) {
        test.holm = holm;
    }
    Distances {
        etascope: env!("CARGO_PKG_VERSION").to_owned(),
        first: side(first),
        second: side(second),
        points,
    }
}

fn side(computed: &Computed) -> Side {
    let summary = &computed.results.summary;
    Side {
        name: summary.name.clone(),
        file: computed.problem.experiment.source.file_name().to_owned(),
        dynamics: summary.dynamics.clone(),
        backend: summary.backend.clone(),
        precision: summary.precision.clone(),
        seed: summary.seed,
        chains: summary.chains,
    }
}

fn point(first: &Computed, second: &Computed, index: usize) -> ComparedPoint {
    let records = [&first.records[index], &second.records[index]];
    let reports = [first, second].map(|side| &side.results.summary.points[index]);
    let loss = difference(reports.map(|report| report.loss));
    let parameters: IndexMap<_, _> = (first.problem.measured().iter().enumerate())
        .map(|(k, name)| (name.clone(), parameter([first, second], records, k)))
        .collect();
    let energy = energy(records, first, index);
    let mut tests = vec![test("loss", normal_p(loss.z))];
    for (name, parameter) in parameters.iter() {
        tests.push(test(&format!("mean of {name}"), normal_p(parameter.mean.z)));
        tests.push(test(
            &format!("variance of {name}"),
            normal_p(parameter.variance.z),
        ));
    }
    tests.extend(energy.map(|energy| test("energy distance", energy.p)));
    tests.retain(|test| !test.p.is_nan());
    ComparedPoint {
        eta: reports.map(|report| report.eta),
        dt: reports.map(|report| report.dt),
        diverged: reports.map(|report| report.diverged),
        converged: reports.map(|report| report.converged),
        loss,
        parameters,
        energy,
        tests,
    }
}

fn test(name: &str, p: f64) -> Test {
    Test {
        name: name.to_owned(),
        p,
        holm: p,
    }
}

fn difference([first, second]: [Estimate; 2]) -> Difference {
    Difference {
        first,
        second,
        z: second.minus(first).z_against(0.0),
    }
}

fn parameter(sides: [&Computed; 2], records: [&PointRecord; 2], k: usize) -> ComparedParameter {
    let moments = |side: usize| -> Moments {
        let output = sides[side].problem.outputs.parameters.start + k;
        records[side]
            .last()
            .get(output)
            .copied()
            .unwrap_or_default()
    };
    let both = [moments(0), moments(1)];
    let fine = [0, 1].map(|side| {
        (sides[side].problem.fine_histogram(k)).and_then(|at| records[side].histograms.get(at))
    });
    let wasserstein = match fine {
        [Some(a), Some(b)] if a.numbers() > 0 && b.numbers() > 0 => Some(wasserstein(a, b)),
        _ => None,
    };
    ComparedParameter {
        mean: difference(both.map(|moments| moments.mean_estimate())),
        variance: difference(both.map(|moments| moments.variance_estimate())),
        wasserstein: wasserstein.map(|w| w.distance),
        wasserstein_floor: wasserstein.map(|w| w.floor),
    }
}

/// Energy distance of the kept chains. Each parameter is divided by its standard deviation over both samples, so that
/// its unit does not matter.
fn energy(records: [&PointRecord; 2], first: &Computed, index: usize) -> Option<EnergyDistance> {
    let dimension = first.problem.task.parameters;
    let length = records[0].kept.len().min(records[1].kept.len());
    let mut samples = records.map(|record| record.kept[..length].to_vec());
    for k in 0..dimension {
        let both = samples.iter().flatten().skip(k).step_by(dimension);
        let sd = Moments::from_slice(&both.copied().collect::<Vec<f64>>()).sd();
        if sd > 0.0 {
            for sample in &mut samples {
                let mine = sample.iter_mut().skip(k).step_by(dimension);
                mine.for_each(|x| *x /= sd);
            }
        }
    }
    let stream = Stream::new(first.problem.experiment.ensemble.seed, Purpose::Bootstrap);
    let mut words = (0..).flat_map(|block| stream.block(block, index as u64));
    let mut random = || words.next().expect("blocks do not end");
    let [a, b] = &samples;
    let energy = energy_distance(a, b, dimension, DIVISIONS, &mut random);
    (!energy.p.is_nan()).then_some(EnergyDistance {
        distance: energy.distance,
        p: energy.p,
        sample: length / dimension,
    })
}
