//! Broken variants of programs, records and shaders: the checks against exact results must reject each of them.

use crate::support::{device, problem, run_on};
use crate::truth::verdict::Verdict;
use crate::truth::{brownian, double_well, lyapunov, quadratic, temperature};
use etascope::compile::Problem;
use etascope::engine::gpu::{Entry, Gpu, Tuning};
use etascope::engine::{Cpu, Inspect, Uniforms};
use etascope::measure::Moments;
use etascope::plan::Checkpoint;
use etascope::run::PointRecord;

type Check = fn(&Problem, &[PointRecord]) -> Verdict;

/// Runs a problem that `tamper` has broken on the CPU; returns the sound problem and the record of the broken one.
fn broken_run(text: &str, tamper: impl Fn(&mut Problem)) -> (Problem, Vec<PointRecord>) {
    let mut variant = problem(text);
    tamper(&mut variant);
    let records = run_on(&variant, &mut Cpu::<f32>::new(variant.task.clone()));
    (problem(text), records)
}

/// Asserts that the check rejects the record of a broken variant.
fn caught(what: &str, text: &str, check: Check, tamper: impl Fn(&mut Problem)) {
    let (sound, records) = broken_run(text, tamper);
    assert!(check(&sound, &records).is_err(), "{what} passes");
}

fn uniforms(problem: &mut Problem) -> impl Iterator<Item = &mut Uniforms> {
    problem.task.uniforms.iter_mut().flatten()
}

/// Exact results whose step has one drift factor and one noise amplitude.
fn truths() -> [(&'static str, String, Check); 4] {
    [
        ("SGD", quadratic::sgd(), quadratic::sgd_verdict),
        (
            "Ornstein-Uhlenbeck",
            quadratic::ornstein_uhlenbeck(),
            quadratic::ornstein_uhlenbeck_verdict,
        ),
        (
            "schedule",
            quadratic::schedule(),
            quadratic::schedule_verdict,
        ),
        (
            "double well",
            double_well::stationary(131_072),
            double_well::stationary_verdict,
        ),
    ]
}

#[test]
fn sound_variants_pass() {
    // A check that always fails would reject every broken variant.
    for (name, text, check) in truths() {
        let (sound, records) = broken_run(&text, |_| {});
        check(&sound, &records).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn a_flipped_gradient_is_caught() {
    for (name, text, check) in truths() {
        caught(name, &text, check, |variant| {
            uniforms(variant).for_each(|c| c.step[0] = -c.step[0])
        });
    }
}

#[test]
fn noise_of_the_wrong_size_is_caught() {
    // Half a million chains resolve 0.2 % of the variance, and 131,072 chains 1 %.
    for (name, text, check) in truths() {
        let factor = if name == "Ornstein-Uhlenbeck" {
            1.01
        } else {
            1.05
        };
        caught(name, &text, check, |variant| {
            uniforms(variant).for_each(|c| c.step[1] *= factor)
        });
    }
}

#[test]
fn noise_that_confuses_eta_and_dt_is_caught() {
    // η or Δt in place of √(η Δt).
    let (text, check): (_, Check) = (
        quadratic::ornstein_uhlenbeck(),
        quadratic::ornstein_uhlenbeck_verdict,
    );
    for amplitude in [0.4 * 0.8, 0.1 * 0.8] {
        caught("amplitude", &text, check, |variant| {
            uniforms(variant).for_each(|c| c.step[1] = amplitude)
        });
    }
    let check: Check = |problem, records| brownian::verdict(problem, records, 0.1);
    let text = brownian::flat("langevin", "dt = 0.1");
    caught("amplitude", &text, check, |variant| {
        uniforms(variant).for_each(|c| *c.step.last_mut().unwrap() *= 3.0)
    });
}

#[test]
fn a_lost_step_is_caught() {
    // The step is lost while the ensemble still moves: once it is stationary, one step more or less has no effect.
    let [sgd, ornstein_uhlenbeck, schedule, _] = truths();
    for ((name, text, check), begin) in [(sgd, 0), (ornstein_uhlenbeck, 0), (schedule, 120)] {
        let moving = |checkpoint: &Checkpoint| {
            checkpoint.segments[0].begin == begin && checkpoint.segments[0].steps > 0
        };
        let (sound, mut records) = broken_run(&text, |variant| {
            let checkpoint = variant
                .timeline
                .checkpoints
                .iter_mut()
                .find(|checkpoint| moving(checkpoint));
            let checkpoint = checkpoint.expect("there are steps");
            checkpoint
                .segments
                .iter_mut()
                .for_each(|segment| segment.steps -= 1);
        });
        let checkpoint = sound
            .timeline
            .checkpoints
            .iter()
            .find(|checkpoint| moving(checkpoint));
        let end = begin + checkpoint.expect("there are steps").segments[0].steps;
        // A broken engine would still report the full number of steps.
        for record in &mut records {
            let short = record.trace.iter_mut().find(|(step, _)| *step == end - 1);
            short.expect("the short segment was measured").0 = end;
        }
        assert!(
            check(&sound, &records).is_err(),
            "{name}: one step lost passes"
        );
    }
}

#[test]
fn a_schedule_that_is_ignored_is_caught() {
    caught(
        "no schedule",
        &quadratic::schedule(),
        quadratic::schedule_verdict,
        |variant| {
            let first = variant.task.uniforms[0][0].clone();
            variant.task.uniforms[0].fill(first);
        },
    );
    caught(
        "a late schedule",
        &quadratic::schedule(),
        quadratic::schedule_verdict,
        |variant| {
            let checkpoints = &mut variant.timeline.checkpoints;
            let change = checkpoints
                .iter()
                .position(|checkpoint| checkpoint.phase == 1)
                .expect("the schedule changes");
            checkpoints[change].phase = 0;
        },
    );
}

#[test]
fn a_histogram_shifted_by_one_bin_is_caught() {
    let text = double_well::stationary(131_072);
    let (sound, records) = broken_run(&text, |_| {});
    for right in [true, false] {
        let mut variant = records.clone();
        let counts = &mut variant[0].histograms[0].counts;
        if right {
            counts.rotate_right(1)
        } else {
            counts.rotate_left(1)
        }
        assert!(
            double_well::stationary_verdict(&sound, &variant).is_err(),
            "shifted to the right: {right}"
        );
    }
}

#[test]
fn the_wrong_temperature_is_caught() {
    let text = double_well::gibbs(131_072);
    let (sound, records) = broken_run(&text, |_| {});
    double_well::alpha_verdict(&sound, &records, 0.5).expect("one half is right");
    for alpha in [0.1, 0.25, 0.45, 0.55, 1.0] {
        assert!(
            double_well::alpha_verdict(&sound, &records, alpha).is_err(),
            "alpha = {alpha} passes"
        );
    }
}

#[test]
fn rates_that_are_ignored_or_misplaced_are_caught() {
    let pair = temperature::Pair {
        rates: "\"inverse-variance\"",
        r: [1.0, 0.25],
        sigma: [1.0, 2.0],
    };
    let (sound, records) = broken_run(&temperature::product(&pair), |_| {});
    temperature::product_verdict(&sound, &records, &pair).expect("the sound variant passes");
    let other = |r: [f64; 2]| temperature::Pair {
        rates: pair.rates,
        r,
        sigma: pair.sigma,
    };
    for wrong in [[1.0, 1.0], [1.0, 0.5], [0.25, 1.0]] {
        assert!(
            temperature::product_verdict(&sound, &records, &other(wrong)).is_err(),
            "{wrong:?} passes"
        );
    }
    // Noise without rates. The uniforms are two drift factors and two amplitudes.
    let (sound, records) = broken_run(&temperature::product(&pair), |variant| {
        uniforms(variant).for_each(|c| {
            assert_eq!(c.step.len(), 4, "two drifts and two amplitudes");
            c.step[3] *= 4.0;
        });
    });
    assert!(
        temperature::product_verdict(&sound, &records, &pair).is_err(),
        "noise without rates passes"
    );
}

#[test]
fn noise_shared_by_chains_is_caught() {
    // The record of an engine that gives every row of 128 chains the chain numbers of the first row.
    for (name, text, check) in truths() {
        let row: String = text
            .lines()
            .map(|line| {
                if line.starts_with("chains") {
                    "chains = 128\n".into()
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        let (_, mut records) = broken_run(&row, |_| {});
        for record in &mut records {
            for moments in record.trace.iter_mut().flat_map(|(_, moments)| moments) {
                let mut all = Moments::default();
                (0..1024).for_each(|_| all.merge(moments));
                *moments = all;
            }
            for histogram in &mut record.histograms {
                histogram.counts.iter_mut().for_each(|count| *count *= 1024);
            }
        }
        assert!(
            check(&problem(&text), &records).is_err(),
            "{name}: shared noise passes"
        );
    }
}

#[test]
fn correlated_chains_are_caught() {
    let sound = problem(&quadratic::sweep());
    let mut engine = Cpu::<f32>::new(sound.task.clone());
    run_on(&sound, &mut engine);
    let states = engine.states().expect("the CPU answers");
    let check = quadratic::independence_verdict;
    check(&states).expect("the sound variant passes");
    let mut points = states.clone();
    points.copy_within(0..100_000, 100_000);
    assert!(
        check(&points).is_err(),
        "two points with the same chain numbers"
    );
    for lag in [1, 4, 128, 16_384] {
        let mut chains = states.clone();
        // Make a twentieth of all pairs at this lag equal: a correlation of 0.05 is 16 standard errors at N = 10⁵.
        chains[..100_000]
            .chunks_mut(2 * lag)
            .step_by(10)
            .for_each(|pair| {
                let half = pair.len() / 2;
                pair.copy_within(..half, half);
            });
        assert!(
            check(&chains).is_err(),
            "the same chain number {lag} chains later"
        );
    }
}

#[test]
fn missing_moments_are_caught() {
    let (sound, mut records) = broken_run(&quadratic::ornstein_uhlenbeck(), |_| {});
    records[0].trace[5].1[sound.outputs.parameters.start] = Moments::default();
    assert!(
        quadratic::ornstein_uhlenbeck_verdict(&sound, &records).is_err(),
        "no chains pass"
    );
}

/// Replaces text that must occur in the source; an unbroken variant would prove nothing.
fn replace(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "{from} does not occur in the shader");
    source.replace(from, to)
}

/// Asserts that the check rejects the results of altered shaders.
fn shader_caught(what: &str, text: &str, check: Check, alter: fn(Entry, String) -> String) {
    let sound = problem(text);
    let tuning = Tuning {
        alter,
        ..Tuning::default()
    };
    let mut gpu = Gpu::with(sound.task.clone(), device(), tuning)
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(
        check(&sound, &run_on(&sound, &mut gpu)).is_err(),
        "{what} passes"
    );
}

/// Function that alters the source of an entry point.
type Alteration = fn(Entry, String) -> String;

#[test]
fn broken_stepping_shaders_are_caught() {
    let variants: [(&str, Alteration); 6] = [
        (
            "chains of a block with the same noise",
            |entry, source| match entry {
                Entry::Advance => replace(&source, "add64(block.chain, within)", "block.chain"),
                _ => source,
            },
        ),
        ("noise that repeats in time", |entry, source| match entry {
            Entry::Advance => replace(&source, "add64((*stream).block, 1u)", "(*stream).block"),
            _ => source,
        }),
        (
            "noise that begins anew where a segment begins within a block",
            |entry, source| match entry {
                // The shader contains one of the two forms.
                Entry::Advance if source.contains("offset * WIDTH") => {
                    replace(&source, "k < offset * WIDTH", "k < 0u")
                }
                Entry::Advance => replace(&source, "k - offset < count", "k < count"),
                _ => source,
            },
        ),
        ("normals 1 % too large", |entry, source| match entry {
            Entry::Advance => replace(&source, "* 0x1p-22f", "* 0x1.029p-22f"),
            _ => source,
        }),
        (
            "a step too few in every noise block",
            |entry, source| match entry {
                Entry::Advance => replace(
                    &source,
                    "for (var k = 0u; k < UNROLLED_STEPS; k++)",
                    "for (var k = 1u; k < UNROLLED_STEPS; k++)",
                ),
                _ => source,
            },
        ),
        (
            "the second coefficient in place of the first",
            |entry, source| match entry {
                Entry::Advance => replace(&source, "= coefficients[0];", "= coefficients[1];"),
                _ => source,
            },
        ),
    ];
    for (what, alter) in variants {
        shader_caught(
            what,
            &quadratic::ornstein_uhlenbeck(),
            quadratic::ornstein_uhlenbeck_verdict,
            alter,
        );
    }
}

#[test]
fn broken_measuring_shaders_are_caught() {
    let moments = quadratic::ornstein_uhlenbeck();
    shader_caught(
        "squares 2 % too large",
        &moments,
        quadratic::ornstein_uhlenbeck_verdict,
        |entry, source| match entry {
            Entry::Moments => replace(&source, "let d2 = d * d;", "let d2 = 1.02 * d * d;"),
            _ => source,
        },
    );
    let histogram = double_well::stationary(131_072);
    shader_caught(
        "one bin on",
        &histogram,
        double_well::stationary_verdict,
        |entry, source| match entry {
            Entry::Histogram => replace(
                &source,
                "return u32(position);",
                "return min(u32(position) + 1u, bins - 1u);",
            ),
            _ => source,
        },
    );
    shader_caught(
        "covariance not centered",
        &lyapunov::langevin(),
        lyapunov::langevin_verdict,
        |entry, source| match entry {
            Entry::Covariance => replace(
                &source,
                "product - sum.x * sum.y / max(Real(count), 1.0)",
                "product",
            ),
            _ => source,
        },
    );
    shader_caught(
        "covariance of the wrong pair",
        &lyapunov::langevin(),
        lyapunov::langevin_verdict,
        |entry, source| match entry {
            Entry::Covariance => replace(&source, "stored(pair.y, slot)", "stored(pair.x, slot)"),
            _ => source,
        },
    );
}
