//! The program as its user meets it: the built binary in a folder of its own.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A Langevin run of a fraction of a second.
const WELL: &str = r#"
[parameters]
x = { start = "uniform(-2, 2)" }
[loss]
formula = "(x^2 - 1)^2 / 4"
[dynamics]
kind = "langevin"
eta = 0.1
dt = 0.02
[ensemble]
chains = 5000
duration = { steps = 400 }
[measure]
histogram = [{ of = "x", from = -2.5, to = 2.5, bins = 50 }]
observables = { radius = "abs(x)" }
trace = 10
"#;

/// A parabola of curvature 1.
const BOWL: &str = "[parameters]\nx = 0.5\n[loss]\nformula = \"x^2 / 2\"\n[dynamics]\neta = 0.1\n\
                    [ensemble]\nchains = 256\nduration = { steps = 1000 }\n";

/// Fields of the summary that differ between equal runs.
const OF_THE_MACHINE: [&str; 4] = [
    "wall_seconds",
    "chain_steps_per_second",
    "startup_seconds",
    "adapter",
];

/// A temporary folder with experiment files, in which the program runs.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a temporary folder"));
        folder.write("well.toml", WELL);
        folder.write("bowl.toml", BOWL);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a writable folder");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_etascope"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            // Containers do not set it.
            .env_remove("XDG_RUNTIME_DIR");
        command
    }

    /// Runs `etascope ARGUMENTS`; arguments are split at blanks.
    fn etascope(&self, arguments: &str) -> Ran {
        Ran::new(
            self.command(arguments)
                .output()
                .expect("the program starts"),
        )
    }

    fn summary(&self, folder: &str) -> Value {
        serde_json::from_str(&self.read(&format!("{folder}/summary.json"))).expect("JSON")
    }

    /// The summary without the fields that depend on the machine.
    fn figures(&self, folder: &str) -> Value {
        let mut summary = self.summary(folder);
        let map = summary.as_object_mut().expect("an object");
        for name in OF_THE_MACHINE {
            map.remove(name).unwrap_or_else(|| panic!("no {name}"));
        }
        summary
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path(folder))
            .expect("a folder")
            .map(|entry| {
                entry
                    .expect("readable")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }
}

/// Exit code and output of the program.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn new(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("UTF-8"),
            err: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Asserts success and an empty standard error.
    fn ok(self) -> Self {
        assert_eq!(
            (self.code, self.err.as_str()),
            (Some(0), ""),
            "{}",
            self.out
        );
        self
    }

    /// Asserts an exit code, words on standard error and, for wrong input, an empty standard output.
    fn fails(self, code: i32, words: &str) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        assert!(
            self.err.contains(words),
            "{words:?} is not in: {}",
            self.err
        );
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert!(code == 1 || self.out.is_empty(), "{}", self.out);
        self
    }
}

#[test]
fn a_run_writes_a_whole_result_folder() {
    let folder = Folder::new();
    let ran = folder.etascope("run well.toml").ok();
    assert_eq!(
        folder.names("results/well").join(" "),
        "density_x.svg experiment.toml histogram_x.csv loss_vs_eta.csv parameters.csv report.html summary.json \
         trace.csv trace.svg"
    );
    assert_eq!(
        folder.names("results"),
        ["well"],
        "nothing temporary is left"
    );
    for words in [
        "loss",
        "± ",
        "α fitted",
        "α exact at this dt",
        "Results in results",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!ran.out.contains('\x1b'), "no colors in a pipe");
    for (file, header) in [
        (
            "loss_vs_eta.csv",
            "eta,dt,steps,time,diverged,converged,loss,loss_se,loss_theory",
        ),
        ("parameters.csv", "eta,parameter,mean"),
        ("trace.csv", "eta,step,time,loss,loss_se"),
        ("histogram_x.csv", ""),
    ] {
        let text = folder.read(&format!("results/well/{file}"));
        assert!(
            text.starts_with(header),
            "{file}: {}",
            text.lines().next().unwrap_or("")
        );
        let columns = |line: &str| line.split(',').count();
        let width = columns(text.lines().next().expect("a header"));
        assert!(
            text.lines().count() > 1 && text.lines().all(|line| columns(line) == width),
            "{file}"
        );
    }
    for file in ["density_x.svg", "trace.svg"] {
        let text = folder.read(&format!("results/well/{file}"));
        let picture = roxmltree::Document::parse(&text).expect("well-formed");
        assert_eq!(picture.root_element().tag_name().name(), "svg");
    }
    let page = folder.read("results/well/report.html");
    assert!(page.matches("role=\"img\"").count() == 2 && page.ends_with("</html>\n"));
    assert!(
        !page.contains("src=") && !page.contains("href="),
        "the page stands alone"
    );
}

#[test]
fn the_summary_has_the_names_that_other_programs_rely_on() {
    let folder = Folder::new();
    folder.etascope("run well.toml --out r").ok();
    let summary = folder.summary("r");
    for name in "etascope name backend adapter precision seed chains wall_seconds chain_steps_per_second points optimum"
        .split(' ')
    {
        assert!(!summary[name].is_null(), "{name}");
    }
    let point = &summary["points"][0];
    for path in "/eta /dt /steps /time /diverged /converged /loss/mean /loss/se /parameters/x/mean /parameters/x/se \
                 /parameters/x/variance/mean /parameters/x/temperature/se /covariance/0/0 /observables/radius/mean \
                 /stationarity/fdr_left/mean /stationarity/fdr_right/se /stationarity/z /gibbs/alpha/mean \
                 /gibbs/ks_distance /gibbs/ks_p /gibbs/alpha_virial/x/mean"
        .split_whitespace()
    {
        let value = point.pointer(path).unwrap_or_else(|| panic!("no {path}"));
        assert!(value.is_number() || value.is_boolean(), "{path}: {value}");
    }
    assert_eq!(summary["chains"], 5000);
    assert_eq!(point["steps"], 400);
}

#[test]
fn the_written_experiment_gives_the_same_bits() {
    let folder = Folder::new();
    folder
        .etascope("run well.toml --out first --seed 7 --chains 3e3")
        .ok();
    folder
        .etascope("run first/experiment.toml --out again")
        .ok();
    assert_eq!(folder.figures("first"), folder.figures("again"));
    for file in [
        "experiment.toml",
        "loss_vs_eta.csv",
        "trace.csv",
        "histogram_x.csv",
        "density_x.svg",
    ] {
        assert_eq!(
            folder.read(&format!("first/{file}")),
            folder.read(&format!("again/{file}")),
            "{file}"
        );
    }
}

#[test]
fn a_seed_gives_the_same_answer_on_any_number_of_threads() {
    let folder = Folder::new();
    for threads in ["1", "2", "5"] {
        let mut command = folder.command(&format!("run well.toml --out on{threads}"));
        Ran::new(
            command
                .env("RAYON_NUM_THREADS", threads)
                .output()
                .expect("starts"),
        )
        .ok();
    }
    assert_eq!(folder.figures("on1"), folder.figures("on2"));
    assert_eq!(folder.figures("on1"), folder.figures("on5"));
    folder.etascope("run well.toml --out other --seed 2").ok();
    assert_ne!(
        folder.figures("on1")["points"],
        folder.figures("other")["points"]
    );
}

#[test]
fn options_reach_the_run() {
    let folder = Folder::new();
    folder
        .etascope("run well.toml --out r --seed 3 --chains 1_000 --precision f64 --set dynamics.eta=[0.1,0.2] --set measure.trace=0")
        .ok();
    let summary = folder.summary("r");
    assert_eq!(summary["seed"], 3);
    assert_eq!(summary["chains"], 1000);
    assert_eq!(summary["precision"], "f64");
    assert_eq!(summary["backend"], "cpu");
    assert_eq!(summary["points"].as_array().map(Vec::len), Some(2));
    assert_eq!(summary["points"][1]["eta"], 0.2);
    // Double precision follows the same stream: the same answer up to rounding, but not the same bits.
    folder
        .etascope("run well.toml --out single --seed 3 --chains 1000")
        .ok();
    let mean = |name: &str| {
        folder.summary(name)["points"][0]["loss"]["mean"]
            .as_f64()
            .expect("a number")
    };
    let (double, single) = (mean("r"), mean("single"));
    // Rounding shifts a chain by at most 400 × 2⁻²⁴ in 400 steps. A shift can decide if a chain crosses the barrier: a
    // few of the 1000 chains, each of which changes the mean loss by less than 1/1000 of its value.
    assert!(
        double != single && (double / single - 1.0).abs() < 0.01,
        "{double} {single}"
    );
}

/// Noise and arithmetic are nearly equal, so that 10 of 15 printed digits agree.
#[test]
fn double_precision_is_the_same_on_both_backends() {
    let folder = Folder::new();
    let mean = |backend: &str, precision: &str| {
        folder
            .etascope(&format!(
                "run well.toml --out {backend}-{precision} --chains 1000 --backend {backend} --precision {precision}"
            ))
            .ok();
        let summary = folder.summary(&format!("{backend}-{precision}"));
        assert_eq!(summary["backend"], backend);
        assert_eq!(summary["precision"], precision);
        summary["points"][0]["loss"]["mean"]
            .as_f64()
            .expect("a number")
    };
    let cpu = mean("cpu", "f64");
    let gpu = mean("gpu", "f64");
    assert!((gpu / cpu - 1.0).abs() < 1e-10, "{gpu} and {cpu}");
    let single = mean("cpu", "f32");
    assert!((single / cpu - 1.0).abs() > 1e-9, "{single} and {cpu}");
}

#[test]
fn explain_prints_the_plan_and_runs_nothing() {
    let folder = Folder::new();
    let ran = folder
        .etascope("run well.toml --explain --backend cpu --chains 70000")
        .ok();
    let labels: Vec<&str> = (ran.out.lines())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        labels.join(" "),
        "experiment backend tiles memory checkpoints programs time"
    );
    for words in [
        "well: langevin, 1 parameter, 1 learning rate, 70,000 chains each, seed 1",
        "cpu, ",
        "because it was asked for",
        "1 of up to 70,000 chains",
        "400 steps over all learning rates",
        "operations per step",
        "chain-steps/s",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!folder.path("results").exists(), "nothing is written");
    let gpu = folder
        .etascope("run well.toml --explain --backend gpu")
        .ok();
    for label in ["dispatches", "shaders for", "divergence checks", "time"] {
        assert!(
            gpu.out.contains(&format!("\n{label}")),
            "{label}: {}",
            gpu.out
        );
    }
    folder
        .etascope("run well.toml --explain --out r")
        .fails(2, "--explain");
}

#[test]
fn results_are_not_overwritten() {
    let folder = Folder::new();
    folder.etascope("run bowl.toml --out r").ok();
    let before = folder.read("r/summary.json");
    folder
        .etascope("run bowl.toml --out r --seed 9")
        .fails(2, "--force");
    assert_eq!(folder.read("r/summary.json"), before);
    folder
        .etascope("run bowl.toml --out r --seed 9 --force")
        .ok();
    assert_eq!(folder.summary("r")["seed"], 9);
    fs::create_dir(folder.path("mine")).expect("a folder");
    folder.write("mine/thesis.tex", "ten years of work");
    folder.write("note", "text");
    for out in ["mine", "note", "..", "/"] {
        folder
            .etascope(&format!("run bowl.toml --out {out} --force"))
            .fails(2, "choose another with --out");
    }
    assert_eq!(folder.read("mine/thesis.tex"), "ten years of work");
    assert_eq!(folder.read("note"), "text");
}

#[test]
fn json_is_the_summary_and_nothing_else() {
    let folder = Folder::new();
    let ran = folder.etascope("run bowl.toml --json --quiet --out r").ok();
    assert_eq!(ran.out, folder.read("r/summary.json"));
}

#[test]
fn wrong_input_is_exit_code_2() {
    let folder = Folder::new();
    folder.write(
        "broken.toml",
        "[parameters]\nx = 0\n[loss]\nformula = \"y^2\"\n[dynamics]\neta = 0.1\n",
    );
    folder.write(
        "large.toml",
        "[parameters]\nw = { shape = [100] }\n[loss]\nformula = \"dot(w, w)\"\n[dynamics]\neta = 0.1\n",
    );
    for (arguments, words) in [
        ("run missing.toml", "there is no such file"),
        ("run .", "is a directory"),
        ("run broken.toml", "broken.toml:4:12"),
        ("run bowl.toml --set dynamics.eta=nan", "--set"),
        ("run bowl.toml --set dynamics.eta=inf", "--set"),
        ("run bowl.toml --set dynamics.eta=-0.1", "--set"),
        ("run bowl.toml --set dynamics.eta=0", "--set"),
        ("run bowl.toml --set loss.formula=x^2+q", "unknown name `q`"),
        ("run bowl.toml --set dynamics.etaa=1", "did you mean `eta`?"),
        ("run bowl.toml --set ensemble.chains=0", "--set"),
        ("run bowl.toml --chains 0", "at least 1"),
        ("run bowl.toml --chains 1e15", "chains"),
        ("run bowl.toml --seed -1", "--seed"),
        ("run bowl.toml --backend cpu --adapter x", "--adapter"),
        (
            "run large.toml --backend gpu --precision compensated",
            "--backend cpu",
        ),
        (
            "run large.toml --backend gpu --precision f16-state",
            "--backend cpu",
        ),
        ("run bowl.toml --backend quantum", "gpu"),
        ("run", "FILE"),
        ("fly", "fly"),
    ] {
        folder.etascope(arguments).fails(2, words);
    }
    assert!(!folder.path("results").exists(), "nothing is left behind");
}

/// SGD near 1 at η = 1e-7, where the spacing of f32 numbers is as large as a step. The run starts at half of the stationary
/// variance and takes 8 relaxation times of the variance.
const SMALL: &str = "[parameters]\nx = \"normal(1, 1.58e-6)\"\n[loss]\nformula = \"5000 * (x - 1)^2\"\n\
                     [dynamics]\neta = 1e-7\n[ensemble]\nchains = 65_536\nduration = { steps = 4000 }\n\
                     [measure]\ntrace = 2\n";

#[test]
fn steps_lost_in_rounding_are_warned_of_and_compensated() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let run = |arguments: &str| -> (Value, f64) {
        folder
            .etascope(&format!(
                "run small.toml --quiet --out r --force {arguments}"
            ))
            .ok();
        let summary = folder.summary("r");
        let variance = &summary["points"][0]["parameters"]["x"]["variance"]["mean"];
        // η/h(2 − ηh) with h = 10⁴.
        let off = variance.as_f64().expect("a number") * 1e4 * (2.0 - 1e-3) / 1e-7 - 1.0;
        (summary, off)
    };
    let (single, off) = run("--backend cpu");
    let warning = single["warnings"][0].as_str().expect("a warning");
    assert!(
        warning.contains("do not trust this point, use --precision compensated"),
        "{warning}"
    );
    assert_eq!(single["points"][0]["converged"], false);
    let verdict = single["points"][0]["verdict"].as_str().expect("words");
    assert!(verdict.contains("rounding"), "{verdict}");
    // The predicted inflation (2⁻⁴⁶ + 2⁻⁴⁸)/24η² = 7.4 % is also the measured one, ± 0.55 % at 65,536 chains.
    assert!(warning.contains("about 7.4"), "{warning}");
    assert!((off - 0.074).abs() < 0.022, "{off}");
    for backend in ["cpu", "gpu"] {
        let (compensated, off) = run(&format!("--backend {backend} --precision compensated"));
        assert_eq!(compensated["precision"], "compensated");
        // Measurements still round to floats: the spread of 2.2e-6 changes its variance by 1.5e-4, the only warning.
        let words = compensated["warnings"].to_string();
        assert!(
            words.contains("about 0.01 %") && !words.contains("trust"),
            "{words}"
        );
        assert_eq!(compensated["points"][0]["converged"], true, "{compensated}");
        assert!(off.abs() < 0.02, "{backend}: {off}");
    }
}

/// A device may round the deterministic part of a step separately: at η = 2e-6 and curvature 500 it is then lost.
#[test]
fn a_lost_deterministic_part_is_warned_of() {
    let folder = Folder::new();
    folder.write("small.toml", SMALL);
    let settings = "--set dynamics.eta=2e-6 --set loss.formula=250*(x-1)^2 --set parameters.x=\"normal(1,4.5e-5)\" --chains 4096";
    for (backend, warned) in [("cpu", false), ("gpu", true)] {
        let line = format!("run small.toml --out r --force --backend {backend} {settings}");
        folder.etascope(&line).ok();
        let warnings = folder.summary("r")["warnings"].to_string();
        assert_eq!(
            warnings.contains("do not trust"),
            warned,
            "{backend}: {warnings}"
        );
    }
}

#[test]
fn the_bias_of_sixteen_bits_is_warned_of() {
    let folder = Folder::new();
    folder.write(
        "half.toml",
        "[parameters]\nx = \"normal(1.5, 0.03)\"\n[loss]\nformula = \"(x - 1.5)^2 / 2\"\n[dynamics]\neta = [0.1, 0.004, 0.001]\n\
         [ensemble]\nchains = 4096\nduration = { time = 4.0 }\n[measure]\ntrace = 2\n",
    );
    for backend in ["cpu", "gpu"] {
        folder
            .etascope(&format!(
                "run half.toml --out r --force --precision f16-state --backend {backend}"
            ))
            .ok();
        let summary = folder.summary("r");
        assert_eq!(summary["precision"], "f16-state");
        // (2⁻¹⁰/η)²/6 is 1.6e-5, 0.99 % and 15.9 %.
        let words = summary["warnings"].to_string();
        assert!(
            words.contains("η = 0.004 rounding inflates the variance of x by about 0.99 %"),
            "{words}"
        );
        assert!(
            words.contains(
                "η = 0.001 rounding inflates the variance of x by about 15.89 %: do not trust"
            ),
            "{words}"
        );
        assert_eq!(summary["points"][2]["converged"], false);
        let verdicts: Vec<&str> = (0..3)
            .map(|k| summary["points"][k]["verdict"].as_str().expect("words"))
            .collect();
        assert!(
            !verdicts[1].contains("rounding") && verdicts[2].contains("rounding"),
            "{verdicts:?}"
        );
    }
}

#[test]
fn every_chain_diverged_is_said_first_and_is_exit_code_1() {
    let folder = Folder::new();
    let all = folder
        .etascope("run bowl.toml --out all --set dynamics.eta=2.1")
        .fails(1, "every chain diverged");
    let second = all.out.lines().nth(1).expect("a second line");
    assert!(
        second.starts_with("! 256 of 256 chains diverged at η = 2.1"),
        "{}",
        all.out
    );
    assert_eq!(folder.summary("all")["points"][0]["diverged"], 256);
    assert_eq!(
        folder.summary("all")["points"][0]["loss"]["mean"],
        Value::Null
    );
    // A sweep that ends in divergence is a success: it shows where chains diverge.
    let some = folder
        .etascope("run bowl.toml --out some --set dynamics.eta=[0.1,2.1]")
        .ok();
    assert!(
        some.out
            .lines()
            .nth(1)
            .is_some_and(|line| line.starts_with('!')),
        "{}",
        some.out
    );
}

#[test]
fn the_gpu_agrees_with_the_cpu() {
    let folder = Folder::new();
    folder
        .etascope("run well.toml --out cpu --backend cpu")
        .ok();
    folder
        .etascope("run well.toml --out gpu --backend gpu")
        .ok();
    let (cpu, gpu) = (folder.summary("cpu"), folder.summary("gpu"));
    assert_eq!(gpu["backend"], "gpu");
    assert!(gpu["driver"].is_string() && gpu["software_adapter"].is_boolean());
    for path in [
        "/loss",
        "/parameters/x",
        "/parameters/x/variance",
        "/parameters/x/temperature",
        "/observables/radius",
    ] {
        let figure = |of: &Value, name: &str| {
            let value = of["points"][0].pointer(&format!("{path}/{name}"));
            value
                .and_then(Value::as_f64)
                .unwrap_or_else(|| panic!("no {path}/{name}"))
        };
        let difference = figure(&cpu, "mean") - figure(&gpu, "mean");
        let se = figure(&cpu, "se").hypot(figure(&gpu, "se"));
        // Both use the same random stream, so that they differ less than independent runs, which exceed five standard
        // errors with probability 6e-7.
        assert!(difference.abs() < 5.0 * se, "{path}: {difference} ± {se}");
    }
}

#[test]
fn devices_lists_adapters_and_an_unknown_name_is_answered_with_them() {
    let folder = Folder::new();
    let devices = folder.etascope("devices").ok();
    assert!(
        devices.out.ends_with('\n') && devices.out.contains("threads"),
        "{}",
        devices.out
    );
    assert_eq!(
        devices.out.matches("chosen:").count() - devices.out.matches("not chosen:").count(),
        1
    );
    let first = devices
        .out
        .lines()
        .next()
        .expect("an adapter")
        .trim_start_matches(['→', ' ']);
    for backend in ["auto", "gpu"] {
        let ran = folder.etascope(&format!(
            "run bowl.toml --backend {backend} --adapter voodoo"
        ));
        ran.fails(2, first).fails(2, "voodoo");
    }
}

#[test]
fn a_new_file_runs_and_is_never_overwritten() {
    let folder = Folder::new();
    let made = folder.etascope("new my-well").ok();
    assert!(
        made.out.contains("etascope run my-well.toml"),
        "{}",
        made.out
    );
    folder.etascope("run my-well.toml --chains 200").ok();
    assert_eq!(folder.summary("results/my-well")["name"], "my-well");
    let text = folder.read("my-well.toml");
    folder.etascope("new my-well").fails(2, "exists already");
    folder
        .etascope("new my-well.toml")
        .fails(2, "exists already");
    assert_eq!(folder.read("my-well.toml"), text);
    for name in [".toml", "a/", "/", "..", "a\u{7}b"] {
        folder
            .etascope(&format!("new {name}"))
            .fails(2, "no name for a file");
    }
    folder
        .etascope("new no-such-folder/a")
        .fails(1, "cannot write no-such-folder/a.toml");
}

#[test]
fn completions_and_manual_pages_are_written() {
    let folder = Folder::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = folder.etascope(&format!("completions {shell}")).ok().out;
        assert!(
            script.contains("etascope") && script.contains("precision"),
            "{shell}"
        );
    }
    assert!(folder.etascope("man").ok().out.starts_with(".ie"));
    folder.etascope("man pages").ok();
    assert_eq!(
        folder.names("pages").len(),
        11,
        "{:?}",
        folder.names("pages")
    );
    for arguments in ["--help", "--version", "run --help", "help new"] {
        let help = folder.etascope(arguments).ok();
        assert!(help.out.contains("etascope"), "{arguments}");
    }
    assert!(
        folder
            .etascope("run --help")
            .ok()
            .out
            .contains("exits with 1")
    );
}

/// `etascope … | head` closes the pipe early, which is no error.
#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    for arguments in [
        "run bowl.toml --force",
        "run bowl.toml --json --force",
        "devices",
        "man",
        "completions zsh",
        "new a",
        "--help",
    ] {
        let mut child = folder
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        drop(child.stdout.take());
        let ran = Ran::new(child.wait_with_output().expect("the program ends"));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{arguments}");
    }
}
