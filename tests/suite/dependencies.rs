//! Licenses and duplicate versions of dependencies, by the lists of `deny.toml`.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("cargo writes UTF-8")
}

/// Name, version and license of each package of this platform's build, tests included.
fn packages() -> Vec<[String; 3]> {
    let version = cargo(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.expect("cargo names its host");
    let metadata = cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--offline",
        "--filter-platform",
        host,
    ]);
    let metadata: Value = serde_json::from_str(&metadata).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let nodes = metadata["resolve"]["nodes"].as_array().expect("a list");
    let used: BTreeSet<String> = nodes.iter().map(|node| text(&node["id"])).collect();
    let packages = metadata["packages"].as_array().expect("a list");
    packages
        .iter()
        .filter(|package| used.contains(&text(&package["id"])))
        .map(|package| ["name", "version", "license"].map(|key| text(&package[key])))
        .collect()
}

fn deny() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    let text = std::fs::read_to_string(path).expect("a readable file");
    text.parse().expect("TOML")
}

/// True if the allowed licenses satisfy an SPDX expression. `/` is an old way to write OR. No expression in use nests
/// deeper than one pair of brackets before an AND.
fn satisfied(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace('/', " OR ");
    if let Some((inside, rest)) = plain
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
    {
        let rest = rest.trim().strip_prefix("AND ");
        return satisfied(inside, allowed) && rest.is_none_or(|rest| satisfied(rest, allowed));
    }
    let one = |license: &str| allowed.iter().any(|known| known == license.trim());
    plain.split(" OR ").any(|all| all.split(" AND ").all(one))
}

#[test]
fn every_license_is_allowed() {
    let deny = deny();
    let allowed: Vec<String> = (deny["licenses"]["allow"].as_array().expect("a list").iter())
        .map(|license| license.as_str().expect("text").to_owned())
        .collect();
    let packages = packages();
    assert!(packages.len() > 50, "only {} packages", packages.len());
    let wrong: Vec<&[String; 3]> = (packages.iter())
        .filter(|[_, _, license]| !satisfied(license, &allowed))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn duplicate_versions_are_those_listed() {
    let deny = deny();
    let listed: BTreeSet<String> = (deny["bans"]["skip"].as_array().expect("a list").iter())
        .map(|entry| entry["crate"].as_str().expect("text").to_owned())
        .collect();
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for [name, version, _] in packages() {
        versions.entry(name).or_default().insert(version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let unlisted: Vec<_> = (versions.iter())
        .filter(|(name, _)| !listed.contains(*name))
        .collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned()];
    assert!(satisfied("MIT OR GPL-3.0", &allowed));
    assert!(satisfied("GPL-3.0/MIT", &allowed));
    assert!(satisfied("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
    assert!(!satisfied("(MIT OR Apache-2.0) AND GPL-3.0", &allowed));
    assert!(!satisfied("MIT AND GPL-3.0", &allowed) && !satisfied("", &allowed));
}
