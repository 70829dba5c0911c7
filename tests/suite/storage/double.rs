//! `--precision f64` on the device: equals the CPU to nearly all digits, with the same random words.

use super::refusals::network;
use super::{engines, records};
use crate::support::{device, problem, stored, whole};
use etascope::compile::Problem;
use etascope::engine::gpu::{Gpu, Tuning};
use etascope::engine::{Cpu, Engine, EngineError};
use etascope::measure::{Axis, Histogram};
use etascope::spec::Precision;

/// One unit in the last place of 1.
const ULP: f64 = f64::EPSILON;

fn double(text: &str) -> Problem {
    stored(text, Precision::F64)
}

/// Largest difference between two lists, relative to the largest number of the first; ∞ unless the same chains diverged.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = a.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    (a.iter().zip(b)).fold(0.0, |most: f64, (a, b)| match (a.is_nan(), b.is_nan()) {
        (true, true) => most,
        (false, false) => most.max((a - b).abs() / scale),
        _ => f64::INFINITY,
    })
}

/// States at the end of a run.
fn end(problem: &Problem, engine: &mut dyn Engine) -> Vec<f64> {
    engine.init_tile(whole(problem)).expect("the tile fits");
    for checkpoint in &problem.timeline.checkpoints {
        engine.step(checkpoint, &|_| {}).expect("the engine steps");
    }
    engine.states().expect("the engine shows its states")
}

/// Asserts that device and CPU end within `tolerance` of the largest number of the state, and single precision does not.
fn assert_ends_agree(text: &str, tolerance: f64) {
    let doubles = double(text);
    let [cpu, gpu] = engines(&doubles, Tuning::default()).map(|(_, mut engine)| {
        let states = end(&doubles, engine.as_mut());
        assert!(states.iter().any(|x| x.is_finite()), "all have diverged");
        states
    });
    let off = difference(&cpu, &gpu);
    println!("off by {off:e} of {tolerance:e}");
    assert!(off <= tolerance, "{text}\noff by {off:e}");
    let floats = problem(text);
    let single = end(&floats, &mut Cpu::<f32>::new(floats.task.clone()));
    let off = difference(&cpu, &single);
    assert!(off > 1e3 * tolerance, "{text}\nf32 is off by {off:e} only");
}

/// A step rounds by a few ulp of the scale, and the contraction 1 − ηλ accumulates them to 1/(ηλ) ulp at worst, as in
/// `parity_segments`.
#[test]
fn a_thousand_steps_of_a_quadratic_agree() {
    for eta in [0.01, 0.1] {
        assert_ends_agree(
            &format!(
                "[parameters]\nx = {{ start = \"uniform(-2, 2)\" }}\n[loss]\nformula = \"x^2 / 2\"\n\
                 [dynamics]\nkind = \"sgd\"\neta = {eta}\n\
                 [ensemble]\nchains = 4_096\nduration = {{ steps = 1_000 }}\nseed = 8\n"
            ),
            8.0 * ULP / eta,
        );
    }
}

/// Langevin steps of a loss with every function of formulas. Its curvature is at least ½, so roundings accumulate to 1/(ηλ) = 20 of a
/// step. A step may err by 50 ulp of its gradient's terms times η: 50 · 0.1 · 20 = 100 ulp.
#[test]
fn steps_with_every_function_agree() {
    assert_ends_agree(
        "[parameters]\nx = { start = \"uniform(-2, 2)\" }\ny = { start = \"uniform(-2, 2)\" }\n\
         [loss]\nformula = \"2 * (x^2 + y^2) + 0.1 * (erf(x) + tanh(y) + sin(x) + cos(y) + exp(-x^2) + log(2 + y^2) + softplus(x) \
         + sigmoid(y) + log1p(x^2) + expm1(-y^2) + (1 + x^2)^0.3 + sqrt(1 + y^2) + max(x, y) + abs(x))\"\n\
         [noise]\nsigma = \"sqrt(1 + x^2)\"\nkind = \"three-point\"\n\
         [dynamics]\nkind = \"langevin\"\neta = 0.1\n\
         [ensemble]\nchains = 2_048\nduration = { steps = 200 }\nseed = 9\n",
        100.0 * ULP,
    );
}

/// SGD on data with optimizer state and both orders of batches, in registers and, with many hidden units, in memory. Each of 40 steps
/// rounds some 100 times with random sign, scaled by η = 0.01: well below 1e-12.
#[test]
fn networks_on_data_agree() {
    for (hidden, dynamics) in [
        (3, "optimizer = \"momentum\""),
        (3, "optimizer = \"adam\"\nsampling = \"shuffle\""),
        (40, "optimizer = \"momentum\""),
    ] {
        let text = network(hidden).replace("optimizer = \"momentum\"", dynamics);
        assert_ends_agree(&text, 1e-12);
    }
}

/// Measurements agree too, with and without full-data passes.
#[test]
fn measurements_agree_with_the_cpu() {
    let well = "[parameters]\nx = { start = \"uniform(-2, 2)\" }\ny = 0.5\n[loss]\nformula = \"(x^2 - 1)^2 / 4 + (y - x)^2\"\n\
                [dynamics]\nkind = \"langevin\"\neta = [0.1, 0.2]\n[ensemble]\nchains = 20_001\nduration = { steps = 60 }\nseed = 10\n";
    let figures = |text: &str, precision: Precision| -> Vec<Vec<f64>> {
        let all = records(&stored(text, precision)).into_iter();
        all.map(|(_, records)| {
            let moments = records.iter().flat_map(|record| record.last());
            moments.flat_map(|m| [m.mean, m.variance()]).collect()
        })
        .collect()
    };
    // Relative differences: the figures have different sizes.
    let off = |a: &[f64], b: &[f64]| {
        (a.iter().zip(b)).fold(0.0, |most: f64, (a, b)| {
            most.max((a - b).abs() / (a.abs() + 1e-3))
        })
    };
    for text in [well.to_owned(), network(3), network(40)] {
        let doubles = figures(&text, Precision::F64);
        let off_by = off(&doubles[0], &doubles[1]);
        // States differ by at most 1e-12 of their size, see above, and variances by a few times that.
        assert!(off_by < 1e-11, "{text}\noff by {off_by:e}");
        let singles = figures(&text, Precision::F32);
        let off_by = off(&doubles[0], &singles[0]);
        assert!(off_by > 1e-8, "f32 is off by {off_by:e} only");
    }
}

/// Covariances and counts agree. A chain changes its bin only within 1e-12 of an edge, which happens once in 10⁵ runs with 20,000 chains
/// and 200 bins.
#[test]
fn covariances_and_histograms_agree_with_the_cpu() {
    let problem = double(
        "[parameters]\nx = { start = \"uniform(-2, 2)\" }\ny = 1e6\n[loss]\nformula = \"(x^2 - 1)^2 / 4 + (y - 1e6 - x)^2\"\n\
         [dynamics]\nkind = \"sgd\"\neta = 0.1\n[ensemble]\nchains = 20_001\nduration = { steps = 60 }\nseed = 11\n",
    );
    let outputs = &problem.task.histograms;
    let axis = |bins: u32| Axis::new(-1.7, 1.9, bins).expect("a range");
    let bins: Vec<Vec<Axis>> = (outputs.iter())
        .map(|request| request.bins.iter().map(|&bins| axis(bins)).collect())
        .collect();
    let [cpu, gpu] = engines(&problem, Tuning::default()).map(|(_, mut engine)| {
        end(&problem, engine.as_mut());
        let covariance = engine.covariance().expect("the engine sums");
        let upper: Vec<f64> = (covariance.into_iter())
            .flat_map(|point| point.value)
            .flat_map(|block| block.upper)
            .collect();
        let histograms: Vec<Histogram> = engine
            .histograms(std::slice::from_ref(&bins))
            .expect("the engine counts")
            .remove(0)
            .value;
        (upper, histograms)
    });
    // y is near 10⁶ with a spread of 1: its rounding of 2⁻³³ has random sign over 60 steps and 20,000 chains.
    let off = difference(&cpu.0, &gpu.0);
    assert!(off < 1e-10, "off by {off:e}");
    assert!(
        cpu.1
            .iter()
            .any(|h| h.counts.iter().any(|&count| count > 50))
    );
    assert_eq!(cpu.1, gpu.1);
}

/// The bound is compared to the last digit, and the same chains diverge at the same step.
#[test]
fn the_same_chains_diverge() {
    let bounded = |start: f64| {
        double(&format!(
            "[parameters]\nx = {start}\n[loss]\nformula = \"1e-30 * x^2\"\n[noise]\nsigma = 0.0\n[dynamics]\neta = 0.1\n\
             [ensemble]\nchains = 300\nduration = {{ steps = 3 }}\nbound = 1.000000001\n"
        ))
    };
    let unstable = double(
        "[parameters]\nx = { start = \"uniform(-4, 4)\" }\n[loss]\nformula = \"x^2 - x^4 / 20\"\n[dynamics]\neta = 0.1\n\
         [ensemble]\nchains = 4_096\nduration = { steps = 40 }\nseed = 12\nbound = 1e200\n",
    );
    for (problem, least, most) in [
        (bounded(1.0000000005), 0, 0),
        (bounded(1.0000000015), 300, 300),
        (unstable, 10, 4_000),
    ] {
        let [cpu, gpu] = engines(&problem, Tuning::default()).map(|(_, mut engine)| {
            end(&problem, engine.as_mut());
            engine.divergence().expect("the engine counts")
        });
        let diverged: u64 = cpu.iter().map(|point| point.value.count).sum();
        assert!(
            (least..=most).contains(&diverged),
            "{diverged} have diverged"
        );
        assert_eq!(cpu, gpu);
    }
}

#[test]
fn a_device_without_doubles_is_an_error_with_advice() {
    let mut open = device();
    assert!(
        open.report.doubles,
        "tests of double precision need an adapter that has it"
    );
    open.report.doubles = false;
    let problem =
        double("[parameters]\nx = 0.0\n[loss]\nformula = \"x^2\"\n[dynamics]\neta = 0.1\n");
    let refused = Gpu::new(problem.task, open).map(|_| ()).unwrap_err();
    assert!(
        matches!(refused, EngineError::NoDoubles { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("--backend cpu"), "{refused}");
}
