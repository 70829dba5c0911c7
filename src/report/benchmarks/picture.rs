//! The pictures of the tables.

use super::{Benchmarks, ScalingRow, Spread, ThroughputRow};
use crate::measure::Estimate;
use crate::report::picture::{Bar, Bars, Plot, PlotAxis, Series, Style, bars};

/// A row for each workload and place, chain-steps per second on a logarithmic axis.
pub(super) fn throughput(found: &Benchmarks) -> String {
    let mut venues: Vec<String> = Vec::new();
    for row in &found.throughput {
        let name = row.venue.to_string();
        if !venues.contains(&name) {
            venues.push(name);
        }
    }
    let mut rows: Vec<(String, Vec<Bar>)> = Vec::new();
    for row in found.throughput.iter().filter(|row| row.parameters > 0) {
        let color = venues
            .iter()
            .position(|name| *name == row.venue.to_string())
            .unwrap_or_default();
        let bar = bar(row, color);
        match rows.last_mut().filter(|(name, _)| *name == row.workload) {
            Some((_, all)) => all.push(bar),
            None => rows.push((row.workload.clone(), vec![bar])),
        }
    }
    bars(&Bars {
        title: "Chain-steps per second".to_owned(),
        subtitles: found
            .circumstances
            .iter()
            .filter(|(label, _)| *label == "processor")
            .map(|(_, value)| value.clone())
            .collect(),
        unit: "chain-steps per second".to_owned(),
        colors: venues,
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

/// The cost of a unit over that of the greatest value, one curve for each axis and place.
pub(super) fn scaling(found: &Benchmarks) -> String {
    let mut series: Vec<Series> = Vec::new();
    let mut label = String::new();
    for row in &found.scaling {
        let name = format!("{}, {}", row.axis, row.venue.backend);
        if name != label || series.is_empty() {
            series.push(Series {
                label: name.clone(),
                color: series.len(),
                style: Style::Thin,
                points: Vec::new(),
            });
            label = name;
        }
        let last = series.last_mut().expect("pushed above");
        last.points.push(point(row));
    }
    // With quartiles as bands curves would hide each other; the table has them.
    Plot {
        title: "Cost of a unit, over that at the greatest value".to_owned(),
        subtitles: vec!["1 throughout is a cost in proportion to the value".to_owned()],
        x: PlotAxis::log("chains, steps, parameters, learning rates, bins, measurements, threads"),
        y: PlotAxis::log("relative cost of a unit"),
        series,
        lines: Vec::new(),
    }
    .svg()
}

fn point(row: &ScalingRow) -> (f64, Estimate) {
    (row.value as f64, Estimate::exact(row.relative.median))
}
