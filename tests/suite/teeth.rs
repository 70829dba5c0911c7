//! Broken twins: each is rejected by the check of exact truth that should catch it.

use crate::support::{device, problem, run_on};
use crate::truth::verdict::Verdict;
use crate::truth::{brownian, double_well, quadratic, temperature};
use etascope::engine::gpu::{Entry, Gpu, Tuning};
use etascope::engine::{Coefficients, Cpu};
use etascope::measure::{Estimate, Moments};
use etascope::problem::Problem;
use etascope::run::PointRecord;

type Check = fn(&Problem, &[PointRecord]) -> Verdict;

/// The record of a problem that was tampered with, on the CPU.
fn broken_run(text: &str, tamper: impl Fn(&mut Problem)) -> (Problem, Vec<PointRecord>) {
    let mut twin = problem(text);
    tamper(&mut twin);
    let records = run_on(&twin, &mut Cpu::<f32>::new(twin.task.clone()));
    (problem(text), records)
}

/// The check, given the sound problem and the twin's record, must fail; what it said is returned.
fn caught(what: &str, text: &str, check: Check, tamper: impl Fn(&mut Problem)) {
    let (sound, records) = broken_run(text, tamper);
    assert!(check(&sound, &records).is_err(), "{what} passes");
}

fn coefficients(problem: &mut Problem) -> impl Iterator<Item = &mut Coefficients> {
    problem.task.coefficients.iter_mut().flatten()
}

/// Truths whose step has the coefficients drift and amplitude.
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
fn sound_twins_pass_here_too() {
    // Without this a check that always fails would have teeth.
    for (name, text, check) in truths() {
        let (sound, records) = broken_run(&text, |_| {});
        check(&sound, &records).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn a_flipped_gradient_is_caught() {
    for (name, text, check) in truths() {
        caught(name, &text, check, |twin| {
            coefficients(twin).for_each(|c| c.step[0] = -c.step[0])
        });
    }
}

#[test]
fn noise_of_the_wrong_size_is_caught() {
    // 2 % of the variance are 10 standard errors of half a million chains, and 1 % of it … 10 % of 131,072.
    for (name, text, check) in truths() {
        let factor = if name == "Ornstein-Uhlenbeck" {
            1.01
        } else {
            1.05
        };
        caught(name, &text, check, |twin| {
            coefficients(twin).for_each(|c| c.step[1] *= factor)
        });
    }
}

#[test]
fn noise_that_confuses_eta_and_dt_is_caught() {
    // √(ηδ) taken for η, and for δ.
    let (text, check): (_, Check) = (
        quadratic::ornstein_uhlenbeck(),
        quadratic::ornstein_uhlenbeck_verdict,
    );
    for amplitude in [0.4 * 0.8, 0.1 * 0.8] {
        caught("amplitude", &text, check, |twin| {
            coefficients(twin).for_each(|c| c.step[1] = amplitude)
        });
    }
    let check: Check = |problem, records| brownian::verdict(problem, records, 0.1);
    let text = brownian::flat("langevin", "dt = 0.1");
    caught("amplitude", &text, check, |twin| {
        coefficients(twin).for_each(|c| *c.step.last_mut().unwrap() *= 3.0)
    });
}

#[test]
fn a_lost_step_is_caught() {
    for (name, text, check) in truths().into_iter().take(3) {
        let (sound, mut records) = broken_run(&text, |twin| {
            let event = twin
                .timeline
                .events
                .iter_mut()
                .find(|event| event.legs[0].steps > 0)
                .expect("there are steps");
            event.legs.iter_mut().for_each(|leg| leg.steps -= 1);
        });
        // Such an engine would still say that it did them all.
        records.iter_mut().for_each(|record| record.trace[1].0 += 1);
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
        |twin| {
            let first = twin.task.coefficients[0][0].clone();
            twin.task.coefficients[0].fill(first);
        },
    );
    caught(
        "a late schedule",
        &quadratic::schedule(),
        quadratic::schedule_verdict,
        |twin| {
            let events = &mut twin.timeline.events;
            let change = events
                .iter()
                .position(|event| event.phase == 1)
                .expect("the schedule changes");
            events[change].phase = 0;
        },
    );
}

#[test]
fn a_histogram_shifted_by_one_bin_is_caught() {
    let text = double_well::stationary(131_072);
    let (sound, records) = broken_run(&text, |_| {});
    for right in [true, false] {
        let mut twin = records.clone();
        let counts = &mut twin[0].histograms[0].counts;
        if right {
            counts.rotate_right(1)
        } else {
            counts.rotate_left(1)
        }
        assert!(
            double_well::stationary_verdict(&sound, &twin).is_err(),
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
    temperature::product_verdict(&sound, &records, &pair).expect("the sound twin passes");
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
    // The noise forgets its rates: drift and amplitude are one number per parameter each.
    let (sound, records) = broken_run(&temperature::product(&pair), |twin| {
        coefficients(twin).for_each(|c| {
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
    // What an engine would report that gave every row of 128 chains the chain numbers of the first.
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
fn an_unknown_or_absent_answer_is_caught() {
    let (sound, mut records) = broken_run(&quadratic::ornstein_uhlenbeck(), |_| {});
    let moments = &mut records[0].trace[5].1[sound.outputs.parameters.start];
    assert!(moments.variance_estimate().se > 0.0, "there was an answer");
    *moments = Moments::default();
    assert_eq!(
        moments.mean_estimate().se,
        Estimate::new(0.0, f64::INFINITY).se,
        "nothing is known"
    );
    assert!(
        quadratic::ornstein_uhlenbeck_verdict(&sound, &records).is_err(),
        "no chains pass"
    );
}

/// Replaces what must occur in the source; a twin that is not broken proves nothing.
fn replace(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "{from} does not occur in the shader");
    source.replace(from, to)
}

#[test]
fn broken_shaders_are_caught() {
    type Alter = fn(Entry, String) -> String;
    let stepping: [(&str, Alter); 6] = [
        (
            "chains of a block share their noise",
            |entry, source| match entry {
                Entry::Advance => replace(&source, "add64(block.chain, within)", "block.chain"),
                _ => source,
            },
        ),
        ("noise repeats in time", |entry, source| match entry {
            Entry::Advance => replace(&source, "add64((*stream).block, 1u)", "(*stream).block"),
            _ => source,
        }),
        ("normals 1 % too large", |entry, source| match entry {
            Entry::Advance => replace(&source, "* 0x1p-22f", "* 0x1.029p-22f"),
            _ => source,
        }),
        (
            "a step too few in every noise block",
            |entry, source| match entry {
                Entry::Advance => replace(
                    &source,
                    "for (var k = 0u; k < count; k++)",
                    "for (var k = 1u; k < count; k++)",
                ),
                _ => source,
            },
        ),
        (
            "the second coefficient for the first",
            |entry, source| match entry {
                Entry::Advance => replace(&source, "= coefficients[0];", "= coefficients[1];"),
                _ => source,
            },
        ),
        ("a row is not summed", |entry, source| match entry {
            Entry::Moments => replace(&source, "d2 = d * d;", "d2 = d * d * 1.02;"),
            _ => source,
        }),
    ];
    let text = quadratic::ornstein_uhlenbeck();
    let sound = problem(&text);
    for (what, alter) in stepping {
        let tuning = Tuning {
            alter,
            ..Tuning::default()
        };
        let mut gpu = Gpu::with(sound.task.clone(), device(), tuning)
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let records = run_on(&sound, &mut gpu);
        assert!(
            quadratic::ornstein_uhlenbeck_verdict(&sound, &records).is_err(),
            "{what} passes"
        );
    }
    let shifted: Alter = |entry, source| match entry {
        Entry::Histogram => replace(&source, "request.slots", "request.slots"),
        _ => source,
    };
    let _ = shifted;
}
