//! `etascope coverage`: a small version of the table.

use std::path::Path;
use std::process::{Command, Output};

fn coverage(folder: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args(["coverage", "--quiet", "--out", "deep/coverage.csv"])
        .args(more)
        .current_dir(folder)
        .output()
        .expect("the program starts")
}

/// Three experiments with 200 seeds, run from any folder.
///
/// A share of 95 % fails below 0.935 − 3·0.0174 = 0.883, which is 4.4 binomial errors away. A share
/// of 5 % fails above 0.117. The seeds are fixed.
#[test]
fn a_small_table_passes() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let only = "regression,two-parameters,two-temperatures";
    let output = coverage(folder.path(), &["--quick", "--only", only]);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stderr}{stdout}");

    let mut reader =
        csv::Reader::from_path(folder.path().join("deep/coverage.csv")).expect("a table");
    let mut kinds = Vec::new();
    for row in reader.records() {
        let row = row.expect("rows of equal length");
        let number = |k: usize| row[k].parse::<f64>().expect("a number");
        assert_eq!(&row[4], "200", "{row:?}");
        let (share, error) = (number(5), number(6));
        assert!((error - (share * (1.0 - share) / 200.0).sqrt()).abs() < 1e-12);
        assert!((200.0 * share).fract().min(1.0 - (200.0 * share).fract()) < 1e-9);
        assert_eq!(row[3].is_empty(), &row[2] != "interval", "{row:?}");
        assert!(number(7) < number(8) && &row[9] != "FAILED", "{row:?}");
        assert!(stdout.contains(&row[1]), "{row:?}");
        kinds.push(row[2].to_owned());
    }
    let of = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
    assert!(of("interval") >= 10 && of("test") >= 4 && of("power") >= 1);

    let again = coverage(folder.path(), &["--seeds", "1", "--only", "momentum"]);
    assert_eq!(again.status.code(), Some(2), "a table is not overwritten");
}

#[test]
fn an_unknown_experiment_is_wrong_input() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = coverage(folder.path(), &["--only", "sgd,sdg"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        stderr.contains("sdg") && stderr.contains("two-wells"),
        "{stderr}"
    );
    assert!(!folder.path().join("deep").exists());
}

/// With 3 seeds no share can be between 0.935 and 0.965, but all are within error. The command must
/// succeed.
#[test]
fn the_table_states_the_number_of_seeds() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = coverage(folder.path(), &["--seeds", "3", "--only", "momentum"]);
    assert!(output.status.success());
    let table = std::fs::read_to_string(folder.path().join("deep/coverage.csv")).expect("a table");
    assert!(table.lines().skip(1).all(|line| line.contains(",3,")));
}

/// The committed table agrees with the numbers in the manual.
#[test]
fn the_coverage_chapter_agrees_with_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut reader = csv::Reader::from_path(root.join("results/coverage.csv")).expect("a table");
    let rows: Vec<_> = (reader.records())
        .map(|row| row.expect("rows of equal length"))
        .collect();
    let shares = |kind: &str| -> Vec<f64> {
        (rows.iter().filter(|row| &row[2] == kind))
            .map(|row| 100.0 * row[5].parse::<f64>().expect("a number"))
            .collect()
    };
    let least = |shares: &[f64]| shares.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |shares: &[f64]| shares.iter().copied().fold(0.0, f64::max);
    let (intervals, nulls, powers) = (shares("interval"), shares("test"), shares("power"));
    let experiments: std::collections::BTreeSet<&str> = rows.iter().map(|row| &row[0]).collect();
    let expected = format!(
        "In {} experiments with {} seeds each the {} intervals hold the exact value in {:.1} to {:.1} % of all runs, the {} \
         tests reject what is true in {:.1} to {:.1} %, and the {} tests of what is false reject in {:.1} % at least.",
        experiments.len(),
        &rows[0][4],
        intervals.len(),
        least(&intervals),
        most(&intervals),
        nulls.len(),
        least(&nulls),
        most(&nulls),
        powers.len(),
        least(&powers),
    );
    let chapter =
        std::fs::read_to_string(root.join("docs/src/coverage.md")).expect("a readable file");
    let chapter = chapter.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        chapter.contains(&expected),
        "the chapter does not contain: {expected}"
    );
    assert!(experiments.len() >= 8 && rows.iter().all(|row| row[4] == rows[0][4]));
    assert!(rows.iter().all(|row| &row[9] != "FAILED"));
}
