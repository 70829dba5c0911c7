//! Error messages for wrong experiment files.

use etascope::compile::Problem;
use etascope::loss;
use etascope::spec::ExperimentError;
use etascope::toml;
use std::fs;
use std::path::{Path, PathBuf};

/// The experiment files of a folder of the repository, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder is part of the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

/// Reads a file and compiles its experiment.
fn check(path: &Path) -> Result<Problem, ExperimentError> {
    // Read by path, because data files are found relative to it.
    toml::read(path, &[]).and_then(Problem::new)
}

/// Each `NAME.toml` gives exactly the message `NAME.txt`. `ETASCOPE_UPDATE_GOLDEN=1` rewrites the messages.
#[test]
fn bad_files_give_the_golden_messages() {
    let update = std::env::var_os("ETASCOPE_UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    let files = files("tests/bad");
    for path in &files {
        let name = path.file_name().expect("a file").to_string_lossy();
        let folder = path.parent().expect("a file").to_string_lossy();
        let Err(error) = check(path) else {
            wrong.push(format!("{name} is accepted"));
            continue;
        };
        // Messages must not depend on the repository's path.
        let message = format!("{error}\n").replace(&format!("{folder}/"), "");
        let golden = path.with_extension("txt");
        if update {
            fs::write(&golden, &message).expect("a writable folder");
        } else if fs::read_to_string(&golden).unwrap_or_default() != message {
            wrong.push(format!("{name} now gives:\n{message}"));
        }
    }
    assert!(files.len() >= 130, "only {} bad files", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every message about a formula has a line and column, marks the text with carets and gives advice.
#[test]
fn messages_about_formulas_point_and_advise() {
    for path in files("tests/bad") {
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        if !name.starts_with("formula-") {
            continue;
        }
        let error = check(&path).expect_err(&name).to_string();
        for part in [&format!("{name}:"), "^", "= help: "] {
            assert!(error.contains(part), "{name} lacks {part:?}:\n{error}");
        }
    }
}

/// Inputs collected by `tests/tools/fuzz.rs`, most of them wrong. Each gives a problem or an error that can be printed.
#[test]
fn no_file_of_the_corpus_causes_a_panic() {
    let files = files("tests/corpus");
    let (mut right, mut wrong) = (0, 0);
    for path in &files {
        match check(path) {
            Ok(problem) => {
                right += 1;
                std::hint::black_box(problem.model.loss(&problem.model.start));
            }
            Err(error) => {
                wrong += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(right > 5 && wrong > 20, "{right} right, {wrong} wrong");
}

/// Functions and words of formulas cannot name parameters, and neither can `loss`, which histograms use.
#[test]
fn words_of_formulas_are_reserved() {
    // The advice about an unknown function lists all functions.
    let error = loss::formula(
        &mut loss::Graph::new(),
        &loss::Names::new(),
        "unheard_of(1)",
    )
    .expect_err("unknown");
    let help = error.help.expect("a list of functions");
    let functions = help.rsplit(": ").next().expect("a list");
    for name in (functions.split(", ")).chain(["pi", "and", "or", "not", "loss"]) {
        assert!(toml::is_reserved(name), "a parameter may be called {name}");
    }
    assert!(functions.split(", ").count() > 20, "{functions}");
}
