//! Runs an experiment with many seeds and counts coverage and rejections.

use super::error::CoverageError;
use super::study::{Criterion, Quantity, Study};
use crate::program::catalogue::COVERAGE;
use crate::report::{Distances, Summary};
use crate::run::{self, Error, Options};
use crate::spec::Backend;
use crate::spec::Experiment;
use crate::toml;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Significance level of all tests.
pub(super) const LEVEL: f64 = 0.05;

/// Count of one quantity over the runs of a study.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Count {
    /// Runs that have the quantity.
    pub(super) runs: u64,
    /// Runs whose interval contains the exact value, or whose test rejects.
    pub(super) hits: u64,
    /// Exact value of an interval; the same in all runs.
    pub(super) exact: Option<f64>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.hits += other.hits;
        self.exact = self.exact.or(other.exact);
    }

    /// Count of a single run. A p-value that could not be computed counts as a rejection.
    fn one<R>(criterion: &Criterion<R>, results: &R) -> Self {
        let (hit, exact) = match criterion {
            Criterion::Interval(of) => match of(results) {
                Some((estimate, exact)) => {
                    let [low, high] = estimate.interval95();
                    (Some((low..=high).contains(&exact)), Some(exact))
                }
                None => (None, None),
            },
            Criterion::Null(of) | Criterion::Power(of) => (
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

/// Runs an experiment with consecutive seeds, starting from that of its file, and counts each of
/// its quantities.
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
    count_hits(study, seeds, &|number| {
        let mut experiment = experiment.clone();
        experiment.ensemble.seed += number;
        Ok(experiment.run(&options)?.summary)
    })
}

/// Chains of each of two compared ensembles. The cost of the energy distance grows with the square
/// of their number.
const COMPARED: &str = "128";

/// Compares two experiments, whose names are joined by `-versus-`, with consecutive seeds starting
/// from those of their files.
///
/// # Errors
/// As [`count`].
pub(super) fn count_compared(
    study: &Study<Distances>,
    root: &Path,
    seeds: u64,
) -> Result<Vec<Count>, CoverageError> {
    let (first, second) = (study.name.split_once("-versus-"))
        .expect("the name of a comparison joins two names by -versus-");
    let chains = [("ensemble.chains".to_owned(), COMPARED.to_owned())];
    let both = [read(first, root, &chains)?, read(second, root, &chains)?];
    let options = Options::default().backend(Backend::Cpu);
    count_hits(study, seeds, &|number| {
        let mut both = both.clone();
        // Seeds advance by two: if both files have the same seed, the second experiment uses the
        // next one.
        for experiment in &mut both {
            experiment.ensemble.seed += 2 * number;
        }
        run::compare(both, &options)
    })
}

/// Reads an experiment of the catalog.
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

/// Runs the study with `seeds` seeds on all threads and adds up the counts.
fn count_hits<R>(
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
    // Each run has a pool of one thread. An ensemble is too small to share, and a thread that waits
    // in a shared pool would start another run.
    let pools = (0..rayon::current_num_threads())
        .map(|_| ThreadPoolBuilder::new().num_threads(1).build())
        .collect::<Result<Vec<ThreadPool>, _>>()?;
    let counts: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (pools.iter())
            .map(|pool| scope.spawn(|| pool.install(|| trials.run_all())))
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

/// Runs of a study. Each thread takes the next run that no other thread has taken.
struct Trials<'a, R: 'static> {
    quantities: &'static [Quantity<R>],
    /// Performs the run with the given number.
    run: &'a (dyn Fn(u64) -> Result<R, Error> + Sync),
    seeds: u64,
    next: AtomicU64,
}

impl<R> Trials<'_, R> {
    fn run_all(&self) -> Result<Vec<Count>, Error> {
        let mut counts = vec![Count::default(); self.quantities.len()];
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.seeds {
                return Ok(counts);
            }
            let results = (self.run)(number)?;
            for (count, quantity) in counts.iter_mut().zip(self.quantities) {
                count.add(Count::one(&quantity.criterion, &results));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::study::{interval, null};
    use super::super::verdict::rows;
    use super::*;
    use crate::measure::Estimate;
    use crate::program::output::CoverageVerdict::{Fails, Holds};
    use tempfile::TempDir;

    /// Brownian motion with σ = 1: the variance of x is η t = 0.5.
    fn variance(summary: &Summary) -> Estimate {
        let x = summary.points[0].parameters.get("x");
        x.expect("a parameter").variance
    }

    const QUANTITIES: &[Quantity<Summary>] = &[
        interval("correct", |s| Some((variance(s), 0.5))),
        interval("a standard error that is half the correct one", |s| {
            let Estimate { mean, se } = variance(s);
            Some((Estimate::new(mean, se / 2.0), 0.5))
        }),
        // The difference 0.05 is 2.3 standard errors for 1024 chains.
        interval("an exact value that is wrong by a tenth", |s| {
            Some((variance(s), 0.55))
        }),
        null("a test that cannot reject", |_| Some(1.0)),
        null("a p-value that is NaN", |_| Some(f64::NAN)),
        null("absent", |_| None),
    ];

    #[test]
    fn wrong_errors_and_wrong_values_fail() {
        let study = Study {
            name: "brownian",
            quantities: QUANTITIES,
        };
        let folder = TempDir::new().unwrap();
        let counts = count(&study, folder.path(), 400).unwrap();
        assert_eq!(counts[0].exact, Some(0.5));
        assert_eq!((counts[4].hits, counts[4].runs), (400, 400));
        assert_eq!((counts[5].hits, counts[5].runs), (0, 0));
        // Correct intervals contain the value in a share of 0.95 ± 0.011 of all runs (the seeds are
        // fixed); halved ones in 0.67, far below 0.935 − 3 · 0.012.
        let verdicts: Vec<_> = rows(&study, &counts)
            .iter()
            .map(|row| row.verdict)
            .collect();
        assert_eq!(verdicts, [Holds, Fails, Fails, Fails, Fails, Fails]);
    }
}
