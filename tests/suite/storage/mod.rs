//! How the parameters of chains are held between steps: integers that lose no step, 16 bits that lose none in the mean.

mod compensated;
mod half_state;
mod refusals;
mod twins;

use crate::support::{device, run_on, whole};
use etascope::engine::gpu::{Gpu, Tuning};
use etascope::engine::{Cpu, Engine};
use etascope::plan::Pace;
use etascope::problem::Problem;
use etascope::run::PointRecord;

/// The CPU and the device, which do dispatches of so many steps.
fn engines(problem: &Problem, steps: Pace) -> [(&'static str, Box<dyn Engine>); 2] {
    let tuning = Tuning {
        pace: steps,
        ..Tuning::default()
    };
    let gpu = Gpu::with(problem.task.clone(), device(), tuning).expect("the device runs it");
    [
        ("cpu", Box::new(Cpu::<f32>::new(problem.task.clone()))),
        ("gpu", Box::new(gpu)),
    ]
}

/// What both measure.
fn records(problem: &Problem) -> Vec<(&'static str, Vec<PointRecord>)> {
    engines(problem, Pace::measured())
        .into_iter()
        .map(|(name, mut engine)| (name, run_on(problem, engine.as_mut())))
        .collect()
}

/// The states in which both engines end.
fn ends(problem: &Problem, pace: &Pace) -> [Vec<f64>; 2] {
    engines(problem, pace.clone()).map(|(_, mut engine)| {
        engine.load(whole(problem)).expect("the engine holds it");
        for event in &problem.timeline.events {
            engine.advance(event, &|_| {}).expect("the engine steps");
        }
        engine.states().expect("the engine shows its states")
    })
}
