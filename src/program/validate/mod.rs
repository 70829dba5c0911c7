//! Stage by stage from random bits to distributions: the CPU against exact truth, a GPU against the same.
//!
//! The rungs form a ladder. Each compiles its own shaders and takes everything below it from what the engine itself
//! delivered (a step is checked with the noise that the device drew, sums with the values that the device observed), so
//! that a broken stage fails alone and says where the fault is.

mod distribution;
mod integers;
mod models;
mod programs;
mod reductions;
mod steps;
mod tracked;

#[cfg(feature = "gpu")]
use crate::engine::gpu::{Entry, Gpu, OpenDevice, Tuning};
use crate::engine::{Cpu, Engine, EngineError, Task};
use crate::plan::Tile;
#[cfg(feature = "gpu")]
use crate::spec::Precision;
use tracked::FloatModel;

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
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

impl Rung {
    /// All rungs, from the bottom.
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
pub struct Stage {
    /// The rung that it belongs to.
    pub rung: Rung,
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

/// A shader broken on purpose: a test that every rung can fail, and fails alone.
#[cfg(feature = "gpu")]
#[derive(Debug, Clone, Copy)]
pub struct Sabotage {
    /// The rung whose shaders are broken; `None` breaks those of all rungs.
    pub rung: Option<Rung>,
    /// What becomes of the source of each entry point.
    pub alter: fn(Entry, String) -> String,
}

/// Checks the CPU engine in both precisions against exact truth. Takes a few seconds.
///
/// # Errors
/// The engine's; the CPU has none.
pub fn cpu() -> Result<Vec<Stage>, EngineError> {
    let single = Bench::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
    let double = Bench::new("cpu f64", |task| Ok(Box::new(Cpu::<f64>::new(task))));
    let mut stages = integers::known_answers();
    for rung in Rung::ALL {
        stages.extend(climb::<f32>(rung, &single)?);
        // Integers are the same code in both precisions.
        if rung.is_of_floats() {
            stages.extend(climb::<f64>(rung, &double)?);
        }
    }
    stages.extend(programs::finite_differences());
    stages.sort_by_key(|stage| stage.rung as usize);
    Ok(stages)
}

/// Checks a device against the CPU's integers and exact truth, in double precision too where it has that. Takes a few seconds
/// on a software rasteriser.
///
/// # Errors
/// Where the device fails; a stage that does not hold is no error but a verdict.
#[cfg(feature = "gpu")]
pub fn gpu(open: &OpenDevice, sabotage: Option<Sabotage>) -> Result<Vec<Stage>, EngineError> {
    let mut stages = Vec::new();
    for rung in Rung::ALL {
        let mut tuning = Tuning::default();
        if let Some(sabotage) =
            sabotage.filter(|sabotage| sabotage.rung.is_none_or(|broken| broken == rung))
        {
            tuning.alter = sabotage.alter;
        }
        let single = Bench::new("gpu", |task| {
            Ok(Box::new(Gpu::with(task, open.clone(), tuning.clone())?))
        });
        stages.extend(climb::<f32>(rung, &single)?);
        let double = Bench::new("gpu f64", |mut task: Task| {
            task.precision = Precision::F64;
            Ok(Box::new(Gpu::with(task, open.clone(), tuning.clone())?))
        });
        if open.report.doubles && rung.is_of_floats() {
            stages.extend(climb::<f64>(rung, &double)?);
        }
    }
    Ok(stages)
}

fn climb<P: FloatModel>(rung: Rung, bench: &Bench<'_>) -> Result<Vec<Stage>, EngineError> {
    match rung {
        Rung::Bits => integers::bits(bench),
        Rung::Uniforms => integers::uniforms(bench),
        Rung::Normals => integers::normals(bench),
        Rung::Gradient => Ok(vec![
            programs::operations::<P>(bench)?,
            programs::gradients::<P>(bench)?,
        ]),
        Rung::OneStep => steps::one::<P>(bench),
        Rung::HundredSteps => steps::hundred::<P>(bench),
        Rung::Moments => reductions::moments::<P>(bench),
        Rung::Histogram => reductions::histograms::<P>(bench),
        Rung::Distribution => distribution::stationary(bench),
    }
}

type Make<'a> = dyn Fn(Task) -> Result<Box<dyn Engine>, EngineError> + 'a;

/// What is validated: a name and how to make its engines.
struct Bench<'a> {
    backend: &'static str,
    make: Box<Make<'a>>,
}

impl<'a> Bench<'a> {
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
    fn loaded(&self, task: &Task) -> Result<Box<dyn Engine>, EngineError> {
        let mut engine = (self.make)(task.clone())?;
        engine.init_tile(Tile {
            first_block: 0,
            blocks: task.layout.blocks(),
        })?;
        Ok(engine)
    }

    fn stage(&self, rung: Rung, what: &str, deviation: f64, bound: f64, note: &str) -> Stage {
        Stage {
            rung,
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
        let single = Bench::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
        for rung in [Rung::Gradient, Rung::OneStep, Rung::HundredSteps] {
            for stage in climb::<f64>(rung, &single).expect("the CPU does not fail") {
                assert!(!stage.passed, "{}: {:e}", stage.what, stage.deviation);
            }
        }
    }
}
