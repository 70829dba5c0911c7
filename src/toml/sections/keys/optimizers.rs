//! The keys of `optimizer = { … }`, made from the table of optimizers: they depend on its kind.

use super::{Expected, Key, Section, choice, optimizers};
use crate::dynamics::{FAMILIES, Family, Range};
use std::sync::LazyLock;

const PREFIX: &str = "dynamics.optimizer.";

const KIND: Key = choice(
    "kind",
    optimizers,
    "optimizer = { kind = \"momentum\", beta = 0.9 }",
);

/// An optimizer whose kind is not known yet.
pub(in super::super) static OPTIMIZER: Section = Section {
    title: "an optimizer",
    prefix: PREFIX,
    keys: &[KIND],
};

/// One section for each family, in the order of [`FAMILIES`].
static HYPERPARAMETERS: LazyLock<Vec<Section>> = LazyLock::new(|| FAMILIES.map(section).to_vec());

/// The keys of an optimizer of this family.
pub(in super::super) fn hyperparameters(family: &Family) -> &'static Section {
    let sections: &'static Vec<Section> = &HYPERPARAMETERS;
    let position = FAMILIES.iter().position(|known| known.name == family.name);
    &sections[position.expect("every family is in the table of families")]
}

fn section(family: &'static Family) -> Section {
    let keys = family.hyperparameters.iter().map(|hyperparameter| Key {
        name: hyperparameter.name,
        expected: Expected::Text(match hyperparameter.range {
            Range::Decay => "a number, at least 0 and less than 1",
            Range::Positive => "a positive number",
            Range::Flag => "true or false",
        }),
        example: hyperparameter.example,
    });
    let keys: Vec<Key> = std::iter::once(KIND).chain(keys).collect();
    Section {
        title: family.title,
        prefix: PREFIX,
        // Made once for the life of the program.
        keys: keys.leak(),
    }
}
