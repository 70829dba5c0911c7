//! Initial states follow their distribution, and the chains of a superchain start at one point.

use super::verdict::{Comparisons, engines, ensure, holds_everywhere, kurtosis, parameter};
use crate::support::{problem, whole};

#[test]
fn starts_have_the_moments_of_their_distributions() {
    let text = "[parameters]\nx = \"normal(0.5, 2)\"\ny = \"uniform(-1, 3)\"\nz = -0.75\n\
                w = { shape = [6], start = \"normal(0, 1)\" }\n\
                [loss]\nformula = \"x^2 + y^2 + z^2 + dot(w, w)\"\n[dynamics]\nkind = \"sgd\"\neta = 0.1\n\
                [ensemble]\nchains = 131_072\nduration = { steps = 1 }\nseed = 51\n[measure]\ntrace = 1\n";
    holds_everywhere(text, |problem, records| {
        let (step, moments) = &records[0].trace[0];
        ensure(*step == 0, || {
            format!("the first measurement is after {step} steps")
        })?;
        let at = |k: usize| &moments[problem.outputs.parameters.start + k];
        let mut all = Comparisons::default();
        let normals = std::iter::once((0, 0.5, 4.0, 0.0)).chain((3..9).map(|k| (k, 0.0, 1.0, 0.0)));
        // A uniform on an interval of length 4: variance 16/12, excess kurtosis −6/5.
        for (k, mean, variance, excess) in normals.chain([(1, 1.0, 4.0 / 3.0, -1.2)]) {
            all.add(
                format!("mean of {}", problem.names[k]),
                at(k).mean_estimate(),
                mean,
            );
            all.add(
                format!("variance of {}", problem.names[k]),
                at(k).variance_estimate(),
                variance,
            );
            all.add(
                format!("kurtosis of {}", problem.names[k]),
                kurtosis(at(k)),
                excess,
            );
        }
        all.verdict()?;
        ensure(at(1).min > -1.0 && at(1).max < 3.0, || {
            "a uniform start off its interval".to_owned()
        })?;
        ensure(at(2).min == -0.75 && at(2).max == -0.75, || {
            "a fixed start moved".to_owned()
        })?;
        // One step multiplies by 1 − 2η = 0.8 and adds noise of standard deviation η: starts and noise are independent.
        let mut after = Comparisons::default();
        let moved = parameter(problem, &records[0], 0);
        after.add(
            "variance of x after a step",
            moved.variance_estimate(),
            0.64 * 4.0 + 0.01,
        );
        after.verdict()
    });
}

#[test]
fn chains_of_a_superchain_share_a_start_and_then_separate() {
    let text = "[parameters]\nx = \"normal(0, 1)\"\ny = \"uniform(-1, 1)\"\n[loss]\nformula = \"0.5 * (x^2 + y^2)\"\n\
                [dynamics]\nkind = \"sgd\"\neta = [0.1, 0.2]\n\
                [ensemble]\nchains = 102_400\nsuperchains = 100\nduration = { steps = 1 }\nseed = 52\n[measure]\ntrace = 1\n";
    let problem = problem(text);
    let mut first: Option<Vec<f64>> = None;
    for (name, mut engine) in engines(&problem) {
        let states = |engine: &mut dyn etascope::engine::Engine| {
            engine.states().unwrap_or_else(|error| panic!("{error}"))
        };
        engine
            .init_tile(whole(&problem))
            .unwrap_or_else(|error| panic!("{error}"));
        let starts = states(engine.as_mut());
        assert_eq!(
            starts.len(),
            2 * 2 * 102_400,
            "{name}: two points, two parameters"
        );
        let places: Vec<(u64, u64)> = (starts.chunks(2 * 1024))
            .map(|superchain| {
                assert!(
                    superchain.chunks(2).all(|chain| chain == &superchain[..2]),
                    "{name}: a superchain starts together"
                );
                (superchain[0].to_bits(), superchain[1].to_bits())
            })
            .collect();
        let mut different = places.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(
            different.len(),
            places.len(),
            "{name}: superchains start apart, in both points of the sweep"
        );
        for checkpoint in &problem.timeline.checkpoints {
            engine
                .step(checkpoint, &|_| {})
                .unwrap_or_else(|error| panic!("{error}"));
        }
        let moved = states(engine.as_mut());
        let mut all: Vec<u64> = moved.chunks(2).map(|chain| chain[0].to_bits()).collect();
        all.sort_unstable();
        all.dedup();
        // Noise has 24 significant bits: of 1024 chains from one start some pairs may agree (1024²/2³² per superchain).
        assert!(
            all.len() > 204_800 - 1_000,
            "{name}: only {} different places after a step",
            all.len()
        );
        // Starts agree to the rounding of f64 to f32.
        match &first {
            None => first = Some(starts),
            Some(first) => {
                assert!(
                    first.iter().zip(&starts).all(|(a, b)| (a - b).abs() < 1e-6),
                    "{name}: the same starts"
                );
            }
        }
    }
}
