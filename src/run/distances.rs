//! Two ensembles side by side: how far apart their distributions are.

use super::{Computed, PointRecord, RunError, compute_problem, overrides};
use crate::compile::Problem;
use crate::diagnose::{energy_distance, holm, normal_p, wasserstein};
use crate::measure::{Estimate, Moments};
use crate::program::cli::{CompareArgs, RunArgs};
use crate::random::{Purpose, Stream};
use crate::report::{
    self, ComparedParameter, ComparedPoint, Difference, Distances, EnergyDistance, Side,
    Test,
};
use crate::spec::Experiment;
use crate::toml;
use indexmap::IndexMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Chains of each ensemble from which the energy distance is computed: the matrix of their distances is 32 MiB.
const SAMPLE: u64 = 1024;

/// Random divisions behind its p-value.
const DIVISIONS: usize = 999;

/// Runs two experiments with the same parameters and writes a folder with their differences.
///
/// # Errors
/// See [`RunError`]; the two have different parameters, or different numbers of learning rates.
pub fn compare(arguments: &CompareArgs) -> Result<(Distances, PathBuf), RunError> {
    let read = |file: &Path| toml::read(file, &overrides(&run_arguments(arguments, file)));
    let first = read(&arguments.first)?;
    let second = read(&arguments.second)?;
    let folder = arguments.out.clone().unwrap_or_else(|| {
        PathBuf::from("results").join(format!("{}-versus-{}", first.name, second.name))
    });
    report::check_folder(&folder, arguments.force)?;
    let distances = compare_experiments([first, second], arguments)?;
    report::write_distances(&folder, &distances, arguments.force)?;
    Ok((distances, folder))
}

/// Runs two experiments with the same parameters, as [`compare`] does, and writes nothing.
///
/// # Errors
/// See [`compare`].
pub fn compare_experiments(
    [first, second]: [Experiment; 2],
    arguments: &CompareArgs,
) -> Result<Distances, RunError> {
    let seed = other_seed(first.ensemble.seed, second.ensemble.seed);
    let precision = arguments.precision;
    let first = Problem::stored(first, precision)?;
    // Examples are held out as its own seed says, so that equal files have equal training examples.
    let second = Problem::reseeded(second, seed, precision)?;
    check(&first, &second)?;
    let computed = |problem: Problem, file: &Path| {
        compute_problem(
            problem,
            &run_arguments(arguments, file),
            SAMPLE,
            Instant::now(),
        )
    };
    let first = computed(first, &arguments.first)?;
    let second = computed(second, &arguments.second)?;
    Ok(distances(arguments, &first, &second))
}

/// The seed of the second ensemble: its own, unless both would draw the same numbers and not be independent.
fn other_seed(first: u64, second: u64) -> u64 {
    if first == second {
        second.wrapping_add(1)
    } else {
        second
    }
}

fn run_arguments(arguments: &CompareArgs, file: &Path) -> RunArgs {
    RunArgs {
        file: file.to_owned(),
        out: None,
        backend: arguments.backend,
        adapter: arguments.adapter.clone(),
        precision: arguments.precision,
        seed: None,
        chains: arguments.chains,
        settings: arguments.settings.clone(),
        force: false,
        quiet: arguments.quiet,
        json: false,
    }
}

fn check(first: &Problem, second: &Problem) -> Result<(), RunError> {
    if first.names != second.names {
        return Err(RunError::Mismatch(format!(
            "the experiments have different parameters, {} and {}: distances need the same names in the same order",
            first.names.join(", "),
            second.names.join(", ")
        )));
    }
    let (a, b) = (first.points.len(), second.points.len());
    if a != b {
        return Err(RunError::Mismatch(format!(
            "the experiments have {a} and {b} learning rates: they are paired one by one"
        )));
    }
    Ok(())
}

fn distances(arguments: &CompareArgs, first: &Computed, second: &Computed) -> Distances {
    let mut points: Vec<ComparedPoint> = (0..first.records.len())
        .map(|index| point(first, second, index))
        .collect();
    // One family: all tests of all learning rates.
    let p: Vec<f64> = (points.iter())
        .flat_map(|point| point.tests.iter().map(|test| test.p))
        .collect();
    let tests = points.iter_mut().flat_map(|point| &mut point.tests);
    for (test, holm) in tests.zip(holm(&p)) {
        test.holm = holm;
    }
    Distances {
        etascope: env!("CARGO_PKG_VERSION").to_owned(),
        first: side(&arguments.first, first),
        second: side(&arguments.second, second),
        points,
    }
}

fn side(file: &Path, computed: &Computed) -> Side {
    let summary = &computed.results.summary;
    Side {
        name: summary.name.clone(),
        file: file.display().to_string(),
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

/// Of the kept chains, every parameter in units of its standard deviation over both samples, so that units do not matter.
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
