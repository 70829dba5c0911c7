//! Runs an experiment with many seeds and counts.

use super::CoverageError;
use super::study::{Kind, Quantity, Study};
use crate::program::catalogue::COVERAGE;
use crate::report::{Distances, Summary};
use crate::run::{self, Error, Options};
use crate::spec::Backend;
use crate::spec::Experiment;
use crate::toml;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tests reject at this level.
pub(super) const LEVEL: f64 = 0.05;

/// What the runs of an experiment said of one quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Count {
    /// Runs that have the quantity.
    pub(super) runs: u64,
    /// Runs whose interval holds the exact value, or whose test rejects.
    pub(super) hits: u64,
    /// The exact value, of intervals; the same in all runs.
    pub(super) exact: Option<f64>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.hits += other.hits;
        self.exact = self.exact.or(other.exact);
    }

    /// What one run says. A p-value that could not be computed counts as a rejection.
    fn one<R>(kind: &Kind<R>, results: &R) -> Self {
        let (hit, exact) = match kind {
            Kind::Interval(of) => match of(results) {
                Some((estimate, exact)) => {
                    let [low, high] = estimate.interval95();
                    (Some((low..=high).contains(&exact)), Some(exact))
                }
                None => (None, None),
            },
            Kind::Null(of) | Kind::Power(of) => (
                of(results).map(|p| !matches!(p.partial_cmp(&LEVEL), Some(o) if o.is_ge())),
                None,
            ),
        };
        Self {
            runs: hit.is_some().into(),
            hits: hit.unwrap_or(false).into(),
            exact,
        }
    }
}

/// Runs an experiment with seeds that follow on that of its file, and counts for each of its quantities.
///
/// # Errors
/// A run fails, or the threads cannot be started.
pub(super) fn count(
    study: &Study<Summary>,
    root: &Path,
    seeds: u64,
) -> Result<Vec<Count>, CoverageError> {
    let experiment = read(study.name, root, &[])?;
    let options = Options::default().backend(Backend::Cpu);
    tally(study, seeds, &|number| {
        let mut experiment = experiment.clone();
        experiment.ensemble.seed += number;
        Ok(experiment.run(&options)?.summary)
    })
}

/// Chains of each of two ensembles that are compared: the cost of an energy distance grows with their square.
const COMPARED: &str = "128";

/// Compares two experiments, whose names `-versus-` joins, with seeds that follow on those of their files.
///
/// # Errors
/// As [`count`].
pub(super) fn count_compared(
    study: &Study<Distances>,
    root: &Path,
    seeds: u64,
) -> Result<Vec<Count>, CoverageError> {
    let (first, second) = (study.name.split_once("-versus-"))
        .expect("a study of two experiments has the names of both");
    let chains = [("ensemble.chains".to_owned(), COMPARED.to_owned())];
    let both = [read(first, root, &chains)?, read(second, root, &chains)?];
    let options = Options::default().backend(Backend::Cpu);
    tally(study, seeds, &|number| {
        let mut both = both.clone();
        // Where both begin with one seed, the second takes the next.
        for experiment in &mut both {
            experiment.ensemble.seed += 2 * number;
        }
        run::compare(both, &options)
    })
}

/// An experiment of the catalogue.
fn read(
    name: &str,
    root: &Path,
    settings: &[(String, String)],
) -> Result<Experiment, CoverageError> {
    let name = format!("{name}.toml");
    let path = COVERAGE.path(root, &name);
    let text = COVERAGE.text(&name);
    Ok(toml::parse(&path.display().to_string(), text, settings).map_err(Error::from)?)
}

/// Runs so many trials and counts.
fn tally<R>(
    study: &Study<R>,
    seeds: u64,
    run: &(dyn Fn(u64) -> Result<R, Error> + Sync),
) -> Result<Vec<Count>, CoverageError> {
    let trials = Trials {
        quantities: study.quantities,
        run,
        seeds,
        next: AtomicU64::new(0),
    };
    // An ensemble is too small to share, and a thread that waits for its part of one would begin another.
    let pools = (0..rayon::current_num_threads())
        .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
        .collect::<Result<Vec<ThreadPool>, _>>()?;
    let counts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (pools.iter())
            .map(|pool| scope.spawn(|| pool.install(|| trials.take())))
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread
                .join()
                .expect("no run panics on embedded experiments")
        };
        threads.into_iter().map(join).collect()
    });
    let mut all = vec![Count::default(); study.quantities.len()];
    for counts in counts {
        (all.iter_mut().zip(counts?)).for_each(|(a, b)| a.add(b));
    }
    Ok(all)
}

/// The runs of a study, of which each thread takes the next that nobody has taken.
struct Trials<'a, R: 'static> {
    quantities: &'static [Quantity<R>],
    /// The run of this number.
    run: &'a (dyn Fn(u64) -> Result<R, Error> + Sync),
    seeds: u64,
    next: AtomicU64,
}

impl<R> Trials<'_, R> {
    fn take(&self) -> Result<Vec<Count>, Error> {
        let mut counts = vec![Count::default(); self.quantities.len()];
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.seeds {
                return Ok(counts);
            }
            let results = (self.run)(number)?;
            for (count, quantity) in counts.iter_mut().zip(self.quantities) {
                count.add(Count::one(&quantity.kind, &results));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::rows;
    use super::super::study::{interval, null};
    use super::*;
    use crate::measure::Estimate;
    use crate::report::CoverageVerdict::{Fails, Holds};
    use tempfile::TempDir;

    /// Brownian motion with σ = 1: the variance of x is η t = 0.5.
    fn variance(summary: &Summary) -> Estimate {
        let x = summary.points[0].parameters.get("x");
        x.expect("a parameter").variance
    }

    const QUANTITIES: &[Quantity<Summary>] = &[
        interval("right", |s| Some((variance(s), 0.5))),
        interval("an error of half the size", |s| {
            let Estimate { mean, se } = variance(s);
            Some((Estimate::new(mean, se / 2.0), 0.5))
        }),
        // 0.05 is 2.3 standard errors at 1024 chains.
        interval("a value that is a tenth off", |s| Some((variance(s), 0.55))),
        null("a test that cannot reject", |_| Some(1.0)),
        null("a p-value that is none", |_| Some(f64::NAN)),
        null("absent", |_| None),
    ];

    #[test]
    fn wrong_errors_and_wrong_values_are_found_out() {
        let study = Study {
            name: "brownian",
            quantities: QUANTITIES,
        };
        let folder = TempDir::new().unwrap();
        let counts = count(&study, folder.path(), 400).unwrap();
        assert_eq!(counts[0].exact, Some(0.5));
        assert_eq!((counts[4].hits, counts[4].runs), (400, 400));
        assert_eq!((counts[5].hits, counts[5].runs), (0, 0));
        // Right intervals hold 0.95 ± 0.011 (the seeds are fixed); halved ones 0.67, of which 0.935 − 3 · 0.012 is far.
        let verdicts: Vec<_> = rows(&study, &counts)
            .iter()
            .map(|row| row.verdict)
            .collect();
        assert_eq!(verdicts, [Holds, Fails, Fails, Fails, Fails, Fails]);
    }
}
