//! `--precision f16-state`: half the memory, and a bias that is known.

use super::{records, replaced, same_to_the_last_bit};
use crate::support::{problem, stored};
use crate::truth::verdict::{Comparisons, parameter};
use etascope::engine::Cpu;
use etascope::engine::gpu::{Entry, Gpu, Target};
use etascope::spec::Precision;

/// SGD on (x − 1.5)²/2 with σ = 1 stays between 1 and 2, where 16-bit floats are 2⁻¹⁰ apart. With steps of noise η ≥ 2⁻¹⁰ the
/// share of the spacing that a step reaches is uniform (to e^{−2π²} = 3e-9), so that rounding it at random adds ulp²/6:
/// V = (η² + 2⁻²⁰/6) / (1 − (1 − η)²). Rounding to nearest would add half of that, and none leaves η² alone.
#[test]
fn rounding_at_random_inflates_the_variance_as_computed_and_moves_no_mean() {
    let ulp = 2f64.powi(-10);
    for (eta, steps) in [(1e-3, 4_000), (4e-3, 1_000)] {
        let text = format!(
            "[parameters]\nx = {{ start = \"normal(1.5, 0.02)\" }}\n[loss]\nformula = \"(x - 1.5)^2 / 2\"\n\
             [dynamics]\nkind = \"sgd\"\neta = {eta}\n\
             [ensemble]\nchains = 131_072\nduration = {{ steps = {steps} }}\nseed = 51\n[measure]\ntrace = 1\n"
        );
        let problem = stored(&text, Precision::F16State);
        for (engine, records) in records(&problem) {
            let x = parameter(&problem, &records[0], 0);
            let law = |added: f64| {
                let q: f64 = 1.0 - eta;
                let stationary = (eta * eta + added) / (1.0 - q * q);
                // The start has been forgotten but for this.
                let before = 4e-4 + ulp * ulp / 12.0;
                stationary + (before - stationary) * q.powi(2 * steps)
            };
            let verdict = |added: f64| {
                let mut all = Comparisons::default();
                all.add("variance", x.variance_estimate(), law(added));
                all.add("mean", x.mean_estimate(), 1.5);
                all.verdict()
            };
            verdict(ulp * ulp / 6.0).unwrap_or_else(|why| panic!("{engine}, η = {eta}: {why}"));
            // 131,072 chains tell 0.4 %: at η = 1e-3 rounding adds 16 %, at 4e-3 it adds 1 %.
            if eta < 2e-3 {
                for wrong in [0.0, ulp * ulp / 12.0] {
                    assert!(verdict(wrong).is_err(), "{engine}: {wrong} would do too");
                }
            }
        }
    }
}

/// Steps of a sixteenth of the spacing, all lost if rounded to nearest, are all there in the mean: 0.25 in 4096 steps.
#[test]
fn small_steps_are_not_lost() {
    let text = "[parameters]\nx = 1.25\n[loss]\nformula = \"-x\"\n[noise]\nsigma = 0.0\n\
        [dynamics]\nkind = \"sgd\"\neta = 0.00006103515625\n\
        [ensemble]\nchains = 16_384\nduration = { steps = 4096 }\nseed = 52\n[measure]\ntrace = 1\n";
    let problem = stored(text, Precision::F16State);
    for (engine, records) in records(&problem) {
        let x = parameter(&problem, &records[0], 0);
        let mut all = Comparisons::default();
        all.add("mean", x.mean_estimate(), 1.5);
        // Each step is one of spacing 2⁻¹⁰ with probability 1/16.
        let each = 2f64.powi(-20) * (1.0 / 16.0) * (15.0 / 16.0);
        all.add("variance", x.variance_estimate(), 4096.0 * each);
        all.verdict()
            .unwrap_or_else(|why| panic!("{engine}: {why}"));
    }
}

/// Steps of powers of two from numbers of 11 digits are exact in f32, so that rounding has the same to round on both engines:
/// they agree to the last bit, however dispatches are cut. Nine parameters take two blocks of words, and share words in pairs
/// with one left over. Some chains leave the bound, most of them by
/// their momentum.
#[test]
fn both_engines_end_at_the_same_halves() {
    let text = "[parameters]\nw = { shape = [9], start = \"uniform(-1.5, 1.5)\" }\n[loss]\nformula = \"dot(w, w) / 2\"\n\
        [noise]\nkind = \"two-point\"\n[dynamics]\nkind = \"sgd\"\neta = [0.0078125, 0.25]\noptimizer = { kind = \"momentum\", beta = 0.5 }\n\
        [ensemble]\nchains = 3_001\nduration = { steps = 53 }\nseed = 53\nbound = 4.0\n[measure]\ntrace = 3\n";
    let problem = stored(text, Precision::F16State);
    same_to_the_last_bit(&problem, |entry, source| match entry {
        // Words of the stream of the noise.
        Entry::Advance => replaced(
            &source,
            "ROUNDING_PURPOSE, ensemble",
            "ensemble.key.z, ensemble",
        ),
        _ => source,
    });
}

#[test]
fn the_state_takes_half_the_memory() {
    let text = "[parameters]\nw = { shape = [64], start = \"normal(0, 1)\" }\n[loss]\nformula = \"dot(w, w) / 2\"\n\
        [dynamics]\nkind = \"sgd\"\neta = 0.1\n";
    let (floats, halves) = (problem(text).task, stored(text, Precision::F16State).task);
    // Besides the state a chain has the word that says when it left, and on the device the sums that are read back.
    let cpu = [&floats, &halves].map(Cpu::<f32>::bytes_per_chain);
    assert_eq!(cpu, [64 * 4 + 4, 64 * 2 + 4]);
    let gpu = [&floats, &halves].map(|task| Gpu::bytes_per_chain(task, Target::Hardware));
    assert_eq!(gpu[0] - gpu[1], 64 * 2);
    let integers = stored(text, Precision::Compensated).task;
    assert_eq!(Cpu::<f32>::bytes_per_chain(&integers), 64 * 8 + 4);
}
