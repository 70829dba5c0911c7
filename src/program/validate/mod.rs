//! Check by check from random bits to distributions: the CPU against exact truth, a GPU against the same.
//!
//! The stages form a ladder. Each compiles its own shaders and takes everything below it from what the engine itself
//! delivered (a step is checked with the noise that the device drew, sums with the values that the device observed), so
//! that a broken check fails alone and says where the fault is.

mod distribution;
mod integers;
mod models;
mod programs;
mod reductions;
mod rounding;
mod steps;

#[cfg(feature = "gpu")]
use crate::engine::gpu::{Entry, Gpu, OpenDevice, Tuning};
use crate::engine::{Cpu, Engine, EngineError, Task};
use crate::plan::Tile;
#[cfg(feature = "gpu")]
use crate::spec::Precision;
use rounding::FloatModel;

/// A stage of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Words of the generator.
    Bits,
    /// Words to uniforms.
    Uniforms,
    /// Words to normals.
    Normals,
    /// Operations, losses and their gradients.
    Gradient,
    /// One step from random states.
    OneStep,
    /// A hundred steps of a contracting problem.
    HundredSteps,
    /// Sums over chains.
    Moments,
    /// Counts of chains.
    Histogram,
    /// The stationary law.
    Distribution,
}

impl Stage {
    /// All stages, from the bottom.
    pub const ALL: [Self; 9] = [
        Self::Bits,
        Self::Uniforms,
        Self::Normals,
        Self::Gradient,
        Self::OneStep,
        Self::HundredSteps,
        Self::Moments,
        Self::Histogram,
        Self::Distribution,
    ];

    /// Whether it is another matter in another precision.
    fn is_of_floats(self) -> bool {
        !matches!(self, Self::Bits | Self::Uniforms | Self::Normals)
    }

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bits => "bits",
            Self::Uniforms => "uniforms",
            Self::Normals => "normals",
            Self::Gradient => "gradient",
            Self::OneStep => "one step",
            Self::HundredSteps => "100 steps",
            Self::Moments => "moments",
            Self::Histogram => "histogram",
            Self::Distribution => "distribution",
        }
    }
}

/// One comparison and its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The stage that it belongs to.
    pub stage: Stage,
    /// What was compared with what.
    pub what: String,
    /// "cpu f32", "cpu f64", "gpu" or "gpu f64".
    pub backend: &'static str,
    /// The largest deviation found.
    pub deviation: f64,
    /// The largest that is allowed.
    pub bound: f64,
    /// Whether it holds.
    pub passed: bool,
    /// Why the bound is what it is.
    pub note: String,
}

/// A shader broken on purpose: a test that every stage can fail, and fails alone.
#[cfg(feature = "gpu")]
#[derive(Debug, Clone, Copy)]
pub struct BrokenVariant {
    /// The stage whose shaders are broken; `None` breaks those of all stages.
    pub stage: Option<Stage>,
    /// What becomes of the source of each entry point.
    pub alter: fn(Entry, String) -> String,
}

/// Checks the CPU engine in both precisions against exact truth. Takes a few seconds.
///
/// # Errors
/// The engine's; the CPU has none.
pub fn cpu() -> Result<Vec<Check>, EngineError> {
    let single = Subject::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
    let double = Subject::new("cpu f64", |task| Ok(Box::new(Cpu::<f64>::new(task))));
    let mut checks = integers::known_answers();
    for stage in Stage::ALL {
        checks.extend(run_stage::<f32>(stage, &single)?);
        // Integers are the same code in both precisions.
        if stage.is_of_floats() {
            checks.extend(run_stage::<f64>(stage, &double)?);
        }
    }
    checks.extend(programs::finite_differences());
    checks.sort_by_key(|check| check.stage as usize);
    Ok(checks)
}

/// Checks a device against the CPU's integers and exact truth, in double precision too where it has that. Takes a few seconds
/// on a software rasteriser.
///
/// # Errors
/// Where the device fails; a check that does not hold is no error but a verdict.
#[cfg(feature = "gpu")]
pub fn gpu(open: &OpenDevice, broken: Option<BrokenVariant>) -> Result<Vec<Check>, EngineError> {
    let mut checks = Vec::new();
    for stage in Stage::ALL {
        let mut tuning = Tuning::default();
        if let Some(broken) =
            broken.filter(|broken| broken.stage.is_none_or(|broken| broken == stage))
        {
            tuning.alter = broken.alter;
        }
        let single = Subject::new("gpu", |task| {
            Ok(Box::new(Gpu::with(task, open.clone(), tuning.clone())?))
        });
        checks.extend(run_stage::<f32>(stage, &single)?);
        let double = Subject::new("gpu f64", |mut task: Task| {
            task.precision = Precision::F64;
            Ok(Box::new(Gpu::with(task, open.clone(), tuning.clone())?))
        });
        if open.report.doubles && stage.is_of_floats() {
            checks.extend(run_stage::<f64>(stage, &double)?);
        }
    }
    Ok(checks)
}

fn run_stage<P: FloatModel>(
    stage: Stage,
    subject: &Subject<'_>,
) -> Result<Vec<Check>, EngineError> {
    match stage {
        Stage::Bits => integers::bits(subject),
        Stage::Uniforms => integers::uniforms(subject),
        Stage::Normals => integers::normals(subject),
        Stage::Gradient => Ok(vec![
            programs::operations::<P>(subject)?,
            programs::gradients::<P>(subject)?,
        ]),
        Stage::OneStep => steps::one::<P>(subject),
        Stage::HundredSteps => steps::hundred::<P>(subject),
        Stage::Moments => reductions::moments::<P>(subject),
        Stage::Histogram => reductions::histograms::<P>(subject),
        Stage::Distribution => distribution::stationary(subject),
    }
}

type Make<'a> = dyn Fn(Task) -> Result<Box<dyn Engine>, EngineError> + 'a;

/// What is validated: a name and how to make its engines.
struct Subject<'a> {
    backend: &'static str,
    make: Box<Make<'a>>,
}

impl<'a> Subject<'a> {
    fn new(
        backend: &'static str,
        make: impl Fn(Task) -> Result<Box<dyn Engine>, EngineError> + 'a,
    ) -> Self {
        Self {
            backend,
            make: Box::new(make),
        }
    }

    /// An engine with the whole ensemble of a task at its start.
    fn engine(&self, task: &Task) -> Result<Box<dyn Engine>, EngineError> {
        let mut engine = (self.make)(task.clone())?;
        engine.init_tile(Tile {
            first_block: 0,
            blocks: task.layout.blocks(),
        })?;
        Ok(engine)
    }

    fn check(&self, stage: Stage, what: &str, deviation: f64, bound: f64, note: &str) -> Check {
        Check {
            stage,
            what: what.to_owned(),
            backend: self.backend,
            deviation,
            bound,
            // NaN fails.
            passed: deviation <= bound,
            note: note.to_owned(),
        }
    }
}

/// The larger of two deviations, where NaN is larger than everything: a deviation must not vanish.
fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::INFINITY
    } else {
        a.max(b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What double precision is held to, single precision does not keep. Not so sums, which the CPU takes in double precision
    /// anyway, counts in bins, of which one in a million differs, and the stationary law, which is that of any precision.
    #[test]
    fn single_precision_fails_the_rungs_of_double() {
        let single = Subject::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
        for stage in [Stage::Gradient, Stage::OneStep, Stage::HundredSteps] {
            for check in run_stage::<f64>(stage, &single).expect("the CPU does not fail") {
                assert!(!check.passed, "{}: {:e}", check.what, check.deviation);
            }
        }
    }
}
