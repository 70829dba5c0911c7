//! `--precision compensated`: steps far below the resolution of f32 are not lost.

use super::small_steps::{ETA, quadratic};
use super::{ends, records, replaced, same_to_the_last_bit};
use crate::support::{problem, stored};
use crate::truth::verdict::{Comparisons, parameter};
use etascope::engine::gpu::Entry;
use etascope::spec::Precision;

/// Momentum β: V = ησ²(1 + β) / (h(1 − β)(2(1 + β) − ηh)), the stationary variance of the heavy ball, after 16 relaxation
/// times (1 − β)/2ηh = 250 steps.
#[test]
fn momentum_is_kept_as_floats_beside_integers() {
    let (beta, h) = (0.5, 1e4);
    let exact = ETA * (1.0 + beta) / (h * (1.0 - beta) * (2.0 * (1.0 + beta) - ETA * h));
    let optimizer = format!("{{ kind = \"momentum\", beta = {beta} }}");
    let problem = stored(
        &quadratic(h, "1.0", 4_000, &optimizer),
        Precision::Compensated,
    );
    for (engine, records) in records(&problem) {
        let mut all = Comparisons::default();
        let x = parameter(&problem, &records[0], 0);
        all.add_within("variance", x.variance_estimate(), exact, 1.2e-15);
        all.verdict()
            .unwrap_or_else(|why| panic!("{engine}: {why}"));
    }
}

/// With steps of powers of two all devices round increments alike: the integers agree bit by bit for any dispatch length. Some chains
/// leave the range of ± 1.
#[test]
fn both_engines_end_at_the_same_integers() {
    let text = "[parameters]\nx = { start = \"uniform(-1.5, 1.5)\" }\nv = { shape = [2], start = \"normal(0.25, 0.01)\" }\n\
        [loss]\nformula = \"x^2 / 2 + 0.25 * sum(v)\"\n[noise]\nkind = \"two-point\"\n\
        [dynamics]\nkind = \"sgd\"\neta = [9.5367431640625e-07, 0.00390625]\n\
        [ensemble]\nchains = 20_001\nduration = { steps = 203 }\nseed = 42\nbound = 1.0\n[measure]\ntrace = 3\n";
    let problem = stored(text, Precision::Compensated);
    same_to_the_last_bit(&problem, |entry, source| match entry {
        // The carry from the low word to the high one.
        Entry::Advance => replaced(&source, "select(0u, 1u, low < value.x)", "0u"),
        _ => source,
    });
}

/// States resolve numbers that are equal in f32.
#[test]
fn states_resolve_more_than_floats() {
    let text = "[parameters]\nx = 1.0\n[loss]\nformula = \"-x\"\n[noise]\nsigma = 0.0\n\
        [dynamics]\nkind = \"sgd\"\neta = 1e-9\n[ensemble]\nchains = 128\nduration = { steps = 50 }\n";
    for states in ends(&stored(text, Precision::Compensated), 50) {
        // 50 increments rounded to f32, and sums rounded to 2⁻⁴³.
        let error = (states[0] - 1.0 - 5e-8).abs();
        assert!(error < 50.0 * (6e-17 + 6e-14), "off by {error}");
    }
    let [floats, _] = ends(&problem(text), 50);
    assert_eq!(floats[0], 1.0, "f32 does not move");
}
