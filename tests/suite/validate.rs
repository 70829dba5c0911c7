//! `etascope validate`: every stage passes, and a broken stage fails alone.

use crate::support::{device, problem, whole};
use etascope::engine::gpu::{self, Entry, Gpu};
use etascope::engine::{Engine, EngineError, Inspect};
use etascope::plan::Tile;
use etascope::program::validate::{self, BrokenVariant, Check, Stage};

fn failed(checks: &[Check]) -> Vec<Stage> {
    let mut stages: Vec<Stage> = checks
        .iter()
        .filter(|check| !check.passed)
        .map(|check| check.stage)
        .collect();
    stages.dedup();
    stages
}

fn table(checks: &[Check]) -> String {
    let row = |s: &Check| {
        format!(
            "{:13} {:8} {:60} {:.2e} / {:.1e}  {}\n",
            s.stage.name(),
            s.backend,
            s.what,
            s.deviation,
            s.bound,
            s.note
        )
    };
    checks.iter().map(row).collect()
}

#[test]
fn every_stage_passes_on_the_cpu() {
    let checks = validate::cpu().expect("the CPU does not fail");
    println!("{}", table(&checks));
    assert_eq!(failed(&checks), [], "{}", table(&checks));
    assert!(
        Stage::ALL
            .iter()
            .all(|stage| checks.iter().any(|check| check.stage == *stage)),
        "every stage has a check"
    );
}

#[test]
fn every_stage_passes_on_the_device() {
    let checks = validate::gpu(&device(), None).expect("the device works");
    println!("{}", table(&checks));
    assert_eq!(failed(&checks), [], "{}", table(&checks));
    assert!(
        Stage::ALL
            .iter()
            .all(|stage| checks.iter().any(|check| check.stage == *stage)),
        "every stage has a check"
    );
}

/// Replaces a constant in a shader. The constant must exist.
fn changed(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "the shader does not contain {from}");
    source.replacen(from, to, 1)
}

/// Stage and the change to a shader that breaks it.
type Breakage = (Stage, fn(Entry, String) -> String);

/// Changes in code that all stages share. Later stages use the output of the broken stage and must
/// pass.
const SHARED: [Breakage; 5] = [
    (Stage::Bits, |entry, source| match entry {
        Entry::Draws | Entry::Advance => {
            changed(&source, "x, 6u, 20u), 17u, 11u", "x, 6u, 20u), 17u, 12u")
        }
        _ => source,
    }),
    (Stage::Uniforms, |entry, source| match entry {
        Entry::Draws => changed(&source, "(word >> 8u) | 1u", "(word >> 8u) | 0u"),
        _ => source,
    }),
    (Stage::Normals, |entry, source| match entry {
        Entry::Draws | Entry::Advance if source.contains("normal_table") => {
            changed(&source, "& 0x3fffu", "& 0x3fefu")
        }
        _ => source,
    }),
    (Stage::Moments, |entry, source| match entry {
        Entry::Moments => changed(&source, "d2 * d2", "d2 * d"),
        _ => source,
    }),
    (Stage::Histogram, |entry, source| match entry {
        Entry::Histogram => changed(
            &source,
            "position >= Real(bins)",
            "position > Real(bins - 1u)",
        ),
        _ => source,
    }),
];

/// Changes in the shaders of one stage only, because later stages check the same code as part of a
/// whole.
const OWN: [Breakage; 5] = [
    (Stage::Normals, |entry, source| match entry {
        Entry::Draws if source.contains("natural_logarithm") => {
            changed(&source, "LN_0: f32 = 0.33333", "LN_0: f32 = 0.33343")
        }
        _ => source,
    }),
    (Stage::Gradient, |entry, source| match entry {
        Entry::Values if source.contains("Real = f64") => {
            changed(&source, "1.0 - 2.0 / (t + 2.0)", "1.0 - 2.001 / (t + 2.0)")
        }
        Entry::Values => changed(&source, "fma(p, z, 0.13331442)", "fma(p, z, 0.13341442)"),
        _ => source,
    }),
    (Stage::OneStep, |entry, source| match entry {
        Entry::Advance => changed(&source, "coefficients[1]", "1.0001 * coefficients[1]"),
        _ => source,
    }),
    (Stage::HundredSteps, |entry, source| match entry {
        Entry::Advance => changed(
            &source,
            "add64((*stream).block, 1u)",
            "add64((*stream).block, 2u)",
        ),
        _ => source,
    }),
    (Stage::Distribution, |entry, source| match entry {
        // This changes the variance by 1.2 %; the stage detects changes from 1 % on.
        Entry::Advance => changed(&source, "0x1p-22f", "1.006 * 0x1p-22f"),
        _ => source,
    }),
];

fn fails_alone(stage: Stage, broken: BrokenVariant) {
    let checks = validate::gpu(&device(), Some(broken))
        .expect("the device runs a shader with a wrong constant");
    assert_eq!(failed(&checks), [stage], "{}", table(&checks));
}

#[test]
fn a_broken_shared_shader_fails_only_its_stage() {
    for (stage, alter) in SHARED {
        fails_alone(stage, BrokenVariant { stage: None, alter });
    }
}

#[test]
fn a_broken_own_shader_fails_only_its_stage() {
    for (stage, alter) in OWN {
        fails_alone(
            stage,
            BrokenVariant {
                stage: Some(stage),
                alter,
            },
        );
    }
}

const SMALL: &str = "[parameters]\nx = 0.0\n[loss]\nformula = \"x^2\"\n[dynamics]\nkind = \"sgd\"\neta = 0.1\n\
                     [ensemble]\nchains = 1000\nduration = { steps = 10 }\n";

#[test]
fn an_unknown_adapter_is_an_error_that_lists_the_known_ones() {
    let Err(EngineError::NoAdapter { wanted, available }) = gpu::open(Some("no such adapter"))
    else {
        panic!("no adapter has that name")
    };
    assert!(wanted.contains("no such adapter"), "{wanted}");
    assert!(available.contains(&device().report.name), "{available}");
}

#[test]
fn a_device_destroyed_before_a_run_is_an_error() {
    let problem = problem(SMALL);
    let open = device();
    open.destroy();
    assert!(
        Gpu::new(problem.task.clone(), open)
            .and_then(|mut gpu| gpu.init_tile(whole(&problem)))
            .is_err()
    );
}

#[test]
fn a_device_destroyed_during_a_run_is_an_error_of_every_call() {
    let problem = problem(SMALL);
    let open = device();
    let mut gpu = Gpu::new(problem.task.clone(), open.clone()).expect("the device runs it");
    gpu.init_tile(whole(&problem))
        .expect("the device has enough memory");
    open.destroy();
    let checkpoint = &problem.timeline.checkpoints[1];
    assert!(gpu.step(checkpoint, &|_| {}).is_err(), "step");
    assert!(gpu.observe().is_err(), "observe");
    assert!(gpu.states().is_err(), "states");
    assert!(gpu.values().is_err(), "values");
    assert!(gpu.divergence().is_err(), "divergence");
    assert!(gpu.covariance().is_err(), "covariance");
    assert!(gpu.set_states(&[0.0; 1000]).is_err(), "set_states");
    assert!(gpu.init_tile(whole(&problem)).is_err(), "init_tile");
}

#[test]
fn a_tile_that_does_not_fit_is_an_error_with_both_sizes() {
    let open = device();
    let of_chains = |chains: u64| problem(&SMALL.replace("1000", &chains.to_string()));
    let largest = Gpu::most_slots(&of_chains(1 << 20).task, &open);
    let chains = largest * 2;
    let problem = of_chains(chains);
    let mut gpu = Gpu::new(problem.task.clone(), open.clone()).expect("the shader is small");
    match gpu.init_tile(whole(&problem)) {
        Err(EngineError::TooLarge {
            what,
            needed,
            available,
        }) => {
            assert!(
                needed.contains("MB") && available.contains("MB"),
                "{what}: {needed} of {available}"
            );
        }
        other => panic!("{chains} chains of one parameter: {other:?}"),
    }
    // The largest allowed tile fits. Beyond 2²⁴ chains the host's copy would only cost time.
    let blocks = largest.min(1 << 24) / problem.task.layout.block_slots();
    assert!(
        gpu.init_tile(Tile {
            first_block: 0,
            blocks
        })
        .is_ok(),
        "{largest} slots fit according to the engine"
    );
}
