//! The whole room: good files, bad files against golden messages, round trips, mutations.

use super::*;

const DOUBLE_WELL: &str = include_str!("../../examples/double-well.toml");

#[test]
fn the_starter_is_a_valid_experiment() {
    let experiment = parse("first.toml", &starter("first"), &[]).unwrap();
    assert_eq!(experiment.name, "first");
}

#[test]
fn a_resolved_file_reads_back_as_the_same_experiment() {
    for text in [DOUBLE_WELL, STARTER] {
        let experiment = parse("a.toml", text, &[]).unwrap();
        assert_eq!(
            parse("b.toml", &to_toml(&experiment), &[]).unwrap(),
            experiment
        );
    }
}
