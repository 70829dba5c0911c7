//! Runs an experiment from TOML text and prints the loss at each learning rate.
//!
//! ```text
//! cargo run --release --example double_well
//! ```

use etascope::{Backend, Error, Experiment, Options};

/// SGD on a double well with its minima at ±1, at three learning rates.
const DOUBLE_WELL: &str = r#"
    [parameters]
    x = "uniform(-2, 2)"
    [loss]
    formula = "(x^2 - 1)^2 / 4"
    [dynamics]
    kind = "sgd"
    eta = [0.05, 0.1, 0.2]
    [ensemble]
    chains = 8192
    duration = { steps = 500 }
"#;

pub(crate) fn main() -> Result<(), Error> {
    let experiment = Experiment::from_toml(DOUBLE_WELL)?;
    let results = experiment.run(&Options::default().backend(Backend::Cpu))?;
    for point in &results.summary.points {
        let loss = point.loss;
        println!("η = {}: L = {:.4} ± {:.4}", point.eta, loss.mean, loss.se);
    }
    Ok(())
}
