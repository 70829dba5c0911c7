//! Builds an experiment in code, without an experiment file, and writes its result folder.
//!
//! ```text
//! cargo run --release --example build_in_code
//! ```

use etascope::vocabulary::{Kind, RunLength, Start};
use etascope::{Backend, Error, Experiment, Options};

pub(crate) fn main() -> Result<(), Error> {
    // Langevin dynamics in a double well, from a broad start.
    let experiment = Experiment::builder("double-well")
        .loss("(x^2 - 1)^2 / 4")
        .parameter(
            "x",
            Start::Uniform {
                from: -2.0,
                to: 2.0,
            },
        )
        .dynamics(Kind::Langevin)
        .eta([0.1])
        .dt(0.02)
        .chains(8192)
        .duration(RunLength::Steps(500))
        .observable("distance", "abs(x)")
        .build()?;
    let results = experiment.run(&Options::default().backend(Backend::Cpu))?;
    let folder = std::env::temp_dir().join("etascope-build-in-code");
    results.write(&folder, true)?;
    println!("{}", folder.join("report.html").display());
    Ok(())
}
