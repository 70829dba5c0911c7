//! The keys of `optimizer = { … }`, which depend on its kind.

use super::{Key, Section, key};

const OPTIMIZER_KIND: Key = key(
    "kind",
    "\"sgd\", \"momentum\", \"rmsprop\" or \"adam\"",
    "optimizer = { kind = \"momentum\", beta = 0.9 }",
);

const fn optimizer(title: &'static str, keys: &'static [Key]) -> Section {
    Section {
        title,
        prefix: "dynamics.optimizer.",
        keys,
    }
}

/// An optimizer of which the kind is not known yet.
pub(in super::super) static OPTIMIZER: Section = optimizer("an optimizer", &[OPTIMIZER_KIND]);

pub(in super::super) static SGD: Section = optimizer("the optimizer \"sgd\"", &[OPTIMIZER_KIND]);

pub(in super::super) static MOMENTUM: Section = optimizer(
    "the optimizer \"momentum\"",
    &[
        OPTIMIZER_KIND,
        key(
            "beta",
            "a number, at least 0 and less than 1",
            "optimizer = { kind = \"momentum\", beta = 0.9 }",
        ),
        key(
            "nesterov",
            "true or false",
            "optimizer = { kind = \"momentum\", beta = 0.9, nesterov = true }",
        ),
    ],
);

pub(in super::super) static RMSPROP: Section = optimizer(
    "the optimizer \"rmsprop\"",
    &[
        OPTIMIZER_KIND,
        key(
            "beta2",
            "a number, at least 0 and less than 1",
            "optimizer = { kind = \"rmsprop\", beta2 = 0.99 }",
        ),
        key(
            "epsilon",
            "a positive number",
            "optimizer = { kind = \"rmsprop\", epsilon = 1e-8 }",
        ),
    ],
);

pub(in super::super) static ADAM: Section = optimizer(
    "the optimizer \"adam\"",
    &[
        OPTIMIZER_KIND,
        key(
            "beta1",
            "a number, at least 0 and less than 1",
            "optimizer = { kind = \"adam\", beta1 = 0.9 }",
        ),
        key(
            "beta2",
            "a number, at least 0 and less than 1",
            "optimizer = { kind = \"adam\", beta2 = 0.999 }",
        ),
        key(
            "epsilon",
            "a positive number",
            "optimizer = { kind = \"adam\", epsilon = 1e-8 }",
        ),
    ],
);
