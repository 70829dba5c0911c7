//! Losses over data: runs on the CPU in f32 and f64 and on the GPU, compared with exact results that independent programs
//! computed (`tests/fixtures/`).

mod bernoulli;
mod kesten;
mod momentum;
mod networks;
mod optima;
mod optimizers;
mod regression;
mod shuffle;
mod sweep;

use serde_json::Value;

/// A fixture of `tests/fixtures/`.
fn fixture(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("{value} is no list"))
        .iter()
        .map(number)
        .collect()
}

/// The sections `[data]` and `[loss]` of a case of a fixture.
fn data_and_loss(case: &Value) -> String {
    let file = case["file"].as_str().expect("a file");
    let standardized = &case["standardized"];
    let (u, y) = (&case["columns"]["u"], &case["columns"]["y"]);
    let names = if standardized.get(y.as_str().expect("a column")).is_some() {
        "[\"u\", \"y\"]"
    } else {
        "[\"u\"]"
    };
    let regularization = case["regularization"]
        .as_str()
        .map_or(String::new(), |text| {
            format!("regularization = \"{text}\"\n")
        });
    format!(
        "[data]\nfile = \"{}/examples/data/{file}\"\ncolumns = {{ u = {u}, y = {y} }}\nstandardize = {names}\n\
         [loss]\nformula = \"\"\"\n{}\n\"\"\"\n{regularization}",
        env!("CARGO_MANIFEST_DIR"),
        case["formula"].as_str().expect("a formula"),
    )
}

/// A temporary CSV file, removed when dropped.
fn csv(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new()
        .suffix(".csv")
        .tempfile()
        .expect("a temporary file");
    std::fs::write(file.path(), text).expect("a writable file");
    file
}
