//! Results of a backend are bit-identical for any division of the work: segments, steps per dispatch, workgroups, tiles, threads,
//! vector instructions.

use crate::support::{device, problem, whole};
use etascope::compile::Problem;
use etascope::engine::gpu::{Gpu, Target, Tuning};
use etascope::engine::{AtPoint, Cpu, Divergence, Engine, Inspect, SimdLevel};
use etascope::loss::{DrawRows, Real};
use etascope::measure::{Comoments, Moments};
use etascope::plan::{Checkpoint, DispatchSizing, Segment, Tile};
use etascope::run::execute;

/// Steps on the CPU. Few, because without vector instructions fused multiply-adds run in software.
const CPU_STEPS: u32 = 17;

/// Steps on the device; only dispatches of one step divide them.
const DEVICE_STEPS: u32 = 101;

/// Experiments with two learning rates each. Their chains fill several blocks and end within a row.
const CASES: [(&str, &str); 8] = [
    (
        "one parameter",
        "[parameters]\nx = { start = \"uniform(-2, 2)\" }\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n",
    ),
    (
        "three parameters, the schedule changes η",
        "[parameters]\nw = { shape = [3], start = \"normal(0, 1)\" }\n[loss]\nformula = \"dot(w, w) / 2 + w[0] * w[1] / 3 + exp(-w[2])\"\n",
    ),
    (
        "six parameters: two noise blocks a step",
        "[parameters]\nW = { shape = [2, 3], start = \"normal(0, 1)\" }\n[loss]\nformula = \"sum(square(tanh(W @ [1, -1, 0.5]))) + sum(W * W) / 8\"\n",
    ),
    (
        "two-point noise",
        "[parameters]\nx = 0.5\n[loss]\nformula = \"x^2 / 2 + cos(x)\"\n[noise]\nkind = \"two-point\"\n",
    ),
    (
        "Box–Muller, noise that depends on the state",
        "[parameters]\nx = 0.5\ny = 1.0\n[loss]\nformula = \"x^2 / 2 + (x - y)^2\"\n[noise]\nnormal = \"box-muller\"\nsigma = \"sqrt(1 + x^2 / 4)\"\n",
    ),
    (
        "Box–Muller of 16 bits",
        "[parameters]\nx = 0.5\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n[noise]\nnormal = \"box-muller-16\"\n",
    ),
    (
        "Box–Muller of 16 bits, three blocks a step",
        "[parameters]\nw = { shape = [20], start = 0.5 }\n[loss]\nformula = \"dot(w, w) / 2\"\n[noise]\nnormal = \"box-muller-16\"\n",
    ),
    (
        // Beyond |x| = √(2/η + 1) the cubic gradient overshoots further with every step.
        "chains that diverge",
        "[parameters]\nx = { start = \"uniform(-8, 8)\" }\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n",
    ),
];

fn case(index: usize, steps: u32) -> Problem {
    let (name, text) = CASES[index];
    let schedule = if name.contains("schedule") {
        "schedule = [{ at = 0.4, factor = 0.5 }]\n"
    } else {
        ""
    };
    problem(&format!(
        "{text}[dynamics]\nkind = \"sgd\"\neta = [0.05, 0.1]\n{schedule}\
         [ensemble]\nchains = 33_001\nduration = {{ steps = {steps} }}\nseed = 5\n[measure]\ntrace = 3\n"
    ))
}

/// All results of a run, as bits.
#[derive(PartialEq)]
struct RunBits {
    states: Vec<u64>,
    moments: Vec<u8>,
    covariances: Vec<u64>,
    histograms: Vec<u64>,
    diverged: Vec<(u64, Option<u64>)>,
}

impl std::fmt::Debug for RunBits {
    /// A short form: the bits would fill pages, and the assertions name the part that differs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} states, diverged {:?}",
            self.states.len(),
            self.diverged
        )
    }
}

fn run_bits(problem: &Problem, engine: &mut dyn Engine, tiles: usize) -> RunBits {
    let tiles = cut(problem, tiles);
    let records = execute(problem, engine, &tiles, &|_| {}).expect("the engine runs it");
    let mut states = Vec::new();
    for &tile in &tiles {
        engine.init_tile(tile).expect("the tile fits");
        for checkpoint in &problem.timeline.checkpoints {
            engine.step(checkpoint, &|_| {}).expect("the engine steps");
        }
        states.extend(
            engine
                .states()
                .expect("the engine shows its states")
                .iter()
                .map(|x| x.to_bits()),
        );
    }
    let moments: Vec<Moments> = records
        .iter()
        .flat_map(|r| r.trace.iter().flat_map(|(_, all)| all.clone()))
        .collect();
    let numbers = |c: &Comoments| {
        c.mean
            .iter()
            .chain(&c.upper)
            .map(|x| x.to_bits())
            .collect::<Vec<u64>>()
    };
    RunBits {
        states,
        moments: bytemuck::cast_slice(&moments).to_vec(),
        covariances: records
            .iter()
            .filter_map(|r| r.covariance.as_ref())
            .flat_map(numbers)
            .collect(),
        histograms: (records.iter().flat_map(|r| &r.histograms))
            .flat_map(|h| [&h.counts[..], &[h.below, h.above, h.outside, h.nan]].concat())
            .collect(),
        diverged: records
            .iter()
            .map(|r| (r.divergence.count, r.divergence.first_step))
            .collect(),
    }
}

/// Divides the ensemble into `tiles` tiles of about equal size.
fn cut(problem: &Problem, tiles: usize) -> Vec<Tile> {
    let blocks = problem.task.layout.blocks();
    assert!(blocks >= tiles as u64, "as many blocks as tiles");
    (0..tiles as u64)
        .map(|tile| {
            let first_block = tile * blocks / tiles as u64;
            Tile {
                first_block,
                blocks: (tile + 1) * blocks / tiles as u64 - first_block,
            }
        })
        .collect()
}

fn assert_same(found: &RunBits, expected: &RunBits, what: &str) {
    assert!(found.states == expected.states, "states: {what}");
    assert!(found.diverged == expected.diverged, "divergence: {what}");
    assert!(found.moments == expected.moments, "moments: {what}");
    assert!(
        found.covariances == expected.covariances,
        "covariances: {what}"
    );
    assert!(
        found.histograms == expected.histograms,
        "histograms: {what}"
    );
}

fn on_cpu<T: Real + From<f32>>(
    problem: &Problem,
    level: SimdLevel,
    threads: usize,
    tiles: usize,
) -> RunBits {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("a few threads");
    pool.install(|| {
        run_bits(
            problem,
            &mut Cpu::<T>::with_level(problem.task.clone(), level),
            tiles,
        )
    })
}

fn cpu_results_are_bit_identical<T: Real + From<f32>>(precision: &str) {
    for (index, (name, _)) in CASES.iter().enumerate() {
        let problem = case(index, CPU_STEPS);
        let expected = on_cpu::<T>(&problem, SimdLevel::best(), 2, 1);
        assert_eq!(
            expected.diverged.iter().any(|d| d.0 > 0),
            name.contains("diverge"),
            "{name}: {expected:?}"
        );
        for (level, threads, tiles) in (SimdLevel::available()
            .into_iter()
            .map(|level| (level, 2, 1)))
        .chain([
            (SimdLevel::best(), 1, 1),
            (SimdLevel::best(), 3, 1),
            (SimdLevel::best(), 2, 5),
        ]) {
            let what = format!("{name}, {precision}, {level:?}, {threads} threads, {tiles} tiles");
            assert_same(
                &on_cpu::<T>(&problem, level, threads, tiles),
                &expected,
                &what,
            );
        }
    }
}

#[test]
fn single_precision_results_are_bit_identical() {
    cpu_results_are_bit_identical::<f32>("f32");
}

#[test]
fn double_precision_results_are_bit_identical() {
    cpu_results_are_bit_identical::<f64>("f64");
}

/// Lengths of segments. For every kind of noise, noise blocks begin and end within segments, and some segments contain whole ones.
const SEGMENT_STEPS: [u64; 8] = [3, 1, 8, 5, 64, 70, 128, 21];

/// States, as bits, and divergence.
type After = (Vec<u64>, Vec<AtPoint<Divergence>>);

/// States and divergence after each of [`SEGMENT_STEPS`], run in pieces of at most `longest` steps.
fn after_segments(problem: &Problem, engine: &mut dyn Engine, longest: u64) -> Vec<After> {
    engine.init_tile(whole(problem)).expect("the tile fits");
    let (mut begin, mut after) = (0, Vec::new());
    for length in SEGMENT_STEPS {
        let end = begin + length;
        while begin < end {
            let steps = longest.min(end - begin);
            let checkpoint = Checkpoint {
                segments: vec![Segment { begin, steps }],
                phase: 0,
                measured: true,
            };
            engine.step(&checkpoint, &|_| {}).expect("the engine steps");
            begin += steps;
        }
        let states = engine.states().expect("the engine shows its states");
        let diverged = engine.divergence().expect("the engine counts");
        after.push((states.iter().map(|x| x.to_bits()).collect(), diverged));
    }
    after
}

/// Separable programs run unrolled steps. Segments of one step prevent that, and give the same bits.
fn unrolled_steps_equal_single_steps<T: Real + From<f32>>() {
    let wells = |count: u32| {
        let start = "start = \"uniform(-2, 2)\"";
        let formula = "sum(square(square(w) - 1)) / 4";
        let text = format!(
            "[parameters]\nw = {{ shape = [{count}], {start} }}\n[loss]\nformula = \"{formula}\"\n"
        );
        (text, true)
    };
    let cases = [
        wells(1),
        wells(2),
        wells(3),
        wells(5),
        wells(17),
        (
            // |x| grows by a twentieth per step: chains diverge within a block, after unrolled steps of it.
            "[parameters]\nx = { start = \"uniform(-1, 1)\" }\n[loss]\nformula = \"-x^2 / 4\"\n".to_owned(),
            true,
        ),
        (
            // Not separable: the factor of the gradient changes.
            "[parameters]\nw = { shape = [1], start = \"uniform(-2, 2)\" }\n[loss]\nformula = \"(dot(w, w) - 1)^2 / 4\"\n".to_owned(),
            false,
        ),
    ];
    let noises = [
        "kind = \"two-point\"",
        "kind = \"three-point\"",
        "normal = \"integer\"",
        "normal = \"box-muller-16\"",
    ];
    for (text, is_separable) in &cases {
        for noise in noises {
            let problem = problem(&format!(
                "{text}[noise]\n{noise}\n[dynamics]\nkind = \"sgd\"\neta = 0.1\n\
                 [ensemble]\nchains = 300\nduration = {{ steps = 300 }}\nseed = 6\nbound = 50.0\n"
            ));
            let task = &problem.task;
            let draws = DrawRows {
                first: task.state,
                count: task.draws as usize,
                steps: 2,
            };
            let what = format!("{text}{noise}");
            assert_eq!(task.step.unroll(draws).is_some(), *is_separable, "{what}");
            for level in SimdLevel::available() {
                let run = |longest| {
                    let mut engine = Cpu::<T>::with_level(task.clone(), level);
                    after_segments(&problem, &mut engine, longest)
                };
                let expected = run(1);
                for longest in [5, u64::MAX] {
                    let found = run(longest);
                    assert!(found == expected, "{what}, {level:?}, at most {longest}");
                }
                let (_, diverged) = expected.last().expect("several segments");
                let any = diverged.iter().any(|point| point.value.count > 0);
                assert_eq!(any, text.contains("-x^2"), "{what}: divergence");
            }
        }
    }
}

#[test]
fn unrolled_steps_equal_single_steps_in_single_precision() {
    unrolled_steps_equal_single_steps::<f32>();
}

#[test]
fn unrolled_steps_equal_single_steps_in_double_precision() {
    unrolled_steps_equal_single_steps::<f64>();
}

/// Infinite values count as diverged, even if the bound is beyond the range of single precision.
#[test]
fn infinite_chains_diverge_for_any_bound() {
    let problem = problem(
        "[parameters]\nx = 1.0\n[loss]\nformula = \"-x^2 / 2\"\n[noise]\nsigma = 0.0\n\
         [dynamics]\nkind = \"sgd\"\neta = 1.0\n\
         [ensemble]\nchains = 128\nduration = { steps = 140 }\nbound = 1e300\n",
    );
    for (name, mut engine) in crate::truth::verdict::engines(&problem) {
        engine.init_tile(whole(&problem)).expect("it fits");
        for checkpoint in &problem.timeline.checkpoints {
            engine.step(checkpoint, &|_| {}).expect("the engine steps");
        }
        let diverged = engine.divergence().expect("the engine counts");
        let expected = if name.contains("f64") {
            Divergence::default()
        } else {
            Divergence {
                count: 128,
                first_step: Some(128),
            }
        };
        let expected = AtPoint {
            point: 0,
            value: expected,
        };
        assert_eq!(diverged, [expected], "{name}: 2^128 is infinite");
    }
}

/// Rows are measured in parallel and merged. Each block's moments equal, bit by bit, those merged row by row, without the chains
/// whose loss is NaN. The ensemble has more blocks than are measured at a time.
#[test]
fn moments_equal_those_merged_row_by_row() {
    let problem = problem(
        "[parameters]\nx = { start = \"uniform(-1.05, 2)\" }\n[loss]\nformula = \"x - log(x + 1)\"\n\
         [dynamics]\nkind = \"sgd\"\neta = 0.1\n[ensemble]\nchains = 70_001\n",
    );
    let (layout, outputs) = (problem.task.layout, problem.task.observe.output_count());
    let mut engine = Cpu::<f32>::new(problem.task.clone());
    engine.init_tile(whole(&problem)).expect("it fits");
    let observations = engine.observe().expect("the engine measures");
    let [observation] = &observations[..] else {
        panic!("there is one point")
    };
    let values = engine.values().expect("the engine shows its values");
    let mut chains = values.chunks_exact(outputs);
    assert!(layout.blocks() > 4 && observation.blocks.len() as u64 == layout.blocks());
    for (block, found) in (0..).zip(&observation.blocks) {
        let mut remaining = layout.filled(block) as usize;
        let mut expected = vec![Moments::default(); outputs];
        while remaining > 0 {
            let filled = remaining.min(128);
            let row: Vec<&[f64]> = chains.by_ref().take(filled).collect();
            for (output, expected) in expected.iter_mut().enumerate() {
                let numbers = row.iter().map(|chain| chain[output]);
                let alive: Vec<f64> = numbers.filter(|x| !x.is_nan()).collect();
                expected.merge(&Moments::from_slice(&alive));
            }
            remaining -= filled;
        }
        assert!(*found == expected, "block {block}");
        // A fraction 0.05/3.05 of the chains starts below −1, where the logarithm is NaN: 229 ± 15 of at least 14,000 chains.
        let diverged = layout.filled(block) - found[0].count;
        assert!(
            layout.filled(block) < 14_000 || (140..=320).contains(&diverged),
            "{diverged}"
        );
    }
}

#[test]
fn device_results_are_bit_identical() {
    let open = device();
    for (index, (name, _)) in CASES.iter().enumerate() {
        let problem = case(index, DEVICE_STEPS);
        let run = |workgroup, steps, tiles, target| {
            let tuning = Tuning {
                workgroup,
                target: Some(target),
                dispatch_sizing: DispatchSizing::fixed(steps),
                ..Tuning::default()
            };
            let gpu = Gpu::with(problem.task.clone(), open.clone(), tuning);
            run_bits(&problem, &mut gpu.expect("the device runs it"), tiles)
        };
        let expected = run(64, 64, 1, Target::Software);
        assert_eq!(
            expected.diverged.iter().any(|d| d.0 > 0),
            name.contains("diverge"),
            "{name}: {expected:?}"
        );
        for (workgroup, steps, tiles, target) in [
            (64, 64, 1, Target::Software),
            (64, 64, 1, Target::Hardware),
            (64, 1, 1, Target::Software),
            (64, 7, 1, Target::Software),
            (32, 64, 1, Target::Software),
            (128, 64, 1, Target::Software),
            (64, 64, 5, Target::Hardware),
        ] {
            let what = format!(
                "{name}, workgroups of {workgroup}, {steps} steps a dispatch, {tiles} tiles, for {target:?}"
            );
            assert_same(&run(workgroup, steps, tiles, target), &expected, &what);
        }
    }
}

/// Inactive sweep points are not measured, and the results of the active ones do not change by a bit.
#[test]
fn inactive_points_are_skipped() {
    let moments = |engine: &mut dyn Engine| -> Vec<(usize, Vec<Moments>)> {
        let seen = engine.observe().expect("observations");
        seen.iter().map(|o| (o.point, o.moments())).collect()
    };
    // Case 7 has chains that diverge.
    for index in [0, 1, 7] {
        let problem = case(index, CPU_STEPS);
        for (name, mut engine) in crate::truth::verdict::engines(&problem) {
            engine.init_tile(whole(&problem)).expect("it fits");
            for checkpoint in &problem.timeline.checkpoints {
                engine.step(checkpoint, &|_| {}).expect("the engine steps");
            }
            let all = moments(&mut *engine);
            let values = engine.values().expect("values");
            assert_eq!(all.len(), 2, "{name}: two learning rates");
            let half = values.len() / 2;
            for (point, range) in [(0, 0..half), (1, half..values.len())] {
                engine.set_active_points(&[point == 0, point == 1]);
                assert_eq!(moments(&mut *engine), all[point..=point], "{name}");
                let bits = |values: &[f64]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                let seen = engine.values().expect("values");
                assert_eq!(bits(&seen), bits(&values[range]), "{name}");
            }
            engine.set_active_points(&[true, true]);
            assert_eq!(moments(&mut *engine), all, "{name}");
        }
    }
}
