//! Tables of `etascope bench` as CSV, Markdown and plain text.

use super::{Benchmarks, PeerRow, ScalingRow, Spread, StartupRow, TargetLabel, ThroughputRow};
use crate::program::output::terminal::columns;
use crate::report::csv::table;
use crate::report::number::{count, engineering, significant};
use std::fmt::Write as _;

/// Splits names of columns at spaces.
fn header(names: &str) -> Vec<String> {
    names.split_whitespace().map(str::to_owned).collect()
}

/// Median and quartiles, each as the shortest text that parses to the same number.
fn spread(spread: Spread) -> [String; 3] {
    [spread.median, spread.low, spread.high].map(|x| format!("{x:?}"))
}

fn optional(this: Option<Spread>) -> [String; 3] {
    this.map_or_else(Default::default, spread)
}

fn target(target: &TargetLabel) -> [String; 4] {
    [
        target.backend.clone(),
        target.adapter.clone(),
        target.driver.clone(),
        target.software.to_string(),
    ]
}

/// Writes `bench.csv`.
pub(super) fn throughput(rows: &[ThroughputRow]) -> String {
    let header = header(
        "workload backend adapter driver software precision parameters examples chains steps repeats \
         chain_steps_per_second chain_steps_per_second_low chain_steps_per_second_high \
         draws draws_per_step draws_per_second operations_per_step bytes_per_step \
         limit_per_second limit_per_second_low limit_per_second_high \
         share_of_limit share_of_limit_low share_of_limit_high \
         by_hand_per_second by_hand_per_second_low by_hand_per_second_high \
         share_of_hand share_of_hand_low share_of_hand_high",
    );
    let line = |row: &ThroughputRow| {
        let mut line = vec![row.workload.clone()];
        line.extend(target(&row.target));
        line.push("f32".to_owned());
        line.push(row.parameters.to_string());
        line.push(row.examples.map_or_else(String::new, |n| n.to_string()));
        line.extend([row.chains, row.steps, row.repeats as u64].map(|n| n.to_string()));
        line.extend(spread(row.rate));
        line.push(row.draws.clone());
        line.push(row.draws_per_step.to_string());
        line.push(format!(
            "{:?}",
            row.rate.median * f64::from(row.draws_per_step)
        ));
        line.extend([row.operations, row.bytes].map(|n| n.to_string()));
        line.extend(optional(row.limit));
        line.extend(optional(row.share_of_limit));
        line.extend(optional(row.by_hand));
        line.extend(optional(row.share_of_hand));
        line
    };
    table(&header, rows.iter().map(line))
}

/// Writes `bench-startup.csv`.
pub(super) fn startup(rows: &[StartupRow]) -> String {
    let header = header(
        "backend adapter driver software first_step_seconds first_step_seconds_low first_step_seconds_high \
         compile_seconds compile_seconds_low compile_seconds_high \
         read_back_seconds read_back_seconds_low read_back_seconds_high",
    );
    let line = |row: &StartupRow| {
        let mut line = target(&row.target).to_vec();
        line.extend(spread(row.first_step));
        line.extend(optional(row.compile));
        line.extend(spread(row.read_back));
        line
    };
    table(&header, rows.iter().map(line))
}

/// Writes `bench-scaling.csv`.
pub(super) fn scaling(rows: &[ScalingRow]) -> String {
    let header = header(
        "axis backend adapter driver software value unit seconds_per_unit seconds_per_unit_low seconds_per_unit_high \
         relative relative_low relative_high",
    );
    let line = |row: &ScalingRow| {
        let mut line = vec![row.axis.clone()];
        line.extend(target(&row.target));
        line.push(row.value.to_string());
        line.push(row.unit.clone());
        line.extend(spread(row.cost));
        line.extend(spread(row.relative));
        line
    };
    table(&header, rows.iter().map(line))
}

/// Writes `bench-peers.csv`.
pub(super) fn peers(rows: &[PeerRow]) -> String {
    let header = header(
        "workload backend adapter driver software \
         chain_steps_per_second chain_steps_per_second_low chain_steps_per_second_high peer version device \
         peer_per_second peer_per_second_low peer_per_second_high ratio ratio_low ratio_high",
    );
    let line = |row: &PeerRow| {
        let mut line = vec![row.workload.clone()];
        line.extend(target(&row.target));
        line.extend(spread(row.rate));
        line.extend([row.peer.clone(), row.version.clone(), row.device.clone()]);
        line.extend(spread(row.peer_rate));
        line.extend(spread(row.ratio));
        line
    };
    table(&header, rows.iter().map(line))
}

/// Formats the median of a rate: `491 M`.
fn rate(rate: Spread) -> String {
    engineering(rate.median)
}

/// Formats a ratio with its quartiles: `0.93 (0.91–0.95)`; empty if absent.
fn share(share: Option<Spread>) -> String {
    let digits = |x: f64| {
        if x < 10.0 {
            format!("{x:.2}")
        } else {
            significant(x, 3)
        }
    };
    share.map_or_else(String::new, |Spread { low, median, high }| {
        format!("{} ({}–{})", digits(median), digits(low), digits(high))
    })
}

/// Formats the median of a time given in seconds: `12.3 ms`; empty if absent.
fn milliseconds(seconds: Option<Spread>) -> String {
    seconds.map_or_else(String::new, |seconds| {
        format!("{} ms", significant(1e3 * seconds.median, 3))
    })
}

/// A titled table. The first row holds the names of the columns.
struct Section {
    title: &'static str,
    cells: Vec<Vec<String>>,
}

fn sections(found: &Benchmarks) -> Vec<Section> {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut all = Vec::new();
    let mut add = |title, header: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            let mut cells: Vec<Vec<String>> = vec![names(header)];
            cells.extend(rows);
            all.push(Section { title, cells });
        }
    };
    let throughput = found.throughput.iter().map(|row| {
        vec![
            row.workload.clone(),
            row.target.to_string(),
            rate(row.rate),
            engineering(row.rate.median * f64::from(row.draws_per_step)),
            row.operations.to_string(),
            row.bytes.to_string(),
            share(row.share_of_limit),
            share(row.share_of_hand),
        ]
    });
    add(
        "Chain-steps per second",
        &[
            "workload",
            "where",
            "chain-steps/s",
            "draws/s",
            "operations",
            "bytes",
            "share of generator",
            "share of by hand",
        ],
        throughput.collect(),
    );
    let startup = found.startup.iter().map(|row| {
        vec![
            row.target.to_string(),
            milliseconds(Some(row.first_step)),
            milliseconds(row.compile),
            milliseconds(Some(row.read_back)),
        ]
    });
    add(
        "From the command to the first step",
        &["where", "first step", "device and shader", "measurement"],
        startup.collect(),
    );
    let peers = fastest_variants(&found.peers).into_iter().map(|row| {
        vec![
            row.workload.clone(),
            row.target.to_string(),
            rate(row.rate),
            format!("{} ({})", row.peer, row.version),
            rate(row.peer_rate),
            share(Some(row.ratio)),
        ]
    });
    add(
        "Beside the fastest form of other programs",
        &["workload", "where", "chain-steps/s", "peer", "its", "ratio"],
        peers.collect(),
    );
    let scaling = found.scaling.iter().map(|row| {
        vec![
            row.axis.clone(),
            row.target.to_string(),
            count(row.value),
            format!(
                "{} ns per {}",
                significant(1e9 * row.cost.median, 3),
                row.unit
            ),
            share(Some(row.relative)),
        ]
    });
    add(
        "How costs grow",
        &[
            "axis",
            "where",
            "value",
            "cost",
            "over that of the greatest",
        ],
        scaling.collect(),
    );
    all
}

/// The fastest variant of each other program, for each workload and target. Peers are named
/// "program, variant".
fn fastest_variants(rows: &[PeerRow]) -> Vec<&PeerRow> {
    let program = |row: &PeerRow| row.peer.split(',').next().map(str::to_owned);
    let same_program = |a: &PeerRow, b: &PeerRow| {
        (&a.workload, &a.target, program(a)) == (&b.workload, &b.target, program(b))
    };
    let faster = |a: &PeerRow, b: &PeerRow| a.peer_rate.median > b.peer_rate.median;
    rows.iter()
        .filter(|row| {
            !rows
                .iter()
                .any(|other| same_program(row, other) && faster(other, row))
        })
        .collect()
}

/// Formats all tables in aligned columns.
pub(super) fn plain(found: &Benchmarks) -> String {
    let sections = sections(found);
    let texts = sections
        .iter()
        .map(|section| format!("{}\n{}", section.title, columns(&section.cells)));
    texts.collect::<Vec<_>>().join("\n")
}

/// Writes `bench.md`.
pub(super) fn markdown(found: &Benchmarks) -> String {
    let mut text = "# How fast\n\nWritten by `etascope bench`; the CSV files beside it have all digits and quartiles.\n\n".to_owned();
    for (label, value) in &found.provenance {
        let _ = writeln!(text, "- {label}: {value}");
    }
    text.push_str(
        "\nOperations and bytes are those of one step of one chain: arithmetic without the generator's, and what a step takes in and \
         gives out. The share of the generator is the time that the random numbers of the steps take alone over that of the \
         steps; what is written by hand is a kernel for the double well alone, and for normals AVX2's own instructions. Shares and \
         ratios are paired, with quartiles.\n",
    );
    for Section { title, cells } in sections(found) {
        let _ = write!(text, "\n## {title}\n\n");
        for (i, row) in cells.iter().enumerate() {
            let safe: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            let _ = writeln!(text, "| {} |", safe.join(" | "));
            if i == 0 {
                let _ = writeln!(text, "|{}", " --- |".repeat(row.len()));
            }
        }
    }
    text
}
