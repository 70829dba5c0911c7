//! `etascope validate`: checks from random bits to distributions. The CPU is checked against exact
//! values, a GPU against the same values.
//!
//! The stages build on each other. Each compiles its own shaders and takes its input from the
//! output of the engine itself: a step is checked with the noise that the device drew, sums with
//! the values that the device observed. So an error in one stage fails this stage alone and shows
//! where the fault is.

mod check;
mod distribution;
mod integers;
mod models;
mod programs;
mod reductions;
mod rounding;
mod steps;
mod subject;

use crate::engine::{Cpu, EngineError};
#[cfg(feature = "gpu")]
use crate::engine::{
    Task,
    gpu::{Entry, Gpu, OpenDevice, Tuning},
};
#[cfg(feature = "gpu")]
use crate::spec::Precision;
pub use check::{Check, Stage};
use rounding::FloatModel;
use subject::Subject;

/// Broken variant of the shaders. Tests use it to show that every stage can fail, and fails alone.
#[cfg(feature = "gpu")]
#[derive(Debug, Clone, Copy)]
pub struct BrokenVariant {
    /// Stage with broken shaders; `None` breaks those of all stages.
    pub stage: Option<Stage>,
    /// Alters the source of each entry point.
    pub alter: fn(Entry, String) -> String,
}

/// Checks the CPU engine in both precisions against exact values. Takes a few seconds.
///
/// # Errors
/// Those of the engine; the CPU has none.
pub fn cpu() -> Result<Vec<Check>, EngineError> {
    let single = Subject::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
    let double = Subject::new("cpu f64", |task| Ok(Box::new(Cpu::<f64>::new(task))));
    let mut checks = integers::known_answers();
    for stage in Stage::ALL {
        checks.extend(run_stage::<f32>(stage, &single)?);
        // Integer stages run the same code in both precisions.
        if stage.is_of_floats() {
            checks.extend(run_stage::<f64>(stage, &double)?);
        }
    }
    checks.extend(programs::finite_differences());
    checks.sort_by_key(|check| check.stage as usize);
    Ok(checks)
}

/// Checks a device against the CPU's integers and exact values, also in double precision if the
/// device has it. Takes a few seconds on a software rasterizer.
///
/// # Errors
/// The device fails. A check that fails is a verdict, not an error.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Single precision must fail the bounds of double precision. Three stages are exempt: the CPU
    /// sums in double precision anyway, of the counts in bins one in a million differs, and the
    /// stationary distribution is the same in any precision.
    #[test]
    fn single_precision_fails_the_bounds_of_double() {
        let single = Subject::new("cpu f32", |task| Ok(Box::new(Cpu::<f32>::new(task))));
        for stage in [Stage::Gradient, Stage::OneStep, Stage::HundredSteps] {
            for check in run_stage::<f64>(stage, &single).expect("the CPU does not fail") {
                assert!(!check.passed, "{}: {:e}", check.what, check.deviation);
            }
        }
    }
}
