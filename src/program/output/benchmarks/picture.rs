//! Pictures of `etascope bench`.

use super::{Benchmarks, ScalingRow, Spread, TargetLabel, ThroughputRow};
use crate::measure::Estimate;
use crate::report::picture::{Bar, Bars, Panels, Series, Style, bars, panels};

/// Draws chain-steps per second on a logarithmic axis, a row for each workload and target.
pub(super) fn throughput(found: &Benchmarks) -> String {
    let targets = targets(found.throughput.iter().map(|row| &row.target));
    let mut rows: Vec<(String, Vec<Bar>)> = Vec::new();
    for row in found.throughput.iter().filter(|row| row.parameters > 0) {
        let bar = bar(row, index_of(&targets, &row.target.to_string()));
        match rows.last_mut().filter(|(name, _)| *name == row.workload) {
            Some((_, all)) => all.push(bar),
            None => rows.push((row.workload.clone(), vec![bar])),
        }
    }
    bars(&Bars {
        title: "Chain-steps per second".to_owned(),
        subtitles: found
            .provenance
            .iter()
            .filter(|(label, _)| *label == "processor")
            .map(|(_, value)| value.clone())
            .collect(),
        unit: "chain-steps per second".to_owned(),
        colors: targets,
        mark: "if random numbers were all".to_owned(),
        rows,
    })
}

fn bar(row: &ThroughputRow, color: usize) -> Bar {
    let Spread { low, median, high } = row.rate;
    Bar {
        color,
        low,
        median,
        high,
        mark: row.limit.map(|limit| limit.median),
    }
}

/// Draws costs relative to that at the greatest value: a panel for each growing quantity, a curve for
/// each target.
pub(super) fn scaling(found: &Benchmarks) -> String {
    let targets = targets(found.scaling.iter().map(|row| &row.target));
    let mut all: Vec<(String, Vec<Series>)> = Vec::new();
    for row in &found.scaling {
        let index = match all.iter().position(|(axis, _)| *axis == row.axis) {
            Some(index) => index,
            None => {
                all.push((row.axis.clone(), Vec::new()));
                all.len() - 1
            }
        };
        let (series, label) = (&mut all[index].1, row.target.to_string());
        if series.last().is_none_or(|last| last.label != label) {
            series.push(Series {
                color: index_of(&targets, &label),
                label,
                style: Style::Thin,
                points: Vec::new(),
            });
        }
        let last = series.last_mut().expect("pushed above");
        last.points.push(point(row));
    }
    // No quartiles: as bands they would hide other curves. The table has them.
    panels(&Panels {
        title: "Cost of a unit, over that at the greatest value".to_owned(),
        subtitles: vec!["1 throughout is a cost in proportion to the value".to_owned()],
        y: "relative cost".to_owned(),
        level: 1.0,
        panels: all,
    })
}

/// Names of all targets, without duplicates.
fn targets<'a>(all: impl Iterator<Item = &'a TargetLabel>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for target in all {
        let name = target.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Index of a target by name.
fn index_of(targets: &[String], name: &str) -> usize {
    (targets.iter().position(|known| known == name)).unwrap_or_default()
}

fn point(row: &ScalingRow) -> (f64, Estimate) {
    (row.value as f64, Estimate::exact(row.relative.median))
}
