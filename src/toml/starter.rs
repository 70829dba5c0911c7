//! The file that `etascope new` writes.

/// A commented experiment file that runs as it is; `NAME` stands where the experiment's name belongs.
pub const STARTER: &str = include_str!("starter.toml");

/// The starter file for an experiment of that name.
pub fn starter(name: &str) -> String {
    STARTER.replace("NAME", name)
}
