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

/// Three experiments with 200 seeds, from any folder.
///
/// A share of 95 % fails below 0.935 − 3·0.0174 = 0.883, 4.4 of its binomial errors away; one of 5 % above 0.117. The seeds are
/// fixed.
#[test]
fn a_small_table_holds() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let only = "regression,two-parameters,two-temperatures";
    let output = coverage(folder.path(), &["--quick", "--only", only]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{shown}");

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
        assert!(shown.contains(&row[1]), "{row:?}");
        kinds.push(row[2].to_owned());
    }
    let of = |kind: &str| kinds.iter().filter(|known| *known == kind).count();
    assert!(of("interval") >= 10 && of("test") >= 4 && of("power") >= 1);

    let again = coverage(folder.path(), &["--seeds", "1", "--only", "momentum"]);
    assert_eq!(again.status.code(), Some(2), "a table is not overwritten");
}

#[test]
fn an_experiment_that_does_not_exist_is_wrong_input() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = coverage(folder.path(), &["--only", "sgd,sdg"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("sdg") && said.contains("two-wells"), "{said}");
    assert!(!folder.path().join("deep").exists());
}

/// 3 seeds cannot hold 95 %, but are within error; a table with none but those is no failure.
#[test]
fn seeds_are_counted() {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    let output = coverage(folder.path(), &["--seeds", "3", "--only", "momentum"]);
    assert!(output.status.success());
    let table = std::fs::read_to_string(folder.path().join("deep/coverage.csv")).expect("a table");
    assert!(table.lines().skip(1).all(|line| line.contains(",3,")));
}

/// The committed table has the bounds and verdicts that its shares give, and the chapter of the manual has its extremes.
#[test]
fn the_chapter_says_what_the_whole_table_says() {
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
    let told = format!(
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
    assert!(chapter.contains(&told), "the chapter does not say: {told}");
    assert!(experiments.len() >= 8 && rows.iter().all(|row| row[4] == rows[0][4]));
    assert!(rows.iter().all(|row| &row[9] != "FAILED"));
}
