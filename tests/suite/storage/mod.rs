//! Storage of parameters between steps: integers that lose no step, 16 bits that lose none in the mean, and double precision.

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

/// Engines on the CPU and on the device.
fn engines(problem: &Problem, tuning: Tuning) -> [(&'static str, Box<dyn Engine>); 2] {
    let gpu = Gpu::with(problem.task.clone(), device(), tuning).expect("the device runs it");
    let cpu: Box<dyn Engine> = match problem.task.precision {
        Precision::F64 => Box::new(Cpu::<f64>::new(problem.task.clone())),
        _ => Box::new(Cpu::<f32>::new(problem.task.clone())),
    };
    [("cpu", cpu), ("gpu", Box::new(gpu))]
}

/// Records of both engines.
fn records(problem: &Problem) -> Vec<(&'static str, Vec<PointRecord>)> {
    engines(problem, Tuning::default())
        .into_iter()
        .map(|(name, mut engine)| (name, run_on(problem, engine.as_mut())))
        .collect()
}

/// Final states of both engines, with `steps` steps per dispatch on the device.
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
        engine.init_tile(whole(problem)).expect("the tile fits");
        for checkpoint in &problem.timeline.checkpoints {
            engine.step(checkpoint, &|_| {}).expect("the engine steps");
        }
        engine.states().expect("the engine shows its states")
    })
}

/// Number of diverged chains, which must be some but not most.
fn diverged(states: &[f64]) -> usize {
    let diverged = states.iter().filter(|x| x.is_nan()).count();
    let all = states.len();
    assert!(
        diverged > all / 100 && diverged < all / 2,
        "{diverged} of {all} diverged"
    );
    diverged
}

/// Asserts that both engines end at the same bits for any dispatch length, and at different ones with an altered shader.
fn same_to_the_last_bit(problem: &Problem, alter: fn(Entry, String) -> String) {
    let bits = |states: &[f64]| states.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    for steps in [7, 1_000] {
        let [cpu, gpu] = ends(problem, steps);
        assert_eq!(
            diverged(&cpu),
            diverged(&gpu),
            "{steps} steps in a dispatch"
        );
        assert_eq!(bits(&cpu), bits(&gpu), "{steps} steps in a dispatch");
    }
    let broken = Tuning {
        alter,
        ..Tuning::default()
    };
    let [cpu, gpu] = ends_tuned(problem, broken);
    assert_ne!(bits(&cpu), bits(&gpu), "an altered shader passes");
}

/// Replaces a piece of a shader, which must contain it.
fn replaced(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "no {from} to break");
    source.replace(from, to)
}
