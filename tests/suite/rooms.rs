//! Data flows one way: which part of the crate may know which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms that it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("experiment", &[]),
    ("loss", &[]),
    ("random", &[]),
    ("measure", &[]),
    ("data", &["random"]),
    ("plan", &[]),
    ("dynamics", &["loss", "random"]),
    ("engine", &["dynamics", "loss", "measure", "plan", "random"]),
    (
        "problem",
        &[
            "data",
            "dynamics",
            "engine",
            "experiment",
            "loss",
            "plan",
            "random",
            "theory",
        ],
    ),
    ("theory", &["measure"]),
    ("diagnose", &["measure"]),
    ("report", &["measure"]),
    (
        "validate",
        &[
            "engine",
            "experiment",
            "loss",
            "measure",
            "plan",
            "problem",
            "random",
        ],
    ),
    (
        "run",
        &[
            "cli",
            "diagnose",
            "dynamics",
            "engine",
            "experiment",
            "loss",
            "measure",
            "plan",
            "problem",
            "random",
            "report",
            "theory",
        ],
    ),
    ("catalogue", &[]),
    (
        "coverage",
        &[
            "catalogue",
            "cli",
            "diagnose",
            "experiment",
            "measure",
            "report",
            "run",
        ],
    ),
    (
        "lecture",
        &[
            "catalogue",
            "cli",
            "diagnose",
            "dynamics",
            "engine",
            "experiment",
            "loss",
            "measure",
            "plan",
            "problem",
            "random",
            "report",
            "run",
            "theory",
        ],
    ),
    (
        "bench",
        &[
            "cli",
            "data",
            "engine",
            "experiment",
            "loss",
            "measure",
            "plan",
            "problem",
            "random",
            "report",
            "run",
        ],
    ),
    ("cli", &[]),
    (
        "commands",
        &[
            "bench",
            "cli",
            "coverage",
            "engine",
            "experiment",
            "lecture",
            "report",
            "run",
            "validate",
        ],
    ),
    ("main", &["cli", "commands"]),
];

/// The rooms that may write to standard output and standard error.
const PRINTING: &[&str] = &["cli", "commands", "main", "report"];

/// A source file: its room, its path below `src`, its text without tests and comments.
struct File {
    room: String,
    path: String,
    code: String,
}

/// All Rust files below `src` but those of tests alone.
fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    let texts: Vec<(PathBuf, String)> = paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a readable source");
            (path, text)
        })
        .collect();
    let tests: BTreeSet<PathBuf> = texts
        .iter()
        .flat_map(|(path, text)| test_modules(path, text))
        .collect();
    texts
        .into_iter()
        .filter(|(path, _)| {
            !path
                .ancestors()
                .any(|part| tests.contains(&part.with_extension("")))
        })
        .map(|(path, text)| {
            let below = path.strip_prefix(&root).expect("found below the root");
            let first = Path::new(below.iter().next().expect("a file name"));
            File {
                room: first.with_extension("").display().to_string(),
                path: below.display().to_string(),
                code: code(&text),
            }
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The modules that a file declares for tests alone, as paths without ending.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let stem = path.file_stem().expect("a file name");
    let folder = path.parent().expect("a file stands in a folder");
    let inside = match stem.to_str() {
        Some("mod" | "lib") => folder.to_owned(),
        _ => folder.join(stem),
    };
    let mut modules = Vec::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().and_then(|next| next.strip_prefix("mod "));
        if let (true, Some(name)) = (
            line.starts_with("#[cfg(test)]"),
            next.and_then(|next| next.strip_suffix(';')),
        ) {
            modules.push(inside.join(name));
        }
    }
    modules
}

/// A source without its tests, which stand at its end, and without comments.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end].lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The rooms that a source names by `crate::` or, in the binary, by `etascope::`.
fn imports(code: &str) -> BTreeSet<String> {
    let name = |rest: &str| -> String {
        let part = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_');
        part.collect()
    };
    ["crate::", "etascope::"]
        .iter()
        .flat_map(|prefix| code.split(prefix).skip(1))
        .map(|rest| {
            assert!(
                !rest.starts_with('{'),
                "import rooms one by one: `use crate::{{…}}` hides them"
            );
            name(rest)
        })
        .collect()
}

/// What a file imports although its room must not.
fn against_the_flow(room: &str, code: &str) -> Vec<String> {
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("{room} is no room")];
    };
    let known: BTreeSet<&str> = ROOMS.iter().map(|(name, _)| *name).collect();
    imports(code)
        .into_iter()
        .filter(|name| known.contains(name.as_str()))
        .filter(|name| name != room && !allowed.contains(&name.as_str()))
        .collect()
}

fn prints(code: &str) -> bool {
    ["println!", "print!", "stdout()", "stderr()"]
        .iter()
        .any(|way| code.contains(way))
}

#[test]
fn no_room_imports_against_the_flow() {
    let mut wrong = Vec::new();
    let files = sources();
    for file in files.iter().filter(|file| file.room != "lib") {
        for import in against_the_flow(&file.room, &file.code) {
            wrong.push(format!("src/{} imports {import}", file.path));
        }
    }
    assert!(files.len() > 80, "only {} files found", files.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_gpu_engine_and_kernels_by_hand_name_wgpu() {
    for file in sources() {
        let path = Path::new(&file.path);
        let inside =
            path.starts_with("engine/gpu") || path == Path::new("program/bench/gpu_kernel.rs");
        assert!(inside || !file.code.contains("wgpu::"), "src/{}", file.path);
    }
}

#[test]
fn only_some_rooms_print() {
    for file in sources() {
        let may = PRINTING.contains(&file.room.as_str());
        assert!(may || !prints(&file.code), "src/{} prints", file.path);
    }
}

/// The checks above see what they are meant to see.
#[test]
fn an_import_against_the_flow_is_seen() {
    let wrong = "use crate::report::Summary;\nfn f() { crate::theory::g(); }\n";
    assert_eq!(against_the_flow("engine", wrong), ["report", "theory"]);
    assert_eq!(against_the_flow("report", wrong), ["theory"]);
    let commented = "// crate::report\nuse crate::plan::Tile;\n#[cfg(test)]\nmod tests {\n    use crate::run;\n}\n";
    assert!(against_the_flow("engine", &code(commented)).is_empty());
    assert!(prints("eprintln!(\"x\")") && !prints("writeln!(text, \"x\")"));
    assert!(sources().iter().any(|file| file.path == "random/stream.rs"));
    assert!(!sources().iter().any(|file| file.path == "random/tests.rs"));
}
