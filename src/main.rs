//! The `etascope` command.
fn main() {}
