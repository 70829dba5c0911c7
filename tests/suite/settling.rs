//! Runs of adaptive length, time averages, control variates and common noise.

use crate::support::{problem, run_on, summary};
use crate::truth::verdict::Comparisons;
use etascope::engine::Cpu;
use etascope::measure::Estimate;
use etascope::plan::Tile;
use etascope::report::Point;
use etascope::run::execute;
use rayon::prelude::*;

fn assert_verdict(all: &Comparisons) {
    if let Err(why) = all.verdict() {
        panic!("{why}");
    }
}

/// A quadratic with condition number 10³, started 50 stationary standard deviations from its minimum in both modes.
struct Modes {
    eta: f64,
    curvature: [f64; 2],
}

impl Modes {
    const FAR: f64 = 50.0;

    /// Stationary variance of ½hx² with noise of variance 1: η / (h (2 − ηh)).
    fn variance(&self, k: usize) -> f64 {
        let h = self.curvature[k];
        self.eta / (h * (2.0 - self.eta * h))
    }

    fn start(&self, k: usize) -> f64 {
        Self::FAR * self.variance(k).sqrt()
    }

    /// Mean of mode k after `steps`; its limit is 0.
    fn mean(&self, k: usize, steps: u64) -> f64 {
        self.start(k) * (1.0 - self.eta * self.curvature[k]).powf(steps as f64)
    }

    /// Mean loss after `steps` minus its limit: ½ Σ h (m² + V(t) − V), V(t) = V (1 − (1 − ηh)^2t).
    fn loss_bias(&self, steps: u64) -> f64 {
        (0..2)
            .map(|k| {
                let remaining = (1.0 - self.eta * self.curvature[k]).powf(2.0 * steps as f64);
                0.5 * self.curvature[k]
                    * (self.mean(k, steps).powi(2) - self.variance(k) * remaining)
            })
            .sum()
    }

    fn text(&self, chains: u32, seed: u32) -> String {
        let [slow, fast] = self.curvature;
        format!(
            "[parameters]\ns = {:?}\nf = {:?}\n[loss]\nformula = \"{slow:?} * s^2 / 2 + {fast:?} * f^2 / 2\"\n\
             [dynamics]\nkind = \"sgd\"\neta = {:?}\n\
             [ensemble]\nchains = {chains}\nburn_in = \"auto\"\nduration = 64\nseed = {seed}\n[measure]\nhistogram = []\ntrace = 8\n",
            self.start(0),
            self.start(1),
            self.eta,
        )
    }
}

/// The promise of `burn_in = "auto"`: the bias of the start is below a quarter of the standard error. Tested with 504 runs, a third
/// each of 64, 256 and 1024 chains.
#[test]
fn burn_in_removes_the_bias_of_the_start() {
    let modes = Modes {
        eta: 2e-3,
        curvature: [0.5, 500.0],
    };
    let chains = |seed: u32| [64, 256, 1024][seed as usize % 3];
    let early: Vec<String> = (1..=504)
        .into_par_iter()
        .flat_map(|seed| {
            let point = summary(&modes.text(chains(seed), seed), "cpu").points[0].clone();
            assert!(point.burn_in > 0, "{}", point.verdict);
            let mean = |name: &str| point.parameters.get(name).expect("measured").estimate();
            [
                ("loss", modes.loss_bias(point.burn_in), point.loss),
                ("slow", modes.mean(0, point.burn_in), mean("s")),
                ("fast", modes.mean(1, point.burn_in), mean("f")),
            ]
            .into_iter()
            .filter(|(_, bias, measured)| bias.abs() > 0.25 * measured.se)
            .map(|(what, bias, measured)| format!("seed {seed}: {what} {bias} of {}", measured.se))
            .collect::<Vec<_>>()
        })
        .collect();
    assert!(early.is_empty(), "{}: {early:?}", early.len());
}

const WELLS: &str = "[parameters]\nx = { start = \"uniform(-2, 2)\" }\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n\
     [dynamics]\nkind = \"langevin\"\neta = [0.03, 0.3]\n\
     [ensemble]\nchains = 16_384\nsuperchains = 16\nburn_in = \"auto\"\nat_most = 20_000\nduration = 2000\nseed = 3\n";

/// Crossing times grow as exp(barrier ¼ / temperature ½η): e^16.7 at η = 0.03, so chains never cross; about a dozen steps at 0.3.
#[test]
fn wells_that_do_not_mix_are_reported_with_their_weights() {
    for backend in ["cpu", "gpu"] {
        let summary = summary(WELLS, backend);
        let [cold, hot] = &summary.points[..] else {
            panic!("two learning rates")
        };
        assert!(
            !cold.converged && cold.verdict.contains("superchains have not mixed"),
            "{}",
            cold.verdict
        );
        assert!(hot.converged, "{}", hot.verdict);
        let rhat = |point: &Point| {
            point
                .stationarity
                .as_ref()
                .and_then(|s| s.nested_rhat)
                .expect("16 superchains")
        };
        assert!(
            rhat(cold) > 1.5 && rhat(hot) < 1.01,
            "{} {}",
            rhat(cold),
            rhat(hot)
        );
        let relaxation = hot.relaxation.as_ref().expect("slow enough to be measured");
        assert!((20.0..2000.0).contains(&relaxation.steps), "{relaxation:?}");
        for point in [cold, hot] {
            let mut minima: Vec<f64> = Vec::new();
            for basin in &point.basins {
                minima.push(*basin.minimum.get("x").expect("one parameter"));
            }
            minima.sort_by(f64::total_cmp);
            assert!(
                minima.len() == 2
                    && (minima[0] + 1.0).abs() < 1e-6
                    && (minima[1] - 1.0).abs() < 1e-6,
                "{minima:?}"
            );
        }
        // Each superchain starts in one well; mixed chains are independent.
        let mut all = Comparisons::default();
        all.add("weight of a mixed well", hot.basins[0].weight, 0.5);
        assert_verdict(&all);
        assert!((hot.basins[0].weight.mean + hot.basins[1].weight.mean - 1.0).abs() < 1e-12);
    }
}

/// In an adaptive sweep every learning rate takes the steps it needs.
#[test]
fn slow_and_fast_learning_rates_take_what_they_need() {
    let text = "[parameters]\nx = 3.0\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\nkind = \"sgd\"\neta = [0.002, 0.02, 0.2]\n\
                [ensemble]\nchains = 4096\nburn_in = \"auto\"\nduration = { loss_standard_error = 1e-4 }\nseed = 5\n";
    for backend in ["cpu", "gpu"] {
        let summary = summary(text, backend);
        let mut all = Comparisons::default();
        for point in &summary.points {
            assert!(point.converged, "η = {}: {}", point.eta, point.verdict);
            assert!(point.loss.se <= 1e-4, "{}", point.loss.se);
            // Var x = η / (2 − η), L = half of it.
            let variance = point.eta / (2.0 - point.eta);
            all.add(
                format!("{backend} {}: loss", point.eta),
                point.loss,
                0.5 * variance,
            );
            let x = point.parameters.get("x").expect("one parameter");
            all.add(
                format!("{backend} {}: variance", point.eta),
                x.variance,
                variance,
            );
        }
        assert_verdict(&all);
        let [slow, medium, fast] = &summary.points[..] else {
            panic!("three learning rates")
        };
        assert!(slow.burn_in > 4 * medium.burn_in && medium.burn_in > 4 * fast.burn_in);
        // τ = −1 / ln(1 − η) = 499.5 steps. The convergence monitor includes x itself, and 4096 chains give correlations to 2 %.
        let relaxation = slow.relaxation.as_ref().expect("slow");
        assert!(
            (relaxation.steps / 499.5 - 1.0).abs() < 0.15,
            "{relaxation:?}"
        );
    }
}

/// Standard errors of time averages over few chains agree with the exact one: the loss ½x² of an autoregression with a = 1 − η has
/// correlation a^(2k) at lag k.
#[test]
fn few_chains_over_long_times_have_exact_errors() {
    let (eta, chains, steps, kept) = (0.1, 200, 20_000, 100);
    let text = format!(
        "[parameters]\nx = 0.0\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\nkind = \"sgd\"\neta = {eta:?}\n\
         [ensemble]\nchains = {chains}\nburn_in = 200\nduration = {steps}\nseed = 8\n[measure]\ntrace = 101\n"
    );
    let point = summary(&text, "cpu").points[0].clone();
    assert!(
        point.converged && point.kept_times >= kept,
        "{} {}",
        point.kept_times,
        point.verdict
    );
    let variance = eta / (2.0 - eta);
    let mut all = Comparisons::default();
    all.add("loss", point.loss, 0.5 * variance);
    all.add(
        "variance",
        point.parameters.get("x").expect("x").variance,
        variance,
    );
    assert_verdict(&all);
    // Var L = ½ V². Times 200 steps apart are independent to e^−42, so every recorded time of every chain counts.
    let exact = (0.5 * variance * variance / (chains as f64 * point.kept_times as f64)).sqrt();
    // The spread of 200 averages is known to 5 %.
    assert!(
        (point.loss.se / exact - 1.0).abs() < 0.2,
        "{} and {exact}",
        point.loss.se
    );
    let draws = point.effective_draws.expect("several times");
    assert!(
        (draws / (chains as f64 * point.kept_times as f64) - 1.0).abs() < 0.4,
        "{draws}"
    );
}

/// Later tiles have other chains and follow the adaptive run of the first.
#[test]
fn tiles_follow_the_adaptive_run_of_the_first() {
    let text = "[parameters]\nx = 3.0\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\nkind = \"sgd\"\neta = [0.05, 0.2]\n\
                [ensemble]\nchains = 20_000\nsuperchains = 4\nburn_in = \"auto\"\nduration = 100\nseed = 5\n[measure]\ntrace = 10\n";
    let problem = problem(text);
    let blocks = problem.task.layout.blocks();
    // The second tile begins in the middle of the first point.
    let cut = problem.task.layout.blocks_per_point() / 2 + 1;
    let tiles = [(0, cut), (cut, blocks - cut)].map(|(first_block, blocks)| Tile {
        first_block,
        blocks,
    });
    let mut engine = Cpu::<f32>::new(problem.task.clone());
    let cut =
        execute(&problem, &mut engine, &tiles, &|_| {}).unwrap_or_else(|error| panic!("{error}"));
    let whole = run_on(&problem, &mut engine);
    for (point, (cut, whole)) in cut.iter().zip(&whole).enumerate() {
        let averages = cut.averages.as_ref().expect("recorded times");
        assert_eq!(cut.last()[0].count, 20_000, "every chain was measured");
        let superchains = cut.superchains.as_ref().expect("superchains of 5000");
        let chains: u64 = superchains[0].iter().map(|m| m.count).sum();
        assert_eq!(chains, 20_000);
        if cut.length == whole.length {
            // With the same length the same chains are measured at the same times; only the order of sums differs.
            let other = whole.averages.as_ref().expect("recorded times");
            let (a, b) = (averages.mean(0), other.mean(0));
            assert!(
                (a.mean / b.mean - 1.0).abs() < 1e-12,
                "point {point}: {a:?} {b:?}"
            );
        }
    }
    assert_eq!(
        cut[1].length, whole[1].length,
        "the second point lies in one tile"
    );
}

/// L(η) = η / (2 (2 − η)) for ½x² at five learning rates. The control variate leaves a fraction of order η of the variance.
#[test]
fn control_variates_and_common_noise_reduce_errors_without_bias() {
    let text = |common: bool| {
        format!(
            "[parameters]\nx = 1.0\ny = 0.0\n[loss]\nformula = \"(x - 1)^2 / 2 + (y + 2)^2 + 3\"\n[dynamics]\nkind = \"sgd\"\n\
             eta = [0.01, 0.02, 0.04, 0.08, 0.16]\n\
             [ensemble]\nchains = 16_384\ncommon_noise = {common}\nburn_in = 2000\nduration = 2000\nseed = 5\n\
             [measure]\ntrace = 40\n"
        )
    };
    let exact = |eta: f64| 3.0 + 0.5 * eta / (2.0 - eta) + 0.5 * eta / (2.0 - 2.0 * eta);
    let mut all = Comparisons::default();
    for backend in ["cpu", "gpu"] {
        let separate = summary(&text(false), backend);
        for point in &separate.points {
            let reduced = point.reduced_loss.expect("a relation and an optimum");
            // f32 rounds a loss near 3 by at most 2.4e-7, with random sign.
            all.add_within(
                format!("{backend} {}", point.eta),
                reduced.estimate(),
                exact(point.eta),
                3e-8,
            );
        }
        let gains: Vec<f64> = separate
            .points
            .iter()
            .map(|p| p.reduced_loss.expect("there").gain)
            .collect();
        // For x, L − ¼(2x² − η(x² + 1)) has η²x⁴/16 instead of x⁴/4: a gain of up to 4/η², less the effect of rounding.
        assert!(gains[4] > 30.0 && gains[2] > 500.0, "{gains:?}");
        let common = summary(&text(true), backend);
        let [independent, common_slope] = [&separate, &common]
            .map(|summary| summary.slope.as_ref().expect("five converged points"));
        for (what, slope) in [("independent", independent), ("common", common_slope)] {
            // ¼ Σ σ² = ½.
            assert_eq!(slope.theory, 0.5);
            all.add(format!("{backend} {what}"), slope.measured, 0.5);
            let reduced = slope.reduced.expect("every point has one");
            all.add(
                format!("{backend} {what} with control variate"),
                reduced,
                0.5,
            );
            assert!(
                reduced.se < 0.1 * slope.measured.se,
                "{reduced:?} {slope:?}"
            );
            all.add(
                format!("{backend} {what}: L at 0"),
                slope.least_loss.expect("five points"),
                3.0,
            );
        }
        assert!(independent.common_noise_gain.is_none());
        assert!(common_slope.common_noise_gain.is_some());
        assert!(separate.differences.is_empty() && common.differences.len() == 4);
        for (change, pair) in common.differences.iter().zip(separate.points.windows(2)) {
            let change_of_loss = exact(change.to) - exact(change.from);
            all.add(
                format!("{backend} {}", change.to),
                change.difference,
                change_of_loss,
            );
            // Kernels (1 − η)^k and (1 − 2η)^k overlap by √8/3: Var L(2η) = 4 Var L(η) with correlation 8/9, so the variance of the
            // difference falls from 5 to 5 − 32/9. With 64 groups errors are known to 9 %, variances to 18 %, their ratios to 25 %.
            let ratio = (pair[0].loss.se.hypot(pair[1].loss.se) / change.difference.se).powi(2);
            assert!(
                change.gain > 1.5 && (ratio / change.gain).ln().abs() < 1.0,
                "{} {ratio}",
                change.gain
            );
        }
    }
    assert_verdict(&all);
}

/// For chains that mix, averages over time agree with averages over chains.
#[test]
fn time_averages_agree_with_ensembles() {
    let text = |chains: u32, burn_in: u32, duration: u32| {
        format!(
            "[parameters]\nx = 0.5\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n[dynamics]\nkind = \"langevin\"\neta = 0.3\n\
             [ensemble]\nchains = {chains}\nburn_in = {burn_in}\nduration = {duration}\nseed = 7\n"
        )
    };
    let long = summary(&text(500, 100, 40_000), "cpu").points[0].clone();
    let wide = summary(&text(200_000, 0, 200), "cpu").points[0].clone();
    let mut all = Comparisons::default();
    let exact = |point: &Point| {
        point
            .theory
            .as_ref()
            .and_then(|t| t.loss)
            .expect("an exact distribution")
    };
    for (what, point) in [("long", &long), ("wide", &wide)] {
        all.add(format!("{what}: loss"), point.loss, exact(point));
        let x = point.parameters.get("x").expect("x");
        all.add(format!("{what}: mean"), Estimate::new(x.mean, x.se), 0.0);
    }
    assert_verdict(&all);
}

#[test]
fn one_chain_is_not_called_converged() {
    let text = "[parameters]\nx = 3.0\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\nkind = \"langevin\"\neta = 0.1\n\
                [ensemble]\nchains = 1\nduration = { steps = 1000 }\n";
    for backend in ["cpu", "gpu"] {
        let summary = summary(text, backend);
        let point = &summary.points[0];
        assert!(
            !point.converged && point.verdict.contains("one chain"),
            "{}",
            point.verdict
        );
    }
}

/// On −x⁴ every chain diverges within a few steps, and the run ends before `at_most`.
#[test]
fn a_run_ends_when_all_chains_have_diverged() {
    let text = "[parameters]\nx = 3.0\n[loss]\nformula = \"-x^4\"\n[dynamics]\nkind = \"langevin\"\neta = 0.1\n\
                [ensemble]\nchains = 300\nburn_in = \"auto\"\nduration = { steps = 1000 }\nat_most = 100_000\n";
    for backend in ["cpu", "gpu"] {
        let summary = summary(text, backend);
        let point = &summary.points[0];
        assert_eq!(point.diverged, 300);
        assert!(
            !point.converged
                && point.steps < 1000
                && point.verdict.contains("every chain diverged"),
            "{} steps: {}",
            point.steps,
            point.verdict
        );
    }
}
