//! State-dependent noise is evaluated at the start of the step, as in the Itô integral.

use super::verdict::{Comparisons, ensure, holds_everywhere, kurtosis, parameter};

#[test]
fn one_step_has_its_exact_moments() {
    // x′ = x − δ(x³ − x) + √(ηδ)(1 + x²)z from x = 1.5 in one step, and y with a noise of x: normal with these moments.
    let text = "[parameters]\nx = 1.5\ny = -0.5\n[loss]\nformula = \"(x^2 - 1)^2 / 4 + x * y\"\n\
                [noise]\nsigma = { x = \"1 + x^2\", y = \"exp(-x)\" }\n\
                [dynamics]\nkind = \"langevin\"\neta = 0.2\ndt = 0.05\n\
                [ensemble]\nchains = 131_072\nduration = { steps = 1 }\nseed = 41\n[measure]\ntrace = 1\n";
    holds_everywhere(text, |problem, records| {
        let mut all = Comparisons::default();
        let gradient = [1.5_f64.powi(3) - 1.5 - 0.5, 1.5];
        let sigma = [1.0 + 1.5_f64.powi(2), (-1.5_f64).exp()];
        for (k, (name, start)) in [("x", 1.5), ("y", -0.5)].into_iter().enumerate() {
            let x = parameter(problem, &records[0], k);
            all.add(
                format!("mean of {name}"),
                x.mean_estimate(),
                start - 0.05 * gradient[k],
            );
            let variance = 0.2 * 0.05 * sigma[k] * sigma[k];
            all.add(
                format!("variance of {name}"),
                x.variance_estimate(),
                variance,
            );
            all.add(format!("kurtosis of {name}"), kurtosis(x), 0.0);
        }
        all.verdict()
    });
}

#[test]
fn geometric_brownian_motion_follows_ito() {
    // dx = −½x dt + √η·0.9x dW with η = 0.5: E x = e^{−t/2}. The Stratonovich interpretation would add ½η·0.81x to the drift.
    let text = "[parameters]\nx = 1.0\n[loss]\nformula = \"0.25 * x^2\"\n[noise]\nsigma = \"0.9 * x\"\n\
                [dynamics]\nkind = \"langevin\"\neta = 0.5\ndt = 0.02\n\
                [ensemble]\nchains = 262_144\nduration = { time = 1.0 }\nseed = 42\n[measure]\ntrace = 10\n";
    holds_everywhere(text, |problem, records| {
        let (drift, spread): (f64, f64) = (1.0 - 0.5 * 0.02, 0.5 * 0.02 * 0.81);
        let mut all = Comparisons::default();
        for (step, moments) in &records[0].trace {
            let n = *step as i32;
            let x = &moments[problem.outputs.parameters.start];
            // One step multiplies E x by 1 − ½dt and E x² by (1 − ½dt)² + η dt 0.81, exactly.
            let (mean, square) = (drift.powi(n), (drift * drift + spread).powi(n));
            all.add(format!("mean after {n}"), x.mean_estimate(), mean);
            all.add(
                format!("variance after {n}"),
                x.variance_estimate(),
                square - mean * mean,
            );
            // In continuous time E x = e^{−t/2}; (1 − ½dt)ⁿ differs by a relative dt·t/8 and a little more.
            let time = 0.02 * f64::from(n);
            let continuous = (-0.5 * time).exp();
            all.add_within(
                format!("mean at time {time}"),
                x.mean_estimate(),
                continuous,
                0.003 * time * continuous,
            );
        }
        all.verdict()?;
        let stratonovich = (-0.5 + 0.5 * 0.5 * 0.81_f64).exp();
        let z = parameter(problem, &records[0], 0)
            .mean_estimate()
            .z_against(stratonovich);
        ensure(z < -50.0, || {
            format!("Stratonovich's mean is only {z} standard errors away")
        })
    });
}
