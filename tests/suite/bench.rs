//! `etascope bench`: it runs, and its tables are whole. How fast anything is depends on the machine, so no time is tested.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

/// Columns of `bench.csv` that must be a positive number in every row, and those that are absent in some.
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
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    folder
}

/// The rows of a table, each by the names of its columns.
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
fn a_quick_run_writes_whole_tables() {
    let folder = bench(&[]);
    let found = folder.path().join("found");
    let throughput = rows(&found.join("bench.csv"));
    for row in &throughput {
        NUMBERS
            .iter()
            .for_each(|column| assert_positive(row, column));
        let told = OPTIONAL.iter().filter(|column| !row[**column].is_empty());
        told.for_each(|column| assert_positive(row, column));
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
    // x² − 1, times x, −η of it plus x, plus a z, three of them fused; 4 bytes in and 4 out.
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
    // Eight features and a target, eight weights in and out.
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
fn a_quick_scaling_run_writes_a_whole_table() {
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
fn only_what_is_asked_for_is_timed() {
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
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(
        words.contains("\"double well\"") && words.contains("learning rates"),
        "{words}"
    );
    assert!(!folder.path().join("found").exists());
}

#[test]
fn the_chapter_says_what_the_tables_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rows = rows(&root.join("results/bench-peers.csv"));
    let chapter = std::fs::read_to_string(root.join("docs/src/speed.md")).expect("a readable file");
    // Beside the fastest form of each peer.
    let ratio = |workload: &str, place: &str, peer: &str| {
        (rows.iter())
            .filter(|row| row["workload"] == workload && row["adapter"].contains(place))
            .filter(|row| row["peer"].starts_with(peer))
            .map(|row| row["ratio"].parse::<f64>().expect("a number"))
            .reduce(f64::min)
            .expect("a peer of that name")
    };
    for (workload, told) in [
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
            .flat_map(|place| ["jax", "numba"].map(|peer| ratio(workload, place, peer)))
            .map(|ratio| format!("{ratio:.1}"))
            .collect();
        let row = format!("| {told} | {} |", cells.join(" | "));
        assert!(chapter.contains(&row), "the chapter does not say: {row}");
    }
}
