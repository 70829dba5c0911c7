//! The plan of a run: everything that is decided before it starts, and a short timing of its first steps.

use super::choose::{Chosen, choose};
use super::error::Error;
use super::options::Options;
use crate::compile::Problem;
use crate::engine::EngineError;
use crate::plan::{Checkpoint, Segment, Tile};
use crate::report::number::{count, duration, engineering};
use crate::spec::Experiment;
use std::time::{Duration, Instant};

/// Shortest timing that gives a speed to predict from.
const PROBE: Duration = Duration::from_millis(100);

/// Label and text of one part of the plan.
type Row = (String, String);

/// Describes how an experiment would run. Runs some steps of the first tile to predict
/// the time, and writes nothing.
///
/// # Errors
/// As [`Experiment::run`].
pub fn explain(experiment: Experiment, options: &Options) -> Result<Vec<Row>, Error> {
    let problem = Problem::with_precision(experiment, options.precision)?;
    let mut chosen = choose(&problem, options)?;
    let mut rows = vec![
        row("experiment", experiment_row(&problem)),
        row("backend", backend_row(&chosen)),
        row("tiles", tiles_row(&problem, &chosen)),
        row("memory", memory_row(&problem, &chosen)),
        row("checkpoints", checkpoints_row(&problem)),
        row("programs", programs_row(&problem)),
    ];
    rows.extend(chosen.engine.explain());
    let rate = rayon::scope(|_| measure_rate(&problem, &mut chosen))?;
    rows.push(row("time", time_row(&problem, rate)));
    Ok(rows)
}

fn row(label: &str, text: String) -> Row {
    (label.to_owned(), text)
}

fn experiment_row(problem: &Problem) -> String {
    let experiment = &problem.experiment;
    format!(
        "{}: {}, {}, {}, {} chains each, seed {}",
        experiment.name,
        experiment.dynamics.kind.value.name(),
        plural(problem.names.len() as u64, "parameter"),
        plural(problem.points.len() as u64, "learning rate"),
        count(experiment.ensemble.chains),
        experiment.ensemble.seed,
    )
}

fn plural(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

fn backend_row(chosen: &Chosen) -> String {
    let details = [&chosen.adapter, &chosen.driver];
    let mut text = chosen.backend.to_owned();
    for detail in details.into_iter().flatten() {
        text += &format!(", {detail}");
    }
    format!(
        "{text}, {}; because {}",
        chosen.precision.name(),
        chosen.reason
    )
}

fn tiles_row(problem: &Problem, chosen: &Chosen) -> String {
    let most = chosen.tiles.iter().map(|&tile| chains(problem, tile)).max();
    format!(
        "{} of up to {} chains",
        count(chosen.tiles.len() as u64),
        count(most.unwrap_or(0))
    )
}

/// Chains in a tile, over all its learning rates.
fn chains(problem: &Problem, tile: Tile) -> u64 {
    tile.range()
        .map(|block| problem.task.layout.filled(block))
        .sum()
}

fn memory_row(problem: &Problem, chosen: &Chosen) -> String {
    let most = chosen
        .tiles
        .iter()
        .map(|tile| tile.blocks)
        .max()
        .unwrap_or(0);
    let bytes = most * problem.task.layout.block_slots() * chosen.bytes_per_chain;
    format!(
        "{}B per tile, {} bytes per chain",
        engineering(bytes as f64),
        chosen.bytes_per_chain
    )
}

fn checkpoints_row(problem: &Problem) -> String {
    if problem.experiment.ensemble.is_adaptive() {
        return format!(
            "decided during the run, at most {} steps at each learning rate",
            count(problem.experiment.ensemble.at_most)
        );
    }
    let all = &problem.timeline.checkpoints;
    let measured = all.iter().filter(|checkpoint| checkpoint.measured).count();
    format!(
        "{}, {measured} of them measured, {} steps over all learning rates",
        all.len(),
        count(problem.timeline.total_steps())
    )
}

fn programs_row(problem: &Problem) -> String {
    format!(
        "{} operations per step, {} per measurement",
        problem.task.step.operations(),
        problem.task.observe.operations()
    )
}

fn time_row(problem: &Problem, rate: Option<f64>) -> String {
    let Some(rate) = rate else {
        return "not predicted: the first tile has too few steps to time".to_owned();
    };
    let speed = format!("{} chain-steps/s over the first steps", engineering(rate));
    if problem.experiment.ensemble.is_adaptive() {
        return format!("not predicted, because the run decides its length; {speed}");
    }
    let work = problem.timeline.total_steps() as f64 * problem.task.layout.chains as f64;
    format!(
        "about {} without measurements: {speed}",
        duration(work / rate)
    )
}

/// Chain-steps per second over the first steps of the first tile; `None` if the run is too short to tell.
///
/// The number of steps doubles until one timing is long enough.
fn measure_rate(problem: &Problem, chosen: &mut Chosen) -> Result<Option<f64>, EngineError> {
    let tile = chosen.tiles[0];
    chosen.engine.init_tile(tile)?;
    let limit = problem
        .points
        .iter()
        .map(|point| point.steps)
        .min()
        .unwrap_or(0);
    let (mut begin, mut steps) = (0, 16);
    let mut rate = None;
    while begin + steps <= limit {
        let checkpoint = Checkpoint {
            segments: vec![Segment { begin, steps }; problem.points.len()],
            phase: 0,
            measured: false,
        };
        let started = Instant::now();
        chosen.engine.step(&checkpoint, &|_| {})?;
        // A backend that works asynchronously has finished when its counts are read.
        chosen.engine.divergence()?;
        let elapsed = started.elapsed();
        rate = Some((chains(problem, tile) * steps) as f64 / elapsed.as_secs_f64());
        if elapsed > PROBE {
            break;
        }
        begin += steps;
        steps *= 2;
    }
    Ok(rate)
}
