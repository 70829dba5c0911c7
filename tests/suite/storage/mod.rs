//! How the parameters of chains are held between steps: integers that lose no step, 16 bits that lose none in the mean, 64 bits in
//! which steps compute too.

mod compensated;
mod counterparts;
mod double;
mod half_state;
mod refusals;
mod small_steps;

use crate::support::{device, run_on, whole};
use etascope::compile::Problem;
use etascope::engine::gpu::{Entry, Gpu, Tuning};
use etascope::engine::{Cpu, Engine};
use etascope::plan::DispatchSizing;
use etascope::run::PointRecord;
use etascope::spec::Precision;

/// The CPU and the device.
fn engines(problem: &Problem, tuning: Tuning) -> [(&'static str, Box<dyn Engine>); 2] {
    let gpu = Gpu::with(problem.task.clone(), device(), tuning).expect("the device runs it");
    let cpu: Box<dyn Engine> = match problem.task.precision {
        Precision::F64 => Box::new(Cpu::<f64>::new(problem.task.clone())),
        _ => Box::new(Cpu::<f32>::new(problem.task.clone())),
    };
    [("cpu", cpu), ("gpu", Box::new(gpu))]
}

/// What both measure.
fn records(problem: &Problem) -> Vec<(&'static str, Vec<PointRecord>)> {
    engines(problem, Tuning::default())
        .into_iter()
        .map(|(name, mut engine)| (name, run_on(problem, engine.as_mut())))
        .collect()
}

/// The states in which both engines end, the device after dispatches of so many steps.
fn ends(problem: &Problem, steps: u64) -> [Vec<f64>; 2] {
    let dispatch_sizing = DispatchSizing::fixed(steps);
    ends_tuned(
        problem,
        Tuning {
            dispatch_sizing,
            ..Tuning::default()
        },
    )
}

fn ends_tuned(problem: &Problem, tuning: Tuning) -> [Vec<f64>; 2] {
    engines(problem, tuning).map(|(_, mut engine)| {
        engine
            .init_tile(whole(problem))
            .expect("the engine holds it");
        for checkpoint in &problem.timeline.checkpoints {
            engine.step(checkpoint, &|_| {}).expect("the engine steps");
        }
        engine.states().expect("the engine shows its states")
    })
}

/// Chains that left, of a case in which some do.
fn left(states: &[f64]) -> usize {
    let left = states.iter().filter(|x| x.is_nan()).count();
    let all = states.len();
    assert!(left > all / 100 && left < all / 2, "{left} of {all} left");
    left
}

/// Both engines end at the same bits, the device however its dispatches are cut, and would not if its shader were altered.
fn same_to_the_last_bit(problem: &Problem, alter: fn(Entry, String) -> String) {
    let bits = |states: &[f64]| states.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for steps in [7, 1_000] {
        let [cpu, gpu] = ends(problem, steps);
        assert_eq!(left(&cpu), left(&gpu), "{steps} steps in a dispatch");
        assert_eq!(bits(&cpu), bits(&gpu), "{steps} steps in a dispatch");
    }
    let broken = Tuning {
        alter,
        ..Tuning::default()
    };
    let [cpu, gpu] = ends_tuned(problem, broken);
    assert_ne!(bits(&cpu), bits(&gpu), "an altered shader passes");
}

/// A shader with one piece replaced where it has it.
fn replaced(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "no {from} to break");
    source.replace(from, to)
}
