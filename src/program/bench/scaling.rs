//! Scaling of costs with chains, steps, parameters, learning rates, bins, measurements and threads,
//! and from a loss to its gradient. The values of an axis are timed in turns.

use super::error::BenchError;
use super::selection::Selection;
use super::target::{Loaded, Target};
use super::timing::{Candidate, Effort, Work, interleaved, ratio, timed};
use super::workload::{DOUBLE_WELL, problem};
use crate::engine::HistogramRequest;
use crate::loss::{self, Graph, Names, NodeId, Program, Shape, Varies};
use crate::measure::Axis;
use crate::plan::LANES;
use crate::program::output::{ScalingRow, Spread};
use crate::run;
use bytemuck::{Pod, Zeroable};
use rayon::ThreadPoolBuilder;

/// Axis of the scaling measurements: the quantity that grows and the unit of cost.
struct ScalingAxis<'a> {
    axis: &'static str,
    unit: &'static str,
    target: &'a Target,
    values: Vec<(u64, Candidate<'a>)>,
}

/// Amount of work at each value.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// Largest number of chains.
    chains: u64,
    /// Largest number of steps.
    steps: u64,
    /// Chain-steps of one run, where they are the same for all values.
    work: u64,
    /// Chains and steps of a run with measurements.
    run: [u64; 2],
}

type Make = fn(&Target, Size) -> Result<ScalingAxis<'_>, BenchError>;

/// Axes of all targets.
const AXES: [(&str, Make); 6] = [
    ("chains", chains),
    ("steps", steps),
    ("parameters", parameters),
    ("learning rates", points),
    ("bins", bins),
    ("measurements", measurements),
];

/// Axes of processors only.
const ON_PROCESSORS: [(&str, Make); 2] = [("threads", threads), (OUTPUTS, gradient)];

/// Names of all axes.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    AXES.into_iter().chain(ON_PROCESSORS).map(|(axis, _)| axis)
}

pub(super) fn measure(
    targets: &[Target],
    choice: Selection<'_>,
    effort: Effort,
    announce: &dyn Fn(&str),
) -> Result<Vec<ScalingRow>, BenchError> {
    let size = if choice.quick {
        Size {
            chains: 100_000,
            steps: 1_000,
            work: 1 << 20,
            run: [1 << 13; 2],
        }
    } else {
        Size {
            chains: 10_000_000,
            steps: 1_000_000,
            work: 1 << 26,
            run: [1 << 16, 1 << 14],
        }
    };
    let mut rows = Vec::new();
    // The vector width does not change how a cost scales, so only the widest is timed.
    let targets = targets.iter().filter(|target| target.is_for_runs());
    for target in targets {
        let everywhere = AXES.iter();
        let processors = (ON_PROCESSORS.iter()).filter(|_| target.level().is_some());
        for &(axis, make) in everywhere
            .chain(processors)
            .filter(|(axis, _)| choice.contains(axis))
        {
            announce(&format!("{axis}, {}", target.label()));
            rows.extend(make(target, size)?.rows(effort)?);
        }
    }
    Ok(rows)
}

impl<'a> ScalingAxis<'a> {
    fn new(
        axis: &'static str,
        unit: &'static str,
        target: &'a Target,
        values: impl Iterator<Item = Result<(u64, Candidate<'a>), BenchError>>,
    ) -> Result<Self, BenchError> {
        Ok(Self {
            axis,
            unit,
            target,
            values: values.collect::<Result<_, _>>()?,
        })
    }

    /// Times all values. Costs are also given relative to that of the largest value.
    fn rows(self, effort: Effort) -> Result<Vec<ScalingRow>, BenchError> {
        let (values, mut candidates): (Vec<u64>, Vec<Candidate<'_>>) =
            self.values.into_iter().unzip();
        let rates = interleaved(effort, &mut candidates)?;
        let last = rates.last().cloned().unwrap_or_default();
        let row = |(value, rates): (u64, &Vec<f64>)| ScalingRow {
            axis: self.axis.to_owned(),
            target: self.target.label(),
            value,
            unit: self.unit.to_owned(),
            cost: Spread::of(rates.iter().map(|rate| 1.0 / rate).collect()),
            // A cost is the inverse of a rate.
            relative: ratio(&last, rates),
        };
        Ok(values.into_iter().zip(&rates).map(row).collect())
    }
}

/// Fewest steps of one run. With fewer steps the start of a dispatch and memory transfers would
/// dominate.
const LEAST_STEPS: u64 = 256;

/// Axis that compares a gradient with its loss.
const OUTPUTS: &str = "outputs of a network";

/// Candidate that steps `chains` chains for `steps` steps. A chain-step counts as `units` units.
fn stepping<'a>(
    target: &'a Target,
    text: &str,
    chains: u64,
    steps: u64,
    units: u64,
) -> Result<Candidate<'a>, BenchError> {
    let problem = problem(text, chains, &[], None)?;
    let mut loaded = target.engine(&problem.task)?;
    let units = (chains * problem.task.layout.points as u64 * units) as f64;
    let work: Work<'a> = Box::new(move |steps| loaded.advance(steps));
    Candidate::with_steps(units, steps.max(1), work)
}

fn decades(from: u64, to: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(from), |value| Some(value * 10)).take_while(move |v| *v <= to)
}

fn chains(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    let values = decades(100, size.chains).map(|chains| {
        let steps = (size.work / chains).max(LEAST_STEPS);
        Ok((chains, stepping(target, DOUBLE_WELL, chains, steps, 1)?))
    });
    ScalingAxis::new("chains", "chain-step", target, values)
}

fn steps(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    let values = decades(10, size.steps)
        .map(|steps| Ok((steps, stepping(target, DOUBLE_WELL, 1 << 12, steps, 1)?)));
    ScalingAxis::new("steps", "chain-step", target, values)
}

fn parameters(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    const CHAINS: u64 = 1 << 11;
    let all = [1, 3, 10, 30, 100, 300, 1000, 2000_u64];
    let values = all.into_iter().map(|count| {
        let text = format!(
            "[parameters]\nw = {{ shape = [{count}], start = 1.0 }}\n[loss]\nformula = \"sum((w^2 - 1)^2) / 4\"\n\
             [dynamics]\nkind = \"langevin\"\neta = 0.1\ndt = 0.01\n"
        );
        let steps = size.work / 4 / CHAINS / count;
        Ok((count, stepping(target, &text, CHAINS, steps, count)?))
    });
    ScalingAxis::new("parameters", "chain-step and parameter", target, values)
}

fn points(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    const CHAINS: u64 = 1 << 13;
    let values = [1, 2, 4, 8, 16, 32, 64_u64].into_iter().map(|count| {
        let etas: Vec<String> = (0..count)
            .map(|k| format!("{}", 0.1 + 0.001 * k as f64))
            .collect();
        let text = DOUBLE_WELL.replace("eta = 0.1", &format!("eta = [{}]", etas.join(", ")));
        let steps = (size.work / CHAINS / count).max(LEAST_STEPS);
        Ok((count, stepping(target, &text, CHAINS, steps, 1)?))
    });
    ScalingAxis::new("learning rates", "chain-step", target, values)
}

fn bins(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    let chains = size.work >> 8;
    let values = [10, 100, 1000, 4096_u32].into_iter().map(|bins| {
        let mut task = problem(DOUBLE_WELL, chains, &[], None)?.task;
        task.histograms = vec![HistogramRequest {
            outputs: vec![task.first_parameter],
            bins: vec![bins],
        }];
        let mut loaded = target.engine(&task)?;
        loaded.advance(100)?;
        let axis = Axis::new(-2.0, 2.0, bins).expect("a range that divides");
        let axes = vec![vec![vec![axis]]];
        let work: Work<'_> = Box::new(move |times| {
            let counted = || -> Result<(), BenchError> {
                for _ in 0..times {
                    std::hint::black_box(loaded.engine.histograms(&axes)?);
                }
                Ok(())
            };
            timed(counted).map(|((), taken)| taken)
        });
        let candidate = Candidate::with_steps(chains as f64, 4, work)?;
        Ok((u64::from(bins), candidate))
    });
    ScalingAxis::new("bins", "chain counted", target, values)
}

/// Axis of the number of measurements in a run. The time is that of a complete run, from the start of the chains to
/// the last reduction.
fn measurements(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    let [chains, steps] = size.run;
    let values = [1, 10, 100_u64].into_iter().map(|count| {
        let settings = [("ensemble.duration.steps", steps), ("measure.trace", count)];
        let problem = problem(DOUBLE_WELL, chains, &settings, None)?;
        let mut loaded = target.engine(&problem.task)?;
        let work: Work<'_> = Box::new(move |_| {
            let Loaded { engine, tiles, .. } = &mut loaded;
            let ran = || run::execute(&problem, engine.as_mut(), tiles, &|_| {});
            Ok(timed(ran).map(|(_, taken)| taken)?)
        });
        let candidate = Candidate::with_steps((chains * steps) as f64, 1, work)?;
        Ok((count, candidate))
    });
    ScalingAxis::new("measurements", "chain-step", target, values)
}

fn threads(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    const CHAINS: u64 = 1 << 15;
    let most = rayon::current_num_threads() as u64;
    let counts = (1..=most).filter(|count| count.is_power_of_two() || *count == most);
    let values = counts.map(|count| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(count as usize)
            .build()
            .map_err(|error| BenchError::Threads(error.to_string()))?;
        let problem = problem(DOUBLE_WELL, CHAINS, &[], None)?;
        let mut loaded = target.engine(&problem.task)?;
        let work: Work<'_> = Box::new(move |steps| pool.install(|| loaded.advance(steps)));
        let candidate = Candidate::with_steps(CHAINS as f64, size.work / CHAINS, work)?;
        Ok((count, candidate))
    });
    ScalingAxis::new("threads", "chain-step", target, values)
}

/// Row that starts on a cache line, as the engine's rows do. Without the alignment a loss or its
/// gradient may take 1.5 times as long.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct AlignedRow([f32; LANES as usize]);

/// Loss of a network at one example with 1 output, and loss with gradient with 1,951 outputs.
fn gradient(target: &Target, size: Size) -> Result<ScalingAxis<'_>, BenchError> {
    let Some(level) = target.level() else {
        unreachable!("the processor alone runs programs by themselves")
    };
    let values = network().into_iter().map(|program| {
        let outputs = program.output_count() as u64;
        let mut rows: Vec<AlignedRow> = vec![Zeroable::zeroed(); program.row_count()];
        let on_lines = bytemuck::cast_slice_mut::<_, [f32; LANES as usize]>(&mut rows);
        for (row, k) in on_lines.iter_mut().zip(0..program.input_count()) {
            row.fill((k as f32).sin());
        }
        program.prepare(on_lines);
        let work: Work<'_> = Box::new(move |times| {
            let ran = || -> Result<(), BenchError> {
                let rows = bytemuck::cast_slice_mut::<_, [f32; LANES as usize]>(&mut rows);
                for _ in 0..times {
                    level.run(&program, rows);
                }
                std::hint::black_box(rows);
                Ok(())
            };
            timed(ran).map(|((), taken)| taken)
        });
        let times = size.work >> 16;
        let candidate = Candidate::with_steps(f64::from(LANES), times, work)?;
        Ok((outputs, candidate))
    });
    ScalingAxis::new(OUTPUTS, "evaluation", target, values)
}

/// Programs of a network with 1,950 parameters: the loss, and the loss with its gradient.
fn network() -> [Program; 2] {
    const TEXT: &str =
        "h = tanh(W2 @ tanh(W1 @ u + b1) + b2)\ns = W3 @ h + b3\nlogsumexp(s) - dot(y, s)";
    let shapes = [
        ("W1", Shape::Matrix(36, 10)),
        ("b1", Shape::Vector(36)),
        ("W2", Shape::Matrix(36, 36)),
        ("b2", Shape::Vector(36)),
        ("W3", Shape::Matrix(6, 36)),
        ("b3", Shape::Vector(6)),
        ("u", Shape::Vector(10)),
        ("y", Shape::Vector(6)),
    ];
    let mut graph = Graph::new();
    let inputs = shapes.map(|(name, shape)| (name, graph.input(name, shape, Varies::PerChain)));
    let names: Names = inputs
        .iter()
        .map(|(name, node)| ((*name).to_owned(), *node))
        .collect();
    let loss = loss::formula(&mut graph, &names, TEXT).expect("the formula above is right");
    let alone = Program::compile(&graph, &[loss]);
    let parameters: Vec<NodeId> = inputs[..6].iter().map(|(_, node)| *node).collect();
    let mut outputs = graph.gradient(loss, &parameters);
    outputs.push(loss);
    [alone, Program::compile(&graph, &outputs)]
}
