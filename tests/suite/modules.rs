//! The structure of the sources: imports go one way, circles of files are small, files and functions are short.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each module and the modules that it may import, which stand above it.
const MODULES: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("plan", &[]),
    ("measure", &[]),
    ("loss", &["spec"]),
    ("random", &["spec"]),
    ("data", &["random"]),
    ("theory", &["spec", "measure"]),
    ("diagnose", &["measure"]),
    ("dynamics", &["spec", "loss", "random"]),
    ("toml", &["spec", "loss", "dynamics"]),
    ("objective", &["spec", "loss", "data", "theory"]),
    (
        "engine",
        &["spec", "plan", "measure", "loss", "random", "dynamics"],
    ),
    (
        "compile",
        &[
            "spec",
            "plan",
            "loss",
            "random",
            "data",
            "theory",
            "dynamics",
            "objective",
            "engine",
        ],
    ),
    ("report", &["measure"]),
    (
        "run",
        &[
            "spec",
            "plan",
            "measure",
            "loss",
            "random",
            "theory",
            "diagnose",
            "dynamics",
            "toml",
            "objective",
            "engine",
            "compile",
            "report",
        ],
    ),
    (
        "program",
        &[
            "spec",
            "plan",
            "measure",
            "loss",
            "random",
            "data",
            "theory",
            "diagnose",
            "dynamics",
            "toml",
            "objective",
            "engine",
            "compile",
            "report",
            "run",
        ],
    ),
    ("main", &["program"]),
];

/// Modules that may write to standard output and standard error.
const PRINTING: &[&str] = &["program", "main"];

/// Most files that import each other in a circle.
const CIRCLE: usize = 5;

/// Most lines of a file without its tests.
const LINES: usize = 450;

/// Longer files, each with the reason.
const LONG: &[(&str, &str)] = &[
    ("loss/op.rs", "the table of operations"),
    ("toml/sections/keys.rs", "the table of keys"),
    ("program/coverage/studies.rs", "the table of studies"),
];

/// Nine of ten functions have at most so many lines.
const FUNCTION: usize = 30;

/// A source file.
struct File {
    /// Top module.
    module: String,
    /// Path below `src`.
    path: String,
    /// Text without tests and comments.
    code: String,
    /// Lines before the tests.
    lines: usize,
}

/// All Rust files below `src` except files of tests only.
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
    let is_test = |path: &Path| {
        path.ancestors()
            .any(|part| tests.contains(&part.with_extension("")))
    };
    (texts.into_iter().filter(|(path, _)| !is_test(path)))
        .map(|(path, text)| {
            let below = path.strip_prefix(&root).expect("found below the root");
            let first = Path::new(below.iter().next().expect("a file name"));
            File {
                module: first.with_extension("").display().to_string(),
                path: below.display().to_string(),
                code: code(&text),
                lines: before_tests(&text).lines().count(),
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

/// Modules that a file declares for tests only, as paths without extension.
fn test_modules(path: &Path, text: &str) -> Vec<PathBuf> {
    let stem = path.file_stem().expect("a file name");
    let folder = path.parent().expect("a file is in a folder");
    let inside = match stem.to_str() {
        Some("mod" | "lib") => folder.to_owned(),
        _ => folder.join(stem),
    };
    let mut modules = Vec::new();
    let mut lines = text.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().and_then(|next| next.strip_prefix("mod "));
        if let (true, Some(name)) = (
            line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,"),
            next.and_then(|next| next.strip_suffix(';')),
        ) {
            modules.push(inside.join(name));
        }
    }
    modules
}

fn before_tests(text: &str) -> &str {
    let end = text.find("#[cfg(test)]\nmod tests {");
    &text[..end.unwrap_or(text.len())]
}

/// A source without its tests, which are at its end, and without comments.
fn code(text: &str) -> String {
    let lines = before_tests(text).lines();
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Modules that a source names by `crate::` or, in the binary, by `etascope::`.
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
                "import modules one by one: `use crate::{{…}}` hides them"
            );
            name(rest)
        })
        .collect()
}

/// Modules that a file imports although its module must not.
fn forbidden_imports(module: &str, code: &str) -> Vec<String> {
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{module} is no module of the table")];
    };
    let known: BTreeSet<&str> = MODULES.iter().map(|(name, _)| *name).collect();
    imports(code)
        .into_iter()
        .filter(|name| known.contains(name.as_str()))
        .filter(|name| name != module && !allowed.contains(&name.as_str()))
        .collect()
}

fn prints(code: &str) -> bool {
    ["println!", "print!", "stdout()", "stderr()"]
        .iter()
        .any(|way| code.contains(way))
}

/// The module path of a file: `engine/gpu/mod.rs` is `["engine", "gpu"]`.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    parts
}

/// The paths of a `use` tree: `a::{b, c::{d, e}}` gives `a::b`, `a::c::d` and `a::c::e`.
fn expand(tree: &str, prefix: &[String], into: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(inner) = tree.strip_prefix('{') {
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut start) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&inner[start..at], prefix, into);
                    start = at + 1;
                }
                _ => {}
            }
        }
        expand(&inner[start..], prefix, into);
        return;
    }
    let (first, rest) = tree.split_once("::").unwrap_or((tree, ""));
    let mut path = prefix.to_vec();
    path.push(first.to_owned());
    if rest.is_empty() {
        into.push(path);
    } else {
        expand(rest, &path, into);
    }
}

/// Files that a file names in `use` statements, as indices into `files`.
fn edges(file: &File, files: &BTreeMap<Vec<String>, usize>) -> BTreeSet<usize> {
    let own = module_path(&file.path);
    let mut found = BTreeSet::new();
    for statement in file.code.split("use ").skip(1) {
        let mut paths = Vec::new();
        let tree = statement.split(';').next().unwrap_or_default();
        expand(tree, &[], &mut paths);
        for path in paths {
            let mut base = own.clone();
            let rest = match path[0].as_str() {
                "crate" => {
                    base.clear();
                    &path[1..]
                }
                "self" => &path[1..],
                "super" => {
                    let ups = path.iter().take_while(|part| *part == "super").count();
                    base.truncate(own.len().saturating_sub(ups));
                    &path[ups..]
                }
                _ => &path[..],
            };
            let relative = matches!(path[0].as_str(), "crate" | "self" | "super");
            let full: Vec<String> = base.iter().chain(rest).cloned().collect();
            // The file of the longest part of the path that is a module; the last part may be an item.
            let shortest = if relative { 1 } else { base.len() + 1 };
            let target = (shortest..=full.len())
                .rev()
                .find_map(|length| files.get(&full[..length]));
            found.extend(target.copied());
        }
    }
    found
}

/// Groups of files each of which imports every other one of the group, directly or through others.
fn circles(edges: &[BTreeSet<usize>]) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..edges.len())
        .map(|start| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
            while let Some(file) = open.pop() {
                open.extend(edges[file].iter().filter(|&&next| seen.insert(next)));
            }
            seen
        })
        .collect();
    let mut all = BTreeSet::new();
    for start in 0..edges.len() {
        let circle: Vec<usize> = (reached[start].iter().copied())
            .filter(|&other| other == start || reached[other].contains(&start))
            .collect();
        if circle.len() > 1 {
            all.insert(circle);
        }
    }
    all.into_iter().collect()
}

/// Numbers of lines of all functions, from their first line to their closing brace at the same indentation.
fn function_lengths(code: &str) -> Vec<usize> {
    let lines: Vec<&str> = code.lines().collect();
    let is_function = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(5).collect();
        let at = words.iter().position(|word| *word == "fn");
        at.is_some_and(|at| {
            (words[..at].iter()).all(|word| {
                word.starts_with("pub") || ["const", "unsafe", "in", "super)"].contains(word)
            })
        })
    };
    let starts = (lines.iter().enumerate()).filter(|(_, line)| is_function(line));
    starts
        .filter_map(|(start, line)| {
            let indent = &line[..line.len() - line.trim_start().len()];
            let end = format!("{indent}}}");
            let length = lines[start..].iter().position(|line| *line == end)?;
            Some(length + 1)
        })
        .collect()
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    let files = sources();
    for file in files.iter().filter(|file| file.module != "lib") {
        for import in forbidden_imports(&file.module, &file.code) {
            wrong.push(format!("src/{} imports {import}", file.path));
        }
    }
    assert!(files.len() > 80, "only {} files found", files.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The table is in an order in which every module imports only modules above it.
#[test]
fn the_table_of_modules_has_no_circle() {
    for (at, (module, allowed)) in MODULES.iter().enumerate() {
        for import in *allowed {
            let above = MODULES[..at].iter().any(|(name, _)| name == import);
            assert!(above, "{module} imports {import}");
        }
    }
}

#[test]
fn circles_of_files_are_small() {
    let files = sources();
    let index: BTreeMap<Vec<String>, usize> = (files.iter().enumerate())
        .map(|(index, file)| (module_path(&file.path), index))
        .collect();
    let edges: Vec<BTreeSet<usize>> = files.iter().map(|file| edges(file, &index)).collect();
    let mut wrong = Vec::new();
    for circle in circles(&edges) {
        let modules = ["compile", "objective"];
        let strict = (circle.iter()).any(|&file| modules.contains(&files[file].module.as_str()));
        if circle.len() > CIRCLE || strict {
            let names = circle.iter().map(|&file| files[file].path.as_str());
            wrong.push(names.collect::<Vec<_>>().join(" "));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_and_functions_are_short() {
    let files = sources();
    let long: Vec<String> = (files.iter())
        .filter(|file| file.lines > LINES)
        .filter(|file| !LONG.iter().any(|(path, _)| *path == file.path))
        .map(|file| format!("src/{}: {} lines", file.path, file.lines))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
    let mut lengths: Vec<usize> = (files.iter())
        .flat_map(|file| function_lengths(&file.code))
        .collect();
    lengths.sort_unstable();
    let tenth = lengths[lengths.len() * 9 / 10];
    assert!(lengths.len() > 1000, "only {} functions", lengths.len());
    assert!(tenth <= FUNCTION, "one function in ten has {tenth} lines");
}

#[test]
fn only_the_gpu_engine_and_its_benchmarks_name_wgpu() {
    for file in sources() {
        let inside = ["engine/gpu/", "program/bench/gpu"]
            .iter()
            .any(|start| file.path.starts_with(start));
        assert!(inside || !file.code.contains("wgpu::"), "src/{}", file.path);
    }
}

#[test]
fn only_some_modules_print() {
    for file in sources() {
        let may = PRINTING.contains(&file.module.as_str());
        assert!(may || !prints(&file.code), "src/{} prints", file.path);
    }
}

/// The macros panic if the reader has closed the pipe.
#[test]
fn nothing_prints_by_a_macro() {
    for file in sources() {
        let macros = ["println!(", "print!("];
        let found = macros.iter().any(|name| file.code.contains(name));
        assert!(!found, "src/{} uses a printing macro", file.path);
    }
}

/// The checks find the faults that they look for.
#[test]
fn the_checks_find_faults() {
    let wrong = "use crate::report::Summary;\nfn f() { crate::theory::g(); }\n";
    assert_eq!(forbidden_imports("engine", wrong), ["report", "theory"]);
    assert_eq!(forbidden_imports("report", wrong), ["theory"]);
    let commented = "// crate::report\nuse crate::plan::Tile;\n#[cfg(test)]\nmod tests {\n    use crate::run;\n}\n";
    assert!(forbidden_imports("engine", &code(commented)).is_empty());
    assert!(prints("eprintln!(\"x\")") && !prints("writeln!(text, \"x\")"));
    assert!(sources().iter().any(|file| file.path == "random/stream.rs"));
    assert!(!sources().iter().any(|file| file.path == "random/tests.rs"));
    let mut paths = Vec::new();
    expand("super::{a, b::{C, D}}", &[], &mut paths);
    let paths: Vec<String> = paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["super::a", "super::b::C", "super::b::D"]);
    let circle = circles(&[[1].into(), [2].into(), [0].into(), [0].into()]);
    assert_eq!(circle, [[0, 1, 2]]);
    let functions = "    pub(super) fn f() {\n        g()\n    }\nfn h() {\n}\n";
    assert_eq!(function_lengths(functions), [3, 2]);
}
