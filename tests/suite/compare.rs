//! `etascope compare`: distances between ensembles with known distributions.

use clap::Parser;
use etascope::Error;
use etascope::program::cli::{Cli, Command};
use etascope::program::commands;
use etascope::report::{ComparedPoint, Distances};
use std::path::Path;
use tempfile::TempDir;

/// Folder with two experiment files.
fn files(first: &str, second: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a writable folder for temporary files");
    for (name, text) in [("first.toml", first), ("second.toml", second)] {
        std::fs::write(folder.path().join(name), text).expect("a writable folder");
    }
    folder
}

fn compare(folder: &Path, options: &[&str]) -> Result<Distances, Error> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut line = vec!["etascope".to_owned(), "compare".to_owned()];
    line.extend([path("first.toml"), path("second.toml")]);
    line.extend(["--quiet", "--out"].map(String::from));
    line.push(path("result"));
    line.extend(options.iter().map(|&option| option.to_owned()));
    let Command::Compare(arguments) = Cli::parse_from(line).command else {
        unreachable!("the line says compare")
    };
    commands::compare_files(&arguments).map(|(distances, _)| distances)
}

const ENGINES: [&[&str]; 2] = [&["--backend", "cpu"], &["--backend", "gpu"]];

/// Chains on ½x² + y² with unit noise. After 60 steps of ½, or as much time, e^{−60} of the start
/// remains.
fn quadratic(dynamics: &str, steps: u64) -> String {
    format!(
        "[parameters]\nx = 0.0\ny = 0.0\n[loss]\nformula = \"x^2 / 2 + y^2\"\n[dynamics]\n{dynamics}\n\
         [ensemble]\nchains = 131_072\nduration = {{ steps = {steps} }}\n[measure]\ntrace = 2\n"
    )
}

/// Stationary standard deviation √(η σ² / (h (2 − h δ))) with σ = 1.
fn sd(eta: f64, dt: f64, h: f64) -> f64 {
    (eta / (h * (2.0 - h * dt))).sqrt()
}

fn only(distances: &Distances) -> &ComparedPoint {
    assert_eq!(distances.points.len(), 1);
    &distances.points[0]
}

#[test]
fn sgd_equals_langevin_at_a_time_step_of_eta() {
    let sgd = quadratic("kind = \"sgd\"\neta = 0.5", 60);
    let langevin = quadratic("kind = \"langevin\"\neta = 0.5", 60);
    for options in ENGINES {
        let folder = files(&sgd, &langevin);
        let distances = compare(folder.path(), options).expect("a comparison");
        // The ensembles are independent although both files have seed 1.
        assert_eq!((distances.first.seed, distances.second.seed), (1, 2));
        let point = only(&distances);
        // Loss, two means, two variances and the energy distance. The false-alarm rate is 1e-3.
        assert_eq!(point.tests.len(), 6);
        assert!(point.tests.iter().all(|test| test.holm > 1e-3), "{point:?}");
        for (name, parameter) in point.parameters.iter() {
            let (w, floor) = (parameter.wasserstein, parameter.wasserstein_floor);
            let ratio = w.expect("a histogram") / floor.expect("a histogram");
            // The ratio is the area under |Brownian bridge| divided by its mean. It exceeds 3 with
            // probability 1e-5.
            assert!((0.2..3.0).contains(&ratio), "{name}: {ratio}");
        }
    }
}

#[test]
fn a_finite_step_widens_the_distribution_by_a_known_distance() {
    let sgd = quadratic("kind = \"sgd\"\neta = 0.5", 60);
    let langevin = quadratic("kind = \"langevin\"\neta = 0.5\ndt = 0.02", 1500);
    for options in ENGINES {
        let folder = files(&sgd, &langevin);
        let distances = compare(folder.path(), options).expect("a comparison");
        let point = only(&distances);
        for (name, h) in [("x", 1.0), ("y", 2.0)] {
            let (first, second) = (sd(0.5, 0.5, h), sd(0.5, 0.02, h));
            let exact = (first - second) * std::f64::consts::FRAC_2_PI.sqrt();
            let parameter = point.parameters.get(name).expect("a parameter");
            let measured = parameter.wasserstein.expect("a histogram");
            // The standard deviation of N normals has an error of sd/√(2N). Five of the combined
            // errors, and bins of 12 sd/4096.
            let n = 131_072.0_f64;
            let error = 5.0 * first.hypot(second) / (2.0 * n).sqrt() + 12.0 * first / 4096.0;
            assert!(
                (measured - exact).abs() < error,
                "{name}: {measured} {exact}"
            );
            assert!(
                exact > 5.0 * error,
                "the distance is detectable: {exact} {error}"
            );
            assert!(measured > 5.0 * parameter.wasserstein_floor.expect("a histogram"));
            let test = format!("variance of {name}");
            let test = point.tests.iter().find(|other| other.name == test);
            assert!(test.expect("a test").holm < 1e-9);
        }
        assert!(point.parameters.get("x").expect("x").mean.z.abs() < 4.5);
    }
}

#[test]
fn the_energy_distance_detects_a_difference_in_correlation() {
    // Equal variances and correlations of opposite sign: the stationary covariance is proportional
    // to Σ for H = 1.
    let correlated = |c: f64| {
        quadratic("kind = \"sgd\"\neta = 0.5", 60).replace("x^2 / 2 + y^2", "x^2 / 2 + y^2 / 2")
            + &format!("[noise]\ncovariance = [[1.0, {c:?}], [{c:?}, 1.0]]\n")
    };
    let folder = files(&correlated(0.8), &correlated(-0.8));
    let distances = compare(folder.path(), &["--backend", "cpu"]).expect("a comparison");
    let point = only(&distances);
    let energy = point.energy.expect("chains were stored");
    assert!(energy.sample == 1024 && energy.p == 0.001, "{energy:?}");
    let hidden = point
        .tests
        .iter()
        .filter(|test| test.name != "energy distance");
    assert!(hidden.clone().count() == 5 && hidden.into_iter().all(|test| test.holm > 1e-3));
}

#[test]
fn learning_rates_are_paired_and_the_folder_is_written() {
    let sweep = |kind: &str| quadratic(&format!("kind = \"{kind}\"\neta = [0.1, 0.5, 0.9]"), 200);
    let folder = files(&sweep("sgd"), &sweep("langevin"));
    let options = [
        "--backend",
        "cpu",
        "--chains",
        "20000",
        "--set",
        "dynamics.batch=1",
    ];
    // A setting applies to both files. A batch without data is an error.
    assert!(compare(folder.path(), &options).is_err_and(|error| error.is_input()));
    let distances = compare(folder.path(), &options[..4]).expect("a comparison");
    let etas: Vec<[f64; 2]> = distances.points.iter().map(|point| point.eta).collect();
    assert_eq!(etas, [[0.1; 2], [0.5; 2], [0.9; 2]]);
    assert_eq!(
        (distances.first.chains, distances.second.chains),
        (20_000, 20_000)
    );
    let text = std::fs::read_to_string(folder.path().join("result/comparison.json"));
    let text = text.expect("written");
    assert_eq!(text, distances.to_json());
    let read: Distances = serde_json::from_str(&text).expect("JSON");
    assert_eq!(read.points.len(), 3);
    let table = std::fs::read_to_string(folder.path().join("result/comparison.csv"));
    let table = table.expect("written");
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    // Rows for the loss, x and y at each learning rate.
    assert!(rows.len() == 9 && rows.iter().all(|row| row.len() == 17));
    assert!(
        compare(folder.path(), &options[..4]).is_err_and(|error| error.is_input()),
        "the folder exists"
    );
}

#[test]
fn incompatible_experiments_are_refused_before_any_run() {
    let one = quadratic("kind = \"sgd\"\neta = 0.5", 60);
    let other = one.replace("y = 0.0", "z = 0.0").replace("y^2", "z^2");
    let more = one.replace("eta = 0.5", "eta = [0.1, 0.5]");
    for (second, words) in [(other, "x, y and x, z"), (more, "1 and 2 learning rates")] {
        let folder = files(&one, &second);
        let error = compare(folder.path(), &["--backend", "cpu"]).expect_err("refused");
        assert!(
            error.is_input() && error.to_string().contains(words),
            "{error}"
        );
        assert!(!folder.path().join("result").exists());
    }
}

/// Superchains of 1025 chains fill nine rows except for 127 slots. Empty slots must not shift the
/// states of other learning rates.
#[test]
fn empty_slots_do_not_shift_states() {
    let experiment = |rest: &str| {
        quadratic(
            "kind = \"langevin\"\neta = [0.1, 0.2, 0.3, 0.4]\ndt = 0.1",
            200,
        )
        .replace("131_072", &format!("65_600\n{rest}"))
    };
    let folder = files(&experiment(""), &experiment("superchains = 64"));
    let distances = compare(folder.path(), ENGINES[0]).expect("a comparison");
    // The distributions are equal. If states of different learning rates were mixed, p would have
    // its smallest value, 0.001. The seeds are fixed; a false alarm has probability 1.6 %.
    for point in &distances.points {
        let energy = point.energy.as_ref().expect("a distance");
        assert!(energy.p > 0.004, "η = {}: {energy:?}", point.eta[0]);
    }
}
