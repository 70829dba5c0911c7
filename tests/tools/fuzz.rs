//! Looks for experiment files that make the program panic, hang or run out of memory.
//!
//! ```text
//! cargo run --release --example fuzz -- SEED SECONDS [FOLDER]
//! ```
//!
//! Mutates the files of `examples`, `tests/bad` and `tests/corpus`. Each input is read and checked, and if it is an
//! experiment, run for a few steps with its theory and its result folder. An input with an answer not seen before is kept
//! for further mutation; if FOLDER is given, it is also saved there. This is how `tests/corpus` was made. The current
//! input is in `etascope-fuzz.toml` in the temporary folder, and stays there if the process dies. Equal seeds try equal
//! inputs. The exit code is 1 at the first input that panics or takes longer than two minutes twice in a row.

use etascope::{Backend, Error, Experiment, ExperimentError, Options, Results, toml};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, panic};

/// Longest time for one input: a thousand times the usual, because a fuzzer of low priority waits on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest input that is kept for further mutation.
const LONGEST: usize = 4000;

/// Pieces of TOML and of formulas, and some of neither.
const FRAGMENTS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ";",
    ".",
    "=",
    "\n",
    "#",
    "\"",
    "'",
    "\"\"\"",
    "'''",
    "\\",
    "\\u00e9",
    "²",
    "é",
    "\u{0}",
    "\r\n",
    " + ",
    " - ",
    " * ",
    " / ",
    "^",
    " @ ",
    " < ",
    " == ",
    " and ",
    " or ",
    "not ",
    "-",
    "0",
    "1",
    "2",
    "0.5",
    "1e-3",
    "1e18",
    "1e-320",
    "1e308",
    "1e999",
    "nan",
    "inf",
    "-1",
    "99999999999999999999",
    "x",
    "y",
    "w",
    "w[0]",
    "W",
    "W[0, 1]",
    "pi",
    "loss",
    "exp(x)",
    "log(x)",
    "log1p(x)",
    "sqrt(x)",
    "tanh(x)",
    "relu(x)",
    "abs(x)",
    "sin(x)",
    "erf(x)",
    "softplus(x)",
    "sigmoid(x)",
    "sign(x)",
    "min(x, 0)",
    "max(x, 1)",
    "pow(x, 3)",
    "x^-1",
    "x^0.5",
    "x^x",
    "2^x",
    "select(x > 0, x, -x)",
    "dot(w, w)",
    "sum(w)",
    "norm(w)",
    "mean(w)",
    "logsumexp(w)",
    "outer(w, w)",
    "transpose(W)",
    "W @ w",
    "h = x\n",
    "x = 1.0",
    "w = [1.0, 2.0]",
    "W = { shape = [2, 2], start = 0.5 }",
    "start = \"normal(0, 1)\"",
    "start = \"uniform(-1, 1)\"",
    "[noise]",
    "sigma = 0.0",
    "sigma = \"1 + x^2\"",
    "covariance = [[1.0, 0.5], [0.5, 1.0]]",
    "kind = \"two-point\"",
    "kind = \"three-point\"",
    "kind = \"sgd\"",
    "kind = \"gradient-flow\"",
    "dt = 0.01",
    "eta = [0.1, 0.2]",
    "eta = { from = 1e-3, to = 0.2, points = 3 }",
    "rates = \"inverse-variance\"",
    "rates = \"rmsprop\"",
    "schedule = [{ at = 0.5, factor = 0.1 }]",
    "superchains = 2",
    "burn_in = 3",
    "bound = 1.0",
    "trace = 7",
    "histogram = [{ of = \"x\", bins = 3 }]",
    "histogram = [{ of = [\"x\", \"x^2\"] }]",
    "observables = { a = \"x^2\" }",
    "[parameters]",
    "[measure]",
    "[ensemble]",
    "[dynamics]",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let number = |k: usize| arguments.get(k).and_then(|text| text.parse::<u64>().ok());
    let (Some(seed), Some(seconds)) = (number(0), number(1)) else {
        eprintln!("usage: fuzz SEED SECONDS [FOLDER]");
        return ExitCode::from(2);
    };
    search(
        seed,
        Duration::from_secs(seconds),
        arguments.get(2).map(Path::new),
    )
}

fn search(seed: u64, limit: Duration, folder: Option<&Path>) -> ExitCode {
    let mut random = StdRng::seed_from_u64(seed);
    let mut corpus = corpus();
    let mut seen: BTreeSet<String> = corpus
        .iter()
        .filter_map(|text| attempt(text).ok())
        .collect();
    let (started, mut tried) = (Instant::now(), 0_u64);
    while started.elapsed() < limit {
        let text = mutated(&corpus, &mut random);
        tried += 1;
        match attempt(&text) {
            Err(complaint) => {
                println!("{complaint}: see {}", input().display());
                return ExitCode::FAILURE;
            }
            Ok(answer)
                if text.len() <= LONGEST
                    && !answer.starts_with("not TOML")
                    && seen.insert(answer.clone()) =>
            {
                println!("{tried}: {answer}");
                if let Some(folder) = folder {
                    let path = folder.join(format!("{seed}-{tried}.toml"));
                    fs::write(path, &text).expect("a writable folder");
                }
                corpus.push(text);
            }
            Ok(_) => {}
        }
    }
    println!("{tried} inputs, {} answers", seen.len());
    ExitCode::SUCCESS
}

/// Texts of the files that are mutated first.
fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = ["examples", "tests/bad", "tests/corpus"]
        .iter()
        .filter_map(|folder| fs::read_dir(root.join(folder)).ok())
        .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    let texts = paths
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    texts.filter(|text| text.len() <= LONGEST).collect()
}

/// One file with a few pieces exchanged for fragments or for pieces of another file.
fn mutated(corpus: &[String], random: &mut StdRng) -> String {
    let mut text = pick(corpus, random);
    let anywhere = random.random_range(0..3) == 0;
    for _ in 0..random.random_range(1..5) {
        let piece = piece(corpus, random);
        let quotes: Vec<usize> = (0..text.len()).filter(|&k| text[k] == '"').collect();
        let at = if anywhere || quotes.is_empty() || piece.contains(&'"') {
            random.random_range(0..=text.len())
        } else {
            // Mostly into formulas: a change elsewhere nearly always gives "not TOML".
            let quote = quotes[random.random_range(0..quotes.len())];
            (quote + random.random_range(1..12)).min(text.len())
        };
        let end = (at + random.random_range(0..4)).min(text.len());
        text.splice(at..end, piece);
    }
    text.into_iter().collect()
}

fn pick(corpus: &[String], random: &mut StdRng) -> Vec<char> {
    let text = &corpus[random.random_range(0..corpus.len())];
    text.chars().collect()
}

fn piece(corpus: &[String], random: &mut StdRng) -> Vec<char> {
    if random.random_range(0..5) > 0 {
        let fragment = FRAGMENTS[random.random_range(0..FRAGMENTS.len())];
        return fragment.chars().collect();
    }
    let other = pick(corpus, random);
    let from = random.random_range(0..=other.len());
    let to = (from + random.random_range(0..60)).min(other.len());
    other[from..to].to_vec()
}

/// File of the current input.
fn input() -> PathBuf {
    env::temp_dir().join("etascope-fuzz.toml")
}

/// Answer of the program to an input, without the words of the input; or the fault that was found.
fn attempt(text: &str) -> Result<String, String> {
    fs::write(input(), text).map_err(|error| error.to_string())?;
    let (answer, time) = timed()?;
    // One slow run may be due to a busy machine, so that a second one decides.
    let time = if time > PATIENCE { timed()?.1 } else { time };
    if time > PATIENCE {
        return Err(format!("{} s", time.as_secs()));
    }
    Ok(answer)
}

fn timed() -> Result<(String, Duration), String> {
    let started = Instant::now();
    let answer = panic::catch_unwind(answer).map_err(|_| "a panic".to_owned())?;
    Ok((answer, started.elapsed()))
}

fn answer() -> String {
    // Large experiments would only take time.
    let large = |text: &str| {
        toml::parse("fuzz.toml", text, &[])
            .is_ok_and(|e| e.dimension() > 64 || e.dynamics.eta.len() > 8)
    };
    if fs::read_to_string(input()).is_ok_and(|text| large(&text)) {
        return "large".to_owned();
    }
    match run() {
        Ok(results) => {
            let point = &results.summary.points[0];
            format!(
                "runs: {}, diverged {}, theory {}, discretized {}",
                results.summary.dynamics,
                point.diverged > 0,
                point.theory.is_some(),
                point.discretized.is_some()
            )
        }
        Err(Error::Experiment(error)) => kind(&error),
        Err(error) => error.to_string(),
    }
}

/// Runs the current input for a few steps and writes its result folder.
fn run() -> Result<Results, Error> {
    let settings = [
        ("ensemble.duration", "{ steps = 4 }"),
        ("ensemble.burn_in", "0"),
        ("ensemble.chains", "64"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let experiment = Experiment::from_file_with(input(), &settings)?;
    let results = experiment.run(&Options::default().backend(Backend::Cpu))?;
    results.write(env::temp_dir().join("etascope-fuzz-result"), true)?;
    Ok(results)
}

/// The first message without the user's words and numbers.
fn kind(error: &ExperimentError) -> String {
    let message = &error.problems()[0].message;
    let outside = message
        .split(['`', '"'])
        .step_by(2)
        .collect::<Vec<_>>()
        .join("…");
    outside.chars().filter(|c| !c.is_ascii_digit()).collect()
}
