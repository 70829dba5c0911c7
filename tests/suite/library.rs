//! The library as its user meets it: the example programs run, and callbacks are told the truth.

use etascope::{Backend, Experiment, Measurement, Options, Progress};
use std::sync::{Arc, Mutex};

#[path = "../../examples/build_in_code.rs"]
mod build_in_code;
#[path = "../../examples/double_well.rs"]
mod double_well;
#[path = "../../examples/watch_progress.rs"]
mod watch_progress;

#[test]
fn the_example_programs_run() {
    build_in_code::main().expect("runs");
    double_well::main().expect("runs");
    watch_progress::main().expect("runs");
}

const BOWL: &str = "[parameters]\nx = 0.5\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\neta = [0.1, 0.2]\n\
                    [ensemble]\nchains = 300\nduration = { steps = 40 }\n[measure]\ntrace = 4\n";

/// Runs the bowl and collects what the callbacks are told.
fn watched(backend: Backend) -> (etascope::Results, Vec<Measurement>, Vec<Progress>) {
    let told = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let (first, second) = (Arc::clone(&told), Arc::clone(&told));
    let options = Options::default()
        .backend(backend)
        .on_measure(move |measurement| first.lock().expect("no panic").0.push(*measurement))
        .on_progress(move |progress| second.lock().expect("no panic").1.push(progress));
    let experiment = Experiment::from_toml(BOWL).expect("an experiment");
    let results = experiment.run(&options).expect("runs");
    let (measurements, progress) = std::mem::take(&mut *told.lock().expect("no panic"));
    (results, measurements, progress)
}

#[test]
fn callbacks_are_told_of_each_measurement_and_of_all_steps() {
    for backend in [Backend::Cpu, Backend::Gpu] {
        let (results, measurements, progress) = watched(backend);
        for (point, trace) in results.traces.traces.iter().enumerate() {
            let of_point: Vec<_> = measurements.iter().filter(|m| m.point == point).collect();
            assert_eq!(of_point.len(), trace.rows.len());
            for (told, row) in of_point.iter().zip(&trace.rows) {
                assert_eq!((told.step, told.chains), (row.step, 300));
                assert_eq!((told.time, told.loss), (row.time, row.loss));
            }
        }
        let last = progress.last().expect("the end is reported");
        assert!(last.finished);
        assert_eq!((last.chain_steps, last.total), (24_000, Some(24_000)));
    }
}

#[test]
fn callbacks_change_no_result() {
    let (watched, _, _) = watched(Backend::Cpu);
    let plain = Experiment::from_toml(BOWL).expect("an experiment");
    let plain = plain.run(&Options::default().backend(Backend::Cpu));
    let plain = plain.expect("runs");
    assert_eq!(watched.summary.points, plain.summary.points);
}

#[test]
fn a_result_is_written_once_and_replaced_by_force() {
    let folder = tempfile::tempdir().expect("a writable folder");
    let path = folder.path().join("result");
    let (results, _, _) = watched(Backend::Cpu);
    let files = results.write(&path, false).expect("written");
    assert!(files.contains(&path.join("summary.json")));
    let error = results.write(&path, false).expect_err("exists");
    assert!(error.is_input());
    results.write(&path, true).expect("replaced");
}
