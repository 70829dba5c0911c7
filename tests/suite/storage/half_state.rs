//! `--precision f16-state`: half the memory, with a known bias.

use super::{records, replaced, same_to_the_last_bit};
use crate::support::{problem, stored};
use crate::truth::verdict::{Comparisons, parameter};
use etascope::engine::Cpu;
use etascope::engine::gpu::{Entry, Gpu, Target};
use etascope::spec::Precision;

/// SGD on (x − 1.5)²/2 with σ = 1 stays between 1 and 2, where the spacing of 16-bit floats is 2⁻¹⁰. With noise of scale η ≥ 2⁻¹⁰ the
/// position of a step between two floats is uniform (to e^{−2π²} = 3e-9). Stochastic rounding then adds ulp²/6 to the variance of a
/// step: V = (η² + 2⁻²⁰/6) / (1 − (1 − η)²). Rounding to nearest would add half of that.
#[test]
fn stochastic_rounding_inflates_the_variance_as_computed_and_not_the_mean() {
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
            let variance = |added: f64| {
                let q: f64 = 1.0 - eta;
                let stationary = (eta * eta + added) / (1.0 - q * q);
                // Remaining effect of the start.
                let before = 4e-4 + ulp * ulp / 12.0;
                stationary + (before - stationary) * q.powi(2 * steps)
            };
            let verdict = |added: f64| {
                let mut all = Comparisons::default();
                all.add("variance", x.variance_estimate(), variance(added));
                all.add("mean", x.mean_estimate(), 1.5);
                all.verdict()
            };
            verdict(ulp * ulp / 6.0).unwrap_or_else(|why| panic!("{engine}, η = {eta}: {why}"));
            // 131,072 chains resolve 0.4 %. Rounding adds 16 % at η = 1e-3 and 1 % at 4e-3.
            if eta < 2e-3 {
                for wrong in [0.0, ulp * ulp / 12.0] {
                    assert!(verdict(wrong).is_err(), "{engine}: {wrong} passes too");
                }
            }
        }
    }
}

/// Steps of a sixteenth of the spacing would all be lost by rounding to nearest. Their mean is kept: 0.25 in 4096 steps.
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
        // Each step moves by the spacing 2⁻¹⁰ with probability 1/16.
        let each = 2f64.powi(-20) * (1.0 / 16.0) * (15.0 / 16.0);
        all.add("variance", x.variance_estimate(), 4096.0 * each);
        all.verdict()
            .unwrap_or_else(|why| panic!("{engine}: {why}"));
    }
}

/// Steps of powers of two from numbers of 11 bits are exact in f32, so both engines round the same numbers: they agree bit by bit for
/// any dispatch length. Nine parameters need two blocks of random words, and share words in pairs with one unpaired. Some chains
/// exceed the bound, most of them by their momentum.
#[test]
fn both_engines_end_at_the_same_halves() {
    let text = "[parameters]\nw = { shape = [9], start = \"uniform(-1.5, 1.5)\" }\n[loss]\nformula = \"dot(w, w) / 2\"\n\
        [noise]\nkind = \"two-point\"\n[dynamics]\nkind = \"sgd\"\neta = [0.0078125, 0.25]\noptimizer = { kind = \"momentum\", beta = 0.5 }\n\
        [ensemble]\nchains = 3_001\nduration = { steps = 53 }\nseed = 53\nbound = 4.0\n[measure]\ntrace = 3\n";
    let problem = stored(text, Precision::F16State);
    same_to_the_last_bit(&problem, |entry, source| match entry {
        // Random words from the stream of the noise.
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
    // Besides its state a chain has a word for its divergence step and, on the device, sums to read back.
    let cpu = [&floats, &halves].map(Cpu::<f32>::bytes_per_chain);
    assert_eq!(cpu, [64 * 4 + 4, 64 * 2 + 4]);
    let gpu = [&floats, &halves].map(|task| Gpu::bytes_per_chain(task, Target::Hardware));
    assert_eq!(gpu[0] - gpu[1], 64 * 2);
    let integers = stored(text, Precision::Compensated).task;
    assert_eq!(Cpu::<f32>::bytes_per_chain(&integers), 64 * 8 + 4);
}
