//! `etascope bench`: the commands run and write complete tables. Times depend on the machine and
//! are not tested.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// Columns of `bench.csv` that must be a positive number in every row, and columns that are empty
/// in some rows.
const NUMBERS: [&str; 6] = [
    "chains",
    "steps",
    "chain_steps_per_second",
    "chain_steps_per_second_low",
    "chain_steps_per_second_high",
    "draws_per_second",
];
const OPTIONAL: [&str; 7] = [
    "limit_per_second",
    "share_of_limit",
    "share_of_limit_low",
    "share_of_limit_high",
    "by_hand_per_second",
    "share_of_hand",
    "share_of_hand_high",
];

fn run(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args(["bench", "--quick", "--quiet", "--out", "found"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

fn bench(arguments: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = run(arguments, folder.path());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    folder
}

/// Rows of a table, each as a map from column name to cell.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("a table");
    reader
        .deserialize()
        .map(|row| row.expect("a row as long as the header"))
        .collect()
}

fn assert_positive(row: &BTreeMap<String, String>, column: &str) {
    let number: f64 = row[column].parse().unwrap_or(f64::NAN);
    assert!(number.is_finite() && number > 0.0, "{column} of {row:?}");
}

#[test]
fn a_quick_run_writes_complete_tables() {
    let folder = bench(&[]);
    let found = folder.path().join("found");
    let throughput = rows(&found.join("bench.csv"));
    for row in &throughput {
        NUMBERS
            .iter()
            .for_each(|column| assert_positive(row, column));
        let expected = OPTIONAL.iter().filter(|column| !row[**column].is_empty());
        expected.for_each(|column| assert_positive(row, column));
        assert_eq!(
            row["software"] == "true",
            row["adapter"].contains("llvmpipe")
        );
    }
    let of = |workload: &str, column: &str| -> Vec<String> {
        let rows = throughput.iter().filter(|row| row["workload"] == workload);
        rows.map(|row| row[column].clone()).collect()
    };
    for workload in [
        "normals alone, integer",
        "normals alone, Box–Muller",
        "normals alone, Box–Muller of 16 bits",
        "double well",
        "double well, Box–Muller",
        "double well, Box–Muller of 16 bits",
        "double well, two-point noise",
        "geometric Brownian motion, 3-D",
        "anisotropic, 2-D",
        "correlated Gaussian, 16-D",
        "regression, 8 of 10³",
        "regression, 64 of 10³",
        "logistic regression, 8 of 10³",
        "network 10-16-1",
    ] {
        let backends = of(workload, "backend");
        assert!(backends.contains(&"cpu".to_owned()), "{workload}");
        assert!(backends.contains(&"gpu".to_owned()), "{workload}");
    }
    // x² − 1, times x, times −η plus x, plus a z, with three fused operations. 4 bytes in and 4
    // bytes out.
    assert!(
        of("double well", "operations_per_step")
            .iter()
            .all(|n| n == "7")
    );
    assert!(of("double well", "bytes_per_step").iter().all(|n| n == "8"));
    assert!(
        of("double well", "share_of_hand")
            .iter()
            .all(|share| !share.is_empty())
    );
    // Eight features, a target, and eight weights in and out.
    assert!(
        of("regression, 8 of 10³", "bytes_per_step")
            .iter()
            .all(|n| n == "100")
    );
    for row in rows(&found.join("bench-startup.csv")) {
        assert_positive(&row, "first_step_seconds");
        assert_positive(&row, "read_back_seconds");
        assert_eq!(row["compile_seconds"].is_empty(), row["backend"] == "cpu");
    }
    let picture = std::fs::read_to_string(found.join("bench.svg")).expect("a picture");
    roxmltree::Document::parse(&picture).expect("well-formed");
    assert!(found.join("bench.md").exists());
}

#[test]
fn a_quick_scaling_run_writes_a_complete_table() {
    let folder = bench(&["--scaling"]);
    let found = folder.path().join("found");
    let all = rows(&found.join("bench-scaling.csv"));
    for row in &all {
        assert_positive(row, "value");
        assert_positive(row, "seconds_per_unit");
        assert_positive(row, "relative");
    }
    for axis in [
        "chains",
        "steps",
        "parameters",
        "learning rates",
        "bins",
        "measurements",
        "threads",
        "outputs of a network",
    ] {
        assert!(all.iter().any(|row| row["axis"] == axis), "{axis}");
    }
    let picture = std::fs::read_to_string(found.join("bench-scaling.svg")).expect("a picture");
    roxmltree::Document::parse(&picture).expect("well-formed");
}

#[test]
fn only_chosen_workloads_are_timed() {
    let folder = bench(&["--only", "2-D"]);
    let found = folder.path().join("found");
    let throughput = rows(&found.join("bench.csv"));
    assert!(throughput.len() >= 2);
    for row in throughput {
        assert_eq!(row["workload"], "anisotropic, 2-D");
    }
    assert!(rows(&found.join("bench-startup.csv")).is_empty());

    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = run(&["--scaling", "--only", "double well"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("\"double well\"") && stderr.contains("learning rates"),
        "{stderr}"
    );
    assert!(!folder.path().join("found").exists());
}

#[test]
fn the_speed_chapter_agrees_with_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = rows(&root.join("results/bench-peers.csv"));
    let chapter = std::fs::read_to_string(root.join("docs/src/speed.md")).expect("a readable file");
    // Ratio to the fastest form of each peer.
    let ratio = |workload: &str, target: &str, peer: &str| {
        (rows.iter())
            .filter(|row| row["workload"] == workload && row["adapter"].contains(target))
            .filter(|row| row["peer"].starts_with(peer))
            .map(|row| row["ratio"].parse::<f64>().expect("a number"))
            .reduce(f64::min)
            .expect("a peer of that name")
    };
    for (workload, expected) in [
        ("double well", "double well"),
        (
            "double well, Box–Muller of 16 bits",
            "double well, `normal = \"box-muller-16\"`",
        ),
        (
            "double well, two-point noise",
            "double well, two-point noise; the peers' is Gaussian",
        ),
        (
            "regression, 8 of 10³",
            "SGD, regression on 8 features, one example a step",
        ),
    ] {
        let cells: Vec<String> = ["avx2", "avx512", "llvmpipe"]
            .iter()
            .flat_map(|target| ["jax", "numba"].map(|peer| ratio(workload, target, peer)))
            .map(|ratio| format!("{ratio:.1}"))
            .collect();
        let row = format!("| {expected} | {} |", cells.join(" | "));
        assert!(
            chapter.contains(&row),
            "the chapter does not contain: {row}"
        );
    }
}
