//! Follows a run: one callback is told of progress, another of each measurement.
//!
//! ```text
//! cargo run --release --example watch_progress
//! ```

use etascope::{Backend, Error, Experiment, Measurement, Options, Progress};
use std::sync::{Arc, Mutex};

/// Langevin dynamics from x = 2 into a parabola, measured at ten times after the start.
const RELAXATION: &str = r#"
    [parameters]
    x = 2.0
    [loss]
    formula = "x^2 / 2"
    [dynamics]
    kind = "langevin"
    eta = 0.1
    dt = 0.01
    [ensemble]
    chains = 8192
    duration = { time = 5.0 }
    [measure]
    trace = 10
"#;

pub(crate) fn main() -> Result<(), Error> {
    // Callbacks may be called from any thread, so that what they collect is behind a lock.
    let curve = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&curve);
    let options = Options::default()
        .backend(Backend::Cpu)
        .on_progress(show)
        .on_measure(move |measurement: &Measurement| {
            let mut curve = collected.lock().expect("no callback panics");
            curve.push((measurement.time, measurement.loss));
        });
    Experiment::from_toml(RELAXATION)?.run(&options)?;
    for (time, loss) in curve.lock().expect("no callback panics").iter() {
        println!("t = {time:.1}: L = {:.4} ± {:.4}", loss.mean, loss.se);
    }
    Ok(())
}

/// Prints the share of the work that is done.
fn show(progress: Progress) {
    if let Some(total) = progress.total {
        let percent = 100.0 * progress.chain_steps as f64 / total as f64;
        eprintln!("{percent:.0} %");
    }
}
