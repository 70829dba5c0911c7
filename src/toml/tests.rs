//! The whole module: good files, round trips, mutations; the messages about bad files are tested in `tests/suite/bad.rs`.

use crate::spec::Sampling;
use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::spec::*;

const SMALLEST: &str =
    "[parameters]\nx = 0.0\n[loss]\nformula = '(x^2 - 1)^2 / 4'\n[dynamics]\neta = 0.1\n";

/// Every key at least once, and every kind of string a formula can stand in.
const EVERYTHING: &str = r#"
name = "every key"
[parameters]
b = 0.5
w = { shape = [3], start = "normal(0, 1)" }
W = { shape = [2, 3], start = [[1, 2, 3], [4, 5, 6.5]] }
v = [1.0, -0.0]
u = { start = "uniform(-2, 2e-3)" }
s = { shape = 4 }
[loss]
formula = """
h = tanh(W @ w)   # \"named\"
dot(h, h) + b^2 \
  + v[0]"""
[noise]
sigma = { b = 1.0, w = [1, 2, 3], W = "1 + b^2", v = 0, u = 1, s = 'abs(b)' }
kind = "three-point"
normal = "box-muller"
[dynamics]
kind = "langevin"
eta = [0.1, 1e-3]
rates = { b = 2, w = [1, 2, 3] }
schedule = [{ at = 0.25, factor = 0.5 }, { at = 0.5, factor = 0.1 }]
dt = 0.01
optimizer = "sgd"
[ensemble]
chains = 1e6
superchains = 64
burn_in = 10
duration = { time = 12.5 }
seed = 18446744073709551615
bound = 1e6
[measure]
histogram = [
    { of = "b", from = -1, to = 1, bins = 10 },
    { of = ["b", "v[0]"], from = [-1, -2], to = [1, 2] },
    { of = "energy" },
]
observables = { energy = 'dot(v, v)' }
trace = 0
"#;

/// Every key that needs data.
const WITH_DATA: &str = r#"
[parameters]
w = [0.0, 0.0, 0.0]
b = 0.0
[data]
file = "points/heights.csv"
columns = { u = ["height", "age"], c = ["region \"é\""], y = "weight, kg" }
standardize = ["u", "y"]
categorical = ["region \"é\""]
validation = 0.25
storage = "f16"
[loss]
formula = "square(dot(w, u) + b - y)"
regularization = "0.1 * dot(w, w)"
[dynamics]
kind = "sgd"
eta = 0.1
rates = "rmsprop"
batch = 16
sampling = "shuffle"
optimizer = { kind = "momentum", beta = 0.5, nesterov = true }
"#;

/// Nothing that needs data but what must be there.
const SMALLEST_WITH_DATA: &str = "[parameters]\nx = 0.0\n[data]\nfile = 'a.csv'\ncolumns = { y = 'b' }\n\
     [loss]\nformula = '(x - y)^2'\n[dynamics]\neta = 0.1\n";

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Files of a folder with an extension, sorted.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// Good experiments: the examples, the starter, and the two above.
fn good() -> Vec<(String, String)> {
    let mut good: Vec<(String, String)> = files(&repository().join("examples"), "toml")
        .iter()
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap(),
            )
        })
        .collect();
    assert!(!good.is_empty());
    good.push(("starter".to_owned(), STARTER.to_owned()));
    good.push(("smallest".to_owned(), SMALLEST.to_owned()));
    good.push(("everything".to_owned(), EVERYTHING.to_owned()));
    good.push(("with data".to_owned(), WITH_DATA.to_owned()));
    good.push((
        "smallest with data".to_owned(),
        SMALLEST_WITH_DATA.to_owned(),
    ));
    good
}

/// The experiment as its resolved file says it: with the absolute path of the data file.
fn resolved(mut experiment: Experiment) -> Experiment {
    if let Some(data) = &mut experiment.data {
        let path = data.path(&experiment.source);
        let absolute = std::path::absolute(path).expect("the path is not empty");
        data.file.value = absolute.to_str().expect("text").to_owned();
    }
    experiment
}

fn set(key: &str, value: &str) -> Vec<(String, String)> {
    vec![(key.to_owned(), value.to_owned())]
}

fn with(key: &str, value: &str) -> Experiment {
    parse("smallest.toml", SMALLEST, &set(key, value)).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(key: &str, value: &str) -> String {
    parse("smallest.toml", SMALLEST, &set(key, value))
        .unwrap_err()
        .to_string()
}

#[test]
fn the_smallest_file_has_the_documented_defaults() {
    let experiment = parse("dir/smallest.toml", SMALLEST, &[]).unwrap();
    assert_eq!(experiment.name, "smallest");
    assert_eq!(experiment.dimension(), 1);
    assert_eq!(experiment.parameters[0].start, Start::Values(vec![0.0]));
    assert_eq!(
        experiment.noise.scale,
        NoiseScale::Constant(Spanned::new(1.0, 0..0))
    );
    assert_eq!(
        experiment.noise.kind,
        NoiseKind::Gaussian(NormalTransform::Integer)
    );
    assert_eq!(experiment.dynamics.kind.value, Kind::Sgd);
    assert_eq!(experiment.dynamics.rates.value, Rates::Uniform);
    assert_eq!(experiment.dynamics.dt, None);
    assert_eq!(
        experiment.ensemble,
        Ensemble {
            chains: 65_536,
            superchains: None,
            burn_in: BurnIn::Fixed(RunLength::Steps(0)),
            duration: Duration::Fixed(RunLength::Steps(1000)),
            at_most: 1_000_000,
            common_noise: false,
            seed: 1,
            bound: 1e18,
        }
    );
    assert_eq!(experiment.measure.trace, None);
    let [histogram] = &experiment.measure.histograms[..] else {
        panic!("one histogram per scalar")
    };
    assert_eq!(
        (histogram.axes[0].of.text.as_str(), histogram.bins),
        ("x", 200)
    );
    assert_eq!(
        with("dynamics.kind", "gradient-flow").noise.scale,
        NoiseScale::None
    );
}

#[test]
fn every_key_is_read() {
    let experiment = parse("a.toml", EVERYTHING, &[]).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = experiment
        .parameters
        .iter()
        .map(|parameter| parameter.name.value.as_str())
        .collect();
    assert_eq!(
        names,
        ["b", "w", "W", "v", "u", "s"],
        "the order of the file"
    );
    assert_eq!(experiment.dimension(), 1 + 3 + 6 + 2 + 1 + 4);
    assert_eq!(experiment.parameters[2].shape, ParameterShape::Matrix(2, 3));
    assert_eq!(
        experiment.parameters[2].start,
        Start::Values(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.5])
    );
    assert_eq!(
        experiment.parameters[4].start,
        Start::Uniform {
            from: -2.0,
            to: 2e-3
        }
    );
    assert_eq!(
        experiment.loss.text,
        "h = tanh(W @ w)   # \"named\"\ndot(h, h) + b^2 + v[0]"
    );
    let NoiseScale::PerParameter(scales) = &experiment.noise.scale else {
        panic!("{:?}", experiment.noise)
    };
    assert_eq!(scales[1], ParameterScale::Values(vec![1.0, 2.0, 3.0]));
    assert!(matches!(&scales[5], ParameterScale::Formula(formula) if formula.text == "abs(b)"));
    let Rates::PerParameter(rates) = &experiment.dynamics.rates.value else {
        panic!("{:?}", experiment.dynamics)
    };
    assert_eq!(rates[..3], [vec![2.0], vec![1.0, 2.0, 3.0], vec![1.0; 6]]);
    assert_eq!(
        experiment.dynamics.schedule[1],
        ScheduleStep {
            at: 0.5,
            factor: 0.1
        }
    );
    assert_eq!(
        (experiment.ensemble.chains, experiment.ensemble.seed),
        (1_000_000, u64::MAX)
    );
    assert_eq!(
        experiment.ensemble.burn_in,
        BurnIn::Fixed(RunLength::Steps(10))
    );
    assert_eq!(
        experiment.measure.histograms[1].axes[1].range,
        Some((-2.0, 2.0))
    );
    assert_eq!(experiment.measure.histograms[2].axes[0].range, None);
}

#[test]
fn ranges_of_learning_rates_keep_their_ends_exactly() {
    let etas = |value: &str| -> Vec<f64> {
        with("dynamics.eta", value)
            .dynamics
            .eta
            .iter()
            .map(|eta| eta.value)
            .collect()
    };
    let log = etas("{ from = 1e-4, to = 0.7, points = 16 }");
    assert_eq!((log[0], log[15], log.len()), (1e-4, 0.7, 16));
    let ratio = log[1] / log[0];
    // powf and division are good to a few units in the last place of 1.
    assert!(
        log.windows(2)
            .all(|pair| (pair[1] / pair[0] / ratio - 1.0).abs() < 1e-14),
        "{log:?}"
    );
    assert_eq!(
        etas("{ from = 1, to = 3, points = 3, spacing = 'linear' }"),
        [1.0, 2.0, 3.0]
    );
}

#[test]
fn covariances_of_any_size_are_judged_by_their_shape_alone() {
    let covariance = |scale: &str| {
        let two = set("parameters.y", "0");
        let value = format!("[[{scale}, {scale}], [{scale}, {scale}]]");
        parse(
            "a.toml",
            SMALLEST,
            &[two, set("noise.covariance", &value)].concat(),
        )
    };
    // Singular, and so on the edge of what is allowed; rounding must not push it over.
    for scale in ["1e-320", "1e-160", "0.1", "1e200", "1.7e308"] {
        assert!(covariance(scale).is_ok(), "{scale}");
    }
    assert!(covariance("-1e-320").is_err());
}

#[test]
fn resolved_files_read_back_as_the_same_experiment() {
    for (name, text) in good() {
        let experiment =
            parse("a.toml", &text, &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = to_toml(&experiment);
        let again = parse("b.toml", &written, &[])
            .unwrap_or_else(|error| panic!("{name}: {error}\n{written}"));
        assert_eq!(again, resolved(experiment), "{name}");
        assert_eq!(to_toml(&again), written, "{name}");
    }
}

#[test]
fn resolved_files_keep_awkward_values() {
    let overrides = [
        (
            "loss.formula",
            "\"a = x # \\\\ \\\"q\\\" '''\\n\\ta^2 + é'\"",
        ),
        ("name", "\"it's\""),
        ("dynamics.eta", "[0.1, 4.9e-324, 1.7976931348623157e308]"),
        ("noise.covariance", "[[0.30000000000000004]]"),
        ("noise.covariance", "[[0]]"),
        ("parameters.x", "-0.0"),
        ("parameters.m", "{ shape = [2, 2], start = [1, 2, 3, 4] }"),
        ("measure.histogram", "[]"),
        ("dynamics.kind", "gradient-flow"),
    ];
    for (key, value) in overrides {
        let experiment = with(key, value);
        let again =
            parse("a.toml", &to_toml(&experiment), &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(again, experiment, "{key}");
        assert_eq!(
            format!("{:?}", again.parameters[0].start),
            format!("{:?}", experiment.parameters[0].start)
        );
    }
}

#[test]
fn overrides_replace_add_and_take_bare_words() {
    assert_eq!(with("dynamics.eta", "0.2").dynamics.eta[0].value, 0.2);
    assert_eq!(
        with("dynamics.kind", "langevin").dynamics.kind.value,
        Kind::Langevin
    );
    assert_eq!(with("ensemble.chains", "1000").ensemble.chains, 1000);
    assert_eq!(with("loss.formula", "x^4 - x").loss.text, "x^4 - x");
    let uniform = Start::Uniform {
        from: -2.0,
        to: 2.0,
    };
    assert_eq!(
        with("parameters.x", "uniform(-2, 2)").parameters[0].start,
        uniform
    );
    assert_eq!(
        with("parameters.x", "\"uniform(-2,2)\"").parameters[0].start,
        uniform
    );
    let names: Vec<String> = with("parameters.y", "1")
        .parameters
        .into_iter()
        .map(|each| each.name.value)
        .collect();
    assert_eq!(names, ["x", "y"]);
    let both = [set("dynamics.eta", "0.2"), set("dynamics.eta", "0.3")].concat();
    assert_eq!(
        parse("a.toml", SMALLEST, &both).unwrap().dynamics.eta[0].value,
        0.3,
        "the last one counts"
    );
}

#[test]
fn problems_of_overrides_point_at_the_override() {
    for (key, value, place, words) in [
        ("dynamics.eta", "abc", "--set:1:14", "this is text"),
        ("dynamics.etaa", "1", "--set:1:10", "did you mean `eta`?"),
        ("dynamics.eta", "[0.1", "--set:1:", "not TOML"),
        ("dynamics.eta.points", "3", "--set:1:10", "is a number"),
        ("dynamics..eta", "3", "--set:1:10", "made of names and dots"),
        ("", "3", "--set:1:1", "made of names and dots"),
        (
            "parameters.x",
            "normal(0,-1)",
            "--set:1:14",
            "deviation is negative",
        ),
        ("ensemble.chains", "", "--set:1:17", "empty text"),
    ] {
        let message = refused(key, value);
        assert!(
            message.contains(place) && message.contains(words),
            "{key}={value}:\n{message}"
        );
    }
}

#[test]
fn all_problems_are_shown_in_order_of_position() {
    let text = SMALLEST
        .replace("eta = 0.1", "eta = -1\nkind = 'x'")
        .replace("x = 0.0", "x = true");
    let error = parse("a.toml", &text, &set("ensemble.chains", "0")).unwrap_err();
    let starts: Vec<usize> = error
        .problems()
        .iter()
        .map(|problem| problem.span.clone().unwrap().start)
        .collect();
    assert_eq!(starts.len(), 4, "{error}");
    assert!(starts.is_sorted());
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let directory = read(folder.path(), &[]).unwrap_err().to_string();
    assert!(
        directory.contains("is a directory, not an experiment file"),
        "{directory}"
    );
    let missing = read(&folder.path().join("none.toml"), &[])
        .unwrap_err()
        .to_string();
    assert!(
        missing.contains("none.toml: there is no such file") && missing.contains("etascope new"),
        "{missing}"
    );
    let file = folder.path().join("fine.toml");
    fs::write(&file, SMALLEST).unwrap();
    assert_eq!(read(&file, &[]).unwrap().name, "fine");
}

#[test]
fn colors_are_only_used_when_asked_for() {
    let error = parse("a.toml", "", &[]).unwrap_err();
    assert!(error.render(true).contains('\u{1b}'));
    assert!(!error.render(false).contains('\u{1b}'));
}

#[test]
fn formulas_lead_back_to_the_characters_of_the_file() {
    // Every spelling of a string; the word WRONG must be found again through the text's own bytes.
    let spellings = [
        "'a + WRONG'",
        "\"a + WRONG\"",
        "\"\\u00e9 \\t\\\"\\x41 WRONG + 1\"",
        "'''\nline = 1\nWRONG'''",
        "'''WRONG'''",
        "\"\"\"\n\\\n   \\\n  é + WRONG # \"\"quotes\"\" \"\"\"",
        "\"\"\"\r\nfirst\r\nsecond \\\r\n  WRONG\r\n\"\"\"",
    ];
    for spelling in spellings {
        let text = SMALLEST.replace("'(x^2 - 1)^2 / 4'", spelling);
        let experiment = parse("a.toml", &text, &[]).unwrap_or_else(|error| panic!("{error}"));
        let at = experiment.loss.text.find("WRONG").unwrap();
        let span = experiment.loss.span_of(at..at + 5);
        assert_eq!(&text[span], "WRONG", "{spelling}");
        let end = experiment.loss.text.len();
        assert!(text.is_char_boundary(experiment.loss.span_of(end..end).start));
        let error = ExperimentError::formula(
            &experiment.source,
            &experiment.loss,
            "unknown name",
            at..at + 5,
            "here",
            None,
        );
        assert!(error.to_string().contains("^^^^^ here"), "{error}");
    }
    let experiment = with("loss.formula", "a + WRONG");
    let error = ExperimentError::formula(
        &experiment.source,
        &experiment.loss,
        "unknown name",
        4..9,
        "here",
        None,
    );
    assert!(error.to_string().contains("--set:1:18"), "{error}");
}

#[test]
fn every_key_of_data_is_read() {
    let experiment = parse("dir/a.toml", WITH_DATA, &[]).unwrap_or_else(|error| panic!("{error}"));
    let data = experiment.data.as_ref().unwrap();
    assert_eq!(
        data.path(&experiment.source),
        Path::new("dir/points/heights.csv")
    );
    let names: Vec<(&str, Vec<&str>, bool)> = data
        .columns
        .iter()
        .map(|name| {
            let columns = name.columns.iter().map(|column| column.value.as_str());
            (name.name.value.as_str(), columns.collect(), name.is_list)
        })
        .collect();
    assert_eq!(
        names,
        [
            ("u", vec!["height", "age"], true),
            ("c", vec!["region \"é\""], true),
            ("y", vec!["weight, kg"], false),
        ]
    );
    let Standardize::Names(standardized) = &data.standardize else {
        panic!("{data:?}")
    };
    assert_eq!(standardized[1].value, "y");
    assert_eq!(data.categorical[0].value, "region \"é\"");
    assert_eq!((data.validation, data.storage), (0.25, ExampleStorage::F16));
    assert_eq!(experiment.regularization.unwrap().text, "0.1 * dot(w, w)");
    assert_eq!(experiment.noise.scale, NoiseScale::None);
    let dynamics = &experiment.dynamics;
    assert_eq!(dynamics.rates.value, Rates::InverseDeviation);
    assert_eq!(
        (dynamics.batch.value, dynamics.sampling),
        (16, Sampling::Shuffle)
    );
    assert_eq!(
        dynamics.optimizer.value,
        Optimizer::Momentum {
            beta: 0.5,
            nesterov: true
        }
    );
}

#[test]
fn data_has_the_documented_defaults() {
    let experiment = parse("a.toml", SMALLEST_WITH_DATA, &[]).unwrap();
    let data = experiment.data.as_ref().unwrap();
    assert_eq!(data.standardize, Standardize::No);
    assert!(data.categorical.is_empty() && !data.columns[0].is_list);
    assert_eq!((data.validation, data.storage), (0.0, ExampleStorage::F32));
    assert_eq!(experiment.regularization, None);
    assert_eq!(experiment.dynamics.batch.value, 1);
    assert_eq!(experiment.dynamics.sampling, Sampling::WithReplacement);
    assert_eq!(experiment.dynamics.optimizer.value, Optimizer::Sgd);
    let whole = parse(
        "a.toml",
        SMALLEST_WITH_DATA,
        &set("data.standardize", "true"),
    )
    .unwrap();
    assert_eq!(whole.data.unwrap().standardize, Standardize::All);
}

#[test]
fn optimizers_have_the_documented_defaults() {
    let momentum = Optimizer::Momentum {
        beta: 0.9,
        nesterov: false,
    };
    let rmsprop = Optimizer::RmsProp {
        beta2: 0.99,
        epsilon: 1e-8,
    };
    let adam = Optimizer::Adam {
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
    };
    for (name, expected) in [
        ("sgd", Optimizer::Sgd),
        ("momentum", momentum),
        ("rmsprop", rmsprop),
        ("adam", adam),
    ] {
        let table = format!("{{ kind = '{name}' }}");
        for value in [name, &table] {
            let experiment = with("dynamics.optimizer", value);
            assert_eq!(experiment.dynamics.optimizer.value, expected, "{value}");
            let again = parse("a.toml", &to_toml(&experiment), &[]).unwrap();
            assert_eq!(again, experiment, "{value}");
        }
    }
    let Optimizer::Adam { beta2, epsilon, .. } = with(
        "dynamics.optimizer",
        "{ kind = 'adam', beta2 = 0.95, epsilon = 1e-6 }",
    )
    .dynamics
    .optimizer
    .value
    else {
        panic!("not Adam")
    };
    assert_eq!((beta2, epsilon), (0.95, 1e-6));
}

#[test]
fn noise_beside_data_is_that_of_the_examples_unless_langevin_is_given_another() {
    let langevin = |noise: &[(&str, &str)]| {
        let mut overrides = set("dynamics.kind", "langevin");
        for (key, value) in noise {
            overrides.extend(set(key, value));
        }
        let experiment = parse("a.toml", SMALLEST_WITH_DATA, &overrides).unwrap();
        let again = parse("a.toml", &to_toml(&experiment), &[]).unwrap();
        assert_eq!(again, resolved(experiment.clone()));
        experiment.noise
    };
    assert_eq!(langevin(&[]).scale, NoiseScale::None);
    let two_point = langevin(&[("noise.kind", "two-point")]);
    assert_eq!(two_point.scale, NoiseScale::None);
    assert_eq!(two_point.kind, NoiseKind::TwoPoint);
    assert!(matches!(
        langevin(&[("noise.sigma", "2")]).scale,
        NoiseScale::Constant(sigma) if sigma.value == 2.0
    ));
    for rates in ["rmsprop", "inverse-variance"] {
        let noise = langevin(&[("dynamics.rates", rates), ("noise.sigma", "1 + x^2")]);
        assert!(matches!(noise.scale, NoiseScale::Formula(_)), "{rates}");
    }
    for key in ["noise.sigma", "noise.kind"] {
        let error = parse("a.toml", SMALLEST_WITH_DATA, &set(key, "1")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("its noise is that of the batches"),
            "{error}"
        );
    }
}

#[test]
fn the_data_file_lies_beside_the_experiment_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("here.toml");
    fs::write(&file, SMALLEST_WITH_DATA).unwrap();
    let experiment = read(&file, &[]).unwrap();
    let path = |experiment: &Experiment| experiment.data.as_ref().unwrap().path(&experiment.source);
    assert_eq!(path(&experiment), folder.path().join("a.csv"));
    // The resolved file stands elsewhere and still means the same data.
    let elsewhere = folder.path().join("results");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("experiment.toml"), to_toml(&experiment)).unwrap();
    let again = read(&elsewhere.join("experiment.toml"), &[]).unwrap();
    assert_eq!(path(&again), folder.path().join("a.csv"));
    let absolute = read(&file, &set("data.file", "/b.csv")).unwrap();
    assert_eq!(path(&absolute), Path::new("/b.csv"));
}

#[test]
fn problems_of_data_point_at_the_column_or_the_file() {
    let experiment = parse("a.toml", WITH_DATA, &[]).unwrap();
    let data = experiment.data.as_ref().unwrap();
    let error = |column| {
        ExperimentError::data(&experiment.source, data, column, "m", "label", "h").to_string()
    };
    for (column, under) in [
        (Some("age"), "\"age\""),
        (Some("weight, kg"), "\"weight, kg\""),
        (None, "\"points/heights.csv\""),
        (Some("unheard of"), "\"points/heights.csv\""),
    ] {
        let message = error(column);
        let carets = format!(" {} label", "^".repeat(under.len()));
        assert!(
            message.contains(under) && message.contains(&carets),
            "{message}"
        );
        assert!(message.contains("= help: h"), "{message}");
    }
}

/// Whatever stands in a file, reading it ends, and its problems can be shown.
#[test]
fn mutated_files_never_panic() {
    const FRAGMENTS: [&str; 24] = [
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "\\",
        "\\u00e9",
        "é",
        "[",
        "]",
        "{",
        "}",
        "=",
        ",",
        ".",
        "\n",
        "\r\n",
        "0",
        "-1",
        "1e999",
        "nan",
        "[[dynamics]]",
        "x",
        "99999999999999999999999999999999999999999999",
        "\u{0}",
    ];
    let mut random = StdRng::seed_from_u64(1);
    let mut texts: Vec<String> = good().into_iter().map(|(_, text)| text).collect();
    texts.extend(
        files(&repository().join("tests/bad"), "toml")
            .iter()
            .filter_map(|path| fs::read_to_string(path).ok()),
    );
    let (mut good, mut bad) = (0, 0);
    for round in 0..20_000 {
        let mut text: Vec<char> = texts[round % texts.len()].chars().collect();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..=text.len());
            let end = (at + random.random_range(0..6)).min(text.len());
            let fragment = FRAGMENTS[random.random_range(0..FRAGMENTS.len())];
            text.splice(at..end, fragment.chars());
        }
        let text: String = text.into_iter().collect();
        // Every fourth text is read with an override as well.
        let overrides = match round % 4 {
            0 => set("dynamics.eta", FRAGMENTS[round / 4 % FRAGMENTS.len()]),
            _ => Vec::new(),
        };
        match parse("mutated.toml", &text, &overrides).map(|found| (to_toml(&found), found)) {
            Ok((written, found)) => {
                good += 1;
                assert_eq!(
                    parse("mutated.toml", &written, &[]).unwrap(),
                    resolved(found)
                );
            }
            Err(error) => {
                bad += 1;
                assert!(
                    !error.problems().is_empty() && !error.to_string().is_empty(),
                    "no problem is told of\n{text}"
                );
            }
        }
    }
    assert!(
        good > 10 && bad > 1000,
        "the mutations reach both answers: {good} good, {bad} bad"
    );
}
