//! Stage of programs: every operation, then losses with their gradients.

use super::check::{Check, Stage};
use super::models::{MODELS, problem, set_observed};
use super::rounding::{FloatModel, Tracked, share};
use super::subject::{Subject, worse};
use crate::engine::{EngineError, Task};
use crate::loss::{Graph, NodeId, Op, Program, Real, Shape, Varies};
use crate::plan::Layout;
use crate::random::NoiseLayout;
use crate::spec::NoiseKind;

/// Chains at which each loss is evaluated.
const CHAINS: u32 = 4_096;

/// Unit of the deviations of this stage.
const NOTE: &str = "share of the rounding error that the operations allow";

/// Checks every operation at the special points of its row in the operation table and over its
/// dense range.
pub(super) fn operations<P: FloatModel>(subject: &Subject<'_>) -> Result<Check, EngineError> {
    let points: Vec<(Op, [f64; 3])> = Op::ALL
        .iter()
        .flat_map(|&op| arguments::<P>(op).map(move |at| (op, at)))
        .collect();
    let task = operations_task(points.len() as u64);
    let mut engine = subject.engine(&task)?;
    let states: Vec<f64> = points.iter().flat_map(|(_, at)| *at).collect();
    engine.set_states(&states)?;
    let values = engine.values()?;
    let mut worst = (0.0, points[0]);
    for (&(op, at), values) in points.iter().zip(values.chunks(Op::ALL.len())) {
        let share = deviation::<P>(op, at, values[op as usize]);
        if share > worst.0 {
            worst = (share, (op, at));
        }
    }
    let (op, at) = worst.1;
    let what = format!("{} operations at {} points", Op::ALL.len(), points.len());
    let note = format!("{NOTE}; worst: {op:?} at {:?}", &at[..op.info().arity]);
    Ok(subject.check(Stage::Gradient, &what, worst.0, 1.0, &note))
}

/// Deviation of a device's result as a share of the allowed rounding. A device may replace a
/// subnormal argument by any number from zero to the smallest normal one, as Mesa's logarithm does.
fn deviation<P: FloatModel>(op: Op, at: [f64; 3], found: f64) -> f64 {
    let as_given = share(found, exact_result::<P>(op, at));
    let is_subnormal = |x: f64| x != 0.0 && x.abs() < P::LEAST;
    if as_given <= 1.0 || !at.into_iter().any(is_subnormal) {
        return as_given;
    }
    let replaced = |size: f64| {
        let number = |x: f64| if is_subnormal(x) { size.copysign(x) } else { x };
        exact_result::<P>(op, at.map(number))
    };
    let (zero, normal) = (replaced(0.0), replaced(P::LEAST));
    let between = (zero.value.min(normal.value)..=zero.value.max(normal.value)).contains(&found);
    if between {
        0.0
    } else {
        as_given.min(share(found, zero)).min(share(found, normal))
    }
}

fn exact_result<P: FloatModel>(op: Op, at: [f64; 3]) -> Tracked<P> {
    let [a, b, c] = at.map(Tracked::exact);
    op.apply(a, b, c)
}

/// Special points from the table, then dense points for functions of one argument.
fn arguments<P: FloatModel>(op: Op) -> impl Iterator<Item = [f64; 3]> {
    let row = op.info();
    let domain = |argument: usize| {
        if row.arity > argument {
            row.domain
        } else {
            &[0.0][..]
        }
    };
    let (second, third) = (domain(1), domain(2));
    let mut points: Vec<[f64; 3]> = Vec::new();
    for &a in row.domain {
        for &b in second {
            points.extend(third.iter().map(|&c| [a, b, c]));
        }
    }
    if let Some((from, to)) = row.dense {
        points.extend((0..=2_000).map(|k| [from + (to - from) * f64::from(k) / 2_000.0, 0.0, 0.0]));
    }
    points.into_iter().map(|point| point.map(P::nearest))
}

/// Task with three parameters that observes every operation on them; its step leaves them
/// unchanged.
fn operations_task(chains: u64) -> Task {
    let start = "a = 0.0\nb = 0.0\nc = 0.0";
    let mut task = problem(start, "a + b + c", "kind = \"sgd\"\neta = 0.1", "", 2, 1).task;
    let mut graph = Graph::new();
    let inputs: Vec<NodeId> = ["a", "b", "c"]
        .iter()
        .map(|name| graph.input(name, Shape::Scalar, Varies::PerChain))
        .collect();
    graph.input("unused", Shape::Scalar, Varies::PerPoint);
    let outputs: Vec<NodeId> = Op::ALL
        .iter()
        .map(|op| graph.map(*op, &inputs[..op.info().arity]))
        .collect();
    task.observe = Program::compile(&graph, &outputs);
    task.step = Program::compile_feedback(&graph, &inputs, &[(0, 0), (1, 1), (2, 2)]);
    task.noise = NoiseKind::TwoPoint;
    task.draws = 0;
    task.addresses = NoiseLayout::new(task.noise, 0);
    task.layout = Layout::new(chains, 1);
    set_observed(&mut task);
    for uniforms in task.uniforms.iter_mut().flatten() {
        uniforms.step = vec![0.0];
    }
    task
}

/// Checks losses and their gradients at random states.
pub(super) fn gradients<P: FloatModel>(subject: &Subject<'_>) -> Result<Check, EngineError> {
    let mut worst = (0.0, "");
    for model in &MODELS {
        let task = model.gradient_task(CHAINS);
        let mut engine = subject.engine(&task)?;
        let (states, values) = (engine.states()?, engine.values()?);
        let outputs = task.observe.output_count();
        for (state, values) in states.chunks(task.parameters).zip(values.chunks(outputs)) {
            let exact = evaluate::<P>(&task.observe, state);
            for (&found, exact) in values.iter().zip(exact) {
                let share = share(found, exact);
                if share > worst.0 {
                    worst = (share, model.name);
                }
            }
        }
    }
    let what = format!("{} losses and gradients at {CHAINS} states", MODELS.len());
    Ok(subject.check(
        Stage::Gradient,
        &what,
        worst.0,
        1.0,
        &format!("{NOTE}; worst: {}", worst.1),
    ))
}

fn evaluate<P: FloatModel>(program: &Program, state: &[f64]) -> Vec<Tracked<P>> {
    let mut rows = vec![[Tracked::ZERO]; program.row_count()];
    for (row, &value) in rows.iter_mut().zip(state) {
        row[0] = Tracked::exact(value);
    }
    program.prepare(&mut rows);
    program.run(&mut rows);
    (0..program.output_count())
        .map(|output| rows[program.output_row(output)][0])
        .collect()
}

/// Checks gradients in f64 against central differences of the losses, which tests the derivative
/// itself rather than its arithmetic.
pub(super) fn finite_differences() -> Vec<Check> {
    let mut worst = (0.0, "");
    for model in &MODELS {
        let problem = model.problem(256);
        let parameters = problem.names.len();
        for chain in 0..problem.task.layout.chains {
            let state: Vec<f64> = (0..parameters)
                .map(|k| problem.task.start.value(k, chain))
                .collect();
            let gradient = problem.model.gradient(&state);
            for (k, &found) in gradient.iter().enumerate() {
                let expected = central_difference(|x| problem.model.loss(x), &state, k);
                let off = worse(0.0, (found - expected).abs() / expected.abs().max(1.0));
                if off > worst.0 {
                    worst = (off, model.name);
                }
            }
        }
    }
    let subject = Subject::new("cpu f64", |_| {
        unreachable!("programs are evaluated without an engine")
    });
    let what = format!("{} gradients against finite differences", MODELS.len());
    // The error of a central difference is h² · L‴ / 6 where L is smooth and h · (jump of L″) / 4
    // within h of a kink of ∇L.
    let note = format!("central differences with h = 1e-5; worst: {}", worst.1);
    vec![subject.check(Stage::Gradient, &what, worst.0, 1e-5, &note)]
}

fn central_difference(loss: impl Fn(&[f64]) -> f64, state: &[f64], k: usize) -> f64 {
    const H: f64 = 1e-5;
    let at = |offset: f64| {
        let mut moved = state.to_vec();
        moved[k] += offset;
        loss(&moved)
    };
    (at(H) - at(-H)) / (2.0 * H)
}
