//! Steps and short segments: CPU and device differ by rounding only.

use crate::support::{device, problem, whole};
use etascope::compile::Problem;
use etascope::engine::gpu::Gpu;
use etascope::engine::{Cpu, Engine, Inspect};
use etascope::plan::{Checkpoint, Segment};

/// One unit in the last place of 1 in single precision.
const ULP: f64 = 1.0 / 8_388_608.0;

fn states(problem: &Problem, engine: &mut dyn Engine) -> Vec<f64> {
    engine.init_tile(whole(problem)).expect("the tile fits");
    for checkpoint in &problem.timeline.checkpoints {
        engine.step(checkpoint, &|_| {}).expect("the engine steps");
    }
    engine.states().expect("the engine shows its states")
}

fn quadratic(eta: f64, steps: u32) -> Problem {
    problem(&format!(
        "[parameters]\nx = {{ start = \"uniform(-2, 2)\" }}\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\nkind = \"sgd\"\neta = {eta}\n\
         [noise]\nnormal = \"integer\"\n[ensemble]\nchains = 16_384\nduration = {{ steps = {steps} }}\nseed = 8\n"
    ))
}

/// A step rounds by at most a few ulp of the scale. The contraction 1 − ηλ accumulates them to 1/(ηλ) ulp at worst, and to about
/// 1/√(ηλ) if their signs are random.
#[test]
fn a_thousand_steps_of_a_quadratic_agree() {
    for eta in [0.01, 0.1, 1.0] {
        let problem = quadratic(eta, 1_000);
        let exact = states(&problem, &mut Cpu::<f64>::new(problem.task.clone()));
        let single = states(&problem, &mut Cpu::<f32>::new(problem.task.clone()));
        let mut gpu = Gpu::new(problem.task.clone(), device()).expect("the device runs it");
        let found = states(&problem, &mut gpu);
        // The largest |x| at the end; the contraction has erased the start.
        let scale = exact.iter().fold(0f64, |most, x| most.max(x.abs()));
        for (pair, a, b) in [
            ("CPU and device", &single, &found),
            ("f64 and device", &exact, &found),
            ("f64 and f32", &exact, &single),
        ] {
            let mut off: Vec<f64> = a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect();
            off.sort_by(f64::total_cmp);
            let (most, nearly_all) = (off[off.len() - 1], off[off.len() * 99 / 100]);
            assert!(
                most <= 8.0 * ULP * scale / eta,
                "{pair} at η = {eta}: {most:e}"
            );
            assert!(
                nearly_all <= 4.0 * ULP * scale / eta.sqrt(),
                "{pair} at η = {eta}: 99 % within {nearly_all:e}"
            );
        }
    }
}

/// Steps are numbered with 64 bits, although the divergence step has 32: a run may pass step 2³² or begin beyond it.
#[test]
fn steps_beyond_32_bits_agree() {
    let problem = quadratic(0.1, 1);
    let mut cpu = Cpu::<f32>::new(problem.task.clone());
    let mut gpu = Gpu::new(problem.task.clone(), device()).expect("the device runs it");
    for begin in [u64::from(u32::MAX) - 10, u64::from(u32::MAX), 1 << 33] {
        let segments = vec![Segment { begin, steps: 37 }];
        let checkpoint = Checkpoint {
            segments,
            phase: 0,
            measured: true,
        };
        let after = |engine: &mut dyn Engine| {
            engine.init_tile(whole(&problem)).expect("the tile fits");
            engine.step(&checkpoint, &|_| {}).expect("the engine steps");
            let seen = engine.observe().expect("the engine measures");
            let counted: u64 = seen[0].blocks.iter().map(|block| block[0].count).sum();
            assert_eq!(counted, 16_384);
            engine.states().expect("the engine shows its states")
        };
        let (a, b) = (after(&mut cpu), after(&mut gpu));
        let off = (a.iter().zip(&b)).fold(0f64, |most, (a, b)| most.max((a - b).abs()));
        // As above, with a scale of 2, where the chains start.
        assert!(off <= 8.0 * ULP * 2.0 / 0.1, "from step {begin}: {off:e}");
    }
}

/// The comparison above has power: with another seed nearly every chain ends elsewhere.
#[test]
fn another_stream_ends_elsewhere() {
    let problem = quadratic(0.1, 1_000);
    let other = {
        let mut task = problem.task.clone();
        task.stream = etascope::random::Stream::new(9, etascope::random::Purpose::Noise);
        task
    };
    let a = states(&problem, &mut Cpu::<f32>::new(problem.task.clone()));
    let b = states(&problem, &mut Cpu::<f32>::new(other));
    // Differences are normal with sd 0.3: one in 10⁴ is within 4e-5.
    let close = a
        .iter()
        .zip(&b)
        .filter(|(a, b)| (*a - *b).abs() <= 8.0 * ULP / 0.1)
        .count();
    assert!(close < a.len() / 1_000, "{close} of {} agree", a.len());
}

/// A step of a polynomial loss has known terms: x, σz, and ηg with every product of g. Each is correct to rounding, so the step is
/// correct to 4 ulp of the sum of their absolute values.
#[test]
fn one_step_of_polynomial_losses_is_within_four_ulp_of_its_terms() {
    let eta = 0.015625;
    type Terms = fn(f64) -> f64;
    let cases: [(&str, Terms); 3] = [
        ("x^2 / 2", |x| x.abs()),
        ("(x^2 - 1)^2 / 4", |x| x.abs().powi(3) + x.abs()),
        ("x^4 / 4 - x^3 + x", |x| x.abs().powi(3) + 3.0 * x * x + 1.0),
    ];
    for (formula, gradient_terms) in cases {
        let problem = problem(&format!(
            "[parameters]\nx = {{ start = \"uniform(-3, 3)\" }}\n[loss]\nformula = \"{formula}\"\n[dynamics]\nkind = \"sgd\"\neta = {eta}\n\
             [noise]\nnormal = \"integer\"\n[ensemble]\nchains = 65_536\nduration = {{ steps = 1 }}\nseed = 3\n"
        ));
        let mut gpu = Gpu::new(problem.task.clone(), device()).expect("the device runs it");
        gpu.init_tile(whole(&problem)).expect("the tile fits");
        let start = gpu.states().expect("the device shows its states");
        // Both start from the device's states, which are exact in single precision.
        let mut cpu = Cpu::<f64>::new(problem.task.clone());
        cpu.init_tile(whole(&problem)).expect("the tile fits");
        cpu.set_states(&start).expect("the CPU takes states");
        for checkpoint in &problem.timeline.checkpoints {
            gpu.step(checkpoint, &|_| {}).expect("the device steps");
            cpu.step(checkpoint, &|_| {}).expect("the CPU steps");
        }
        let (found, exact) = (gpu.states().expect("states"), cpu.states().expect("states"));
        for ((&x, found), exact) in start.iter().zip(found).zip(exact) {
            let noise = (exact - x + eta * problem.model.gradient(&[x])[0]).abs();
            let terms = x.abs() + eta * gradient_terms(x) + noise;
            assert!(
                (found - exact).abs() <= 4.0 * ULP * terms,
                "{formula} from {x}: {found} and {exact}"
            );
        }
    }
}
