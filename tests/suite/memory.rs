//! Peak memory of a million chains: at most chains × parameters × 4 bytes + 200 MB.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const CHAINS: u64 = 1_000_000;
const PARAMETERS: u64 = 10;

/// All measurements but few steps: memory does not depend on their number.
const EXPERIMENT: &str = r#"
[parameters]
w = { shape = [10], start = "normal(0, 1)" }
[loss]
formula = "sum((w^2 - 1)^2) / 4"
[dynamics]
kind = "langevin"
eta = 0.1
[ensemble]
chains = 1_000_000
duration = { steps = 8 }
[measure]
histogram = [{ of = ["w[0]", "w[1]"], bins = 64 }]
trace = 4
"#;

/// Peak of resident memory so far in bytes, as counted by the kernel; `None` after the process has ended.
fn peak(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn start(folder: &Path, backend: &str) -> Child {
    let file = folder.join("million.toml");
    fs::write(&file, EXPERIMENT).expect("a temporary folder can be written");
    Command::new(env!("CARGO_BIN_EXE_etascope"))
        .args(["run", "--quiet", "--backend", backend, "--out"])
        .arg(folder.join("out"))
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts")
}

/// Runs a million chains and returns the peak of their memory. The kernel records the peak, so polling misses only growth in the
/// last milliseconds, when everything has long been allocated.
fn peak_of_a_million(backend: &str) -> u64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut child = start(folder.path(), backend);
    let mut highest = 0;
    let status = loop {
        highest = peak(child.id()).map_or(highest, |now| now.max(highest));
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    assert!(
        status.success(),
        "the run on the {backend} ended with {status}"
    );
    highest
}

fn check(backend: &str) {
    let state = CHAINS * PARAMETERS * 4;
    let peak = peak_of_a_million(backend);
    assert!(
        peak > state,
        "{peak} bytes on the {backend} cannot hold the state of {state}: nothing was measured"
    );
    assert!(
        peak <= state + 200_000_000,
        "{peak} bytes on the {backend} for a state of {state}"
    );
}

#[test]
fn a_million_chains_fit_on_the_cpu() {
    check("cpu");
}

/// The device memory of a software rasterizer is memory of this process, so it counts too.
#[test]
fn a_million_chains_fit_on_the_gpu() {
    check("gpu");
}
