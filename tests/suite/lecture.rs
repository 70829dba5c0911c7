//! `etascope lecture`: the experiments are valid, their headers state correct numbers, and the
//! table has the verdicts.

use etascope::compile::Problem;
use etascope::program::catalogue::LECTURE;
use etascope::spec::{Experiment, ExperimentError};
use etascope::theory;
use etascope::toml;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

fn parsed(name: &str) -> Result<Experiment, ExperimentError> {
    let path = format!("examples/lecture/{name}");
    toml::parse(&path, LECTURE.text(name), &[])
}

#[test]
fn every_file_is_part_of_the_program_and_has_a_header() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/lecture");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("a readable folder").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    files.sort();
    let names: Vec<&str> = (LECTURE.experiments().iter())
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(files, names);
    for (name, text) in LECTURE.experiments() {
        let claim = format!("# C{}:", name[1..3].trim_start_matches('0'));
        let claims = format!("# C{},", name[1..3].trim_start_matches('0'));
        assert!(
            text.starts_with(&claim) || text.starts_with(&claims),
            "{name}"
        );
        assert!(text.contains("# Look for: "), "{name}");
    }
}

#[test]
fn every_file_is_valid() {
    for (name, _) in LECTURE.experiments() {
        let experiment = parsed(name).unwrap_or_else(|error| panic!("{name}: {error}"));
        Problem::new(experiment).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// End points of flows in the headers, to all stated digits.
#[test]
fn headers_state_the_end_points_of_flows() {
    let arrival = |name: &str, time: f64| {
        let problem = Problem::new(parsed(name).expect("it parses")).expect("it is valid");
        let gradient = |at: &[f64]| problem.model.gradient(at);
        let path = theory::gradient_flow(gradient, &problem.model.start, &[time]);
        path.expect("the flow can be integrated").remove(0)
    };
    for (name, time) in [
        ("c01-euler.toml", 2.0),
        ("c01-quadratic.toml", 1.0),
        ("c03-constant.toml", 1.92),
        ("c03-halved.toml", 1.92),
        ("c03-tripled.toml", 1.92),
    ] {
        assert_stated(name, &arrival(name, time));
    }
    let (mut x, mut y) = (0.5_f64, 1.0_f64);
    for _ in 0..100 {
        (x, y) = (x - 0.01 * (x.powi(3) - x), y - 0.01 * y);
    }
    assert_stated("c11-langevin-flow.toml", &[x, y]);
}

fn assert_stated(name: &str, point: &[f64]) {
    for x in point {
        let number = format!("{x:.7}").replace('-', "−");
        assert!(
            LECTURE.text(name).contains(&number),
            "the header of {name} does not contain {number}"
        );
    }
}

fn lecture(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args(["lecture", "--quick", "--backend", "cpu", "--out"])
        .arg(folder)
        .args(more)
        .output()
        .expect("the program starts")
}

#[test]
fn chosen_claims_give_a_table_with_verdicts() {
    let dir = tempfile::tempdir().expect("a writable folder for temporary files");
    let folder = dir.path().join("verdicts");
    let output = lecture(&folder, &["--only", "c1,C13,C10"]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.contains("C13: "), "claims are announced");
    let mut reader = csv::Reader::from_path(folder.join("verdicts.csv")).expect("a table");
    let mut verdicts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("rows of equal length");
        let all = verdicts.entry(row[0].to_owned()).or_default();
        all.push(row[2].to_owned());
        let number = |k: usize| row[k].parse::<f64>().expect("a number");
        assert!(number(6) <= number(4) && number(4) <= number(7), "{row:?}");
        assert!(row[9].contains(".toml"), "{row:?}");
    }
    // The seeds are fixed. A false alarm has probability 6e-5 for each statement that holds. α
    // differs from 1/10 by 200 standard errors.
    let expected = [
        ("C1", vec!["holds"]),
        ("C10", vec!["holds"]),
        ("C13", vec!["holds", "contradicted"]),
    ];
    for (claim, expected) in expected {
        assert_eq!(verdicts[claim], expected, "{claim}");
    }
    assert_eq!(verdicts.len(), 3);
    let page = std::fs::read_to_string(folder.join("lecture.html")).expect("a page");
    for claim in ["c1", "c10", "c13"] {
        let picture =
            std::fs::read_to_string(folder.join(format!("{claim}.svg"))).expect("a picture");
        roxmltree::Document::parse(&picture).expect("well-formed XML");
        assert!(
            page.contains(&picture),
            "the page holds the picture of {claim}"
        );
    }
    let again = lecture(&folder, &["--only", "C1"]);
    assert_eq!(again.status.code(), Some(2), "a result is not overwritten");
    assert!(
        lecture(&folder, &["--only", "C1", "--force", "--quiet"])
            .status
            .success()
    );
}

/// The program contains the data sets, so it needs no file of the repository.
#[test]
fn claims_with_data_run_in_any_folder() {
    let dir = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args([
            "lecture",
            "--quick",
            "--backend",
            "cpu",
            "--only",
            "C4",
            "--quiet",
        ])
        .current_dir(dir.path())
        .output()
        .expect("the program starts");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{stderr}");
    let table = dir.path().join("results/lecture/verdicts.csv");
    let mut reader = csv::Reader::from_path(table).expect("a table");
    // One statement with a fixed seed. A false alarm has probability 6e-5.
    let verdicts: Vec<String> = (reader.records())
        .map(|row| row.expect("rows of equal length")[2].to_owned())
        .collect();
    assert_eq!(verdicts, ["holds"]);
}

/// Runs the experiment of the picture with training and validation loss.
#[test]
fn traces_have_the_validation_loss() {
    let dir = tempfile::tempdir().expect("a writable folder for temporary files");
    let folder = dir.path().join("plateaus");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/lecture/c04-schedule.toml");
    let output = Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args([
            "run",
            "--chains",
            "4096",
            "--backend",
            "cpu",
            "--quiet",
            "--json",
            "--out",
        ])
        .args([&folder, &file])
        .current_dir(dir.path())
        .output()
        .expect("the program starts");
    assert!(output.status.success());
    let summary: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("a summary in JSON");
    let mut reader = csv::Reader::from_path(folder.join("trace.csv")).expect("a table");
    let header = reader.headers().expect("a header").clone();
    assert_eq!(
        header.iter().skip(3).take(4).collect::<Vec<_>>(),
        ["loss", "loss_se", "validation_loss", "validation_loss_se"]
    );
    let last = reader.records().last().expect("rows").expect("a row");
    let validation = &summary["points"][0]["validation_loss"];
    for (column, key) in [(5, "mean"), (6, "se")] {
        let written: f64 = last[column].parse().expect("a number");
        assert_eq!(Some(written), validation[key].as_f64(), "{key}");
    }
}

#[test]
fn an_unknown_claim_is_wrong_input() {
    let dir = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = lecture(&dir.path().join("none"), &["--only", "C13,C99"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("C99") && stderr.contains("C1 to C18"),
        "{stderr}"
    );
    assert!(!dir.path().join("none").exists());
}
