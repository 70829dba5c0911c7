//! The table of every key of the experiment file: the values it takes, and a line that is right.

mod optimizers;

use crate::dynamics::FAMILIES;
use crate::spec::{Kind, NoiseKind, NormalTransform, Sampling};
use std::fmt;

pub(super) use optimizers::{OPTIMIZER, hyperparameters};

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// Completes "must be …".
    pub(super) expected: Expected,
    pub(super) example: &'static str,
}

/// The values that a key takes, in words.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// Words that stand here.
    Text(&'static str),
    /// One of these names.
    Names(fn() -> Vec<&'static str>),
    /// One of these names, or a table with one of them as `kind`.
    NamesOrTable(fn() -> Vec<&'static str>),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: Vec<&str>| -> Vec<String> {
            names.iter().map(|name| format!("\"{name}\"")).collect()
        };
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Names(names) => match quoted(names()).split_last() {
                Some((last, [])) => f.write_str(last),
                Some((last, first)) => write!(f, "{} or {last}", first.join(", ")),
                None => Ok(()),
            },
            Self::NamesOrTable(names) => {
                let names = quoted(names()).join(", ");
                write!(f, "{names}, or a table with one of these as `kind`")
            }
        }
    }
}

/// The keys allowed in one table of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    /// Name in messages: `[dynamics]`.
    pub(super) title: &'static str,
    /// Text before the keys in messages: `dynamics.`.
    pub(super) prefix: &'static str,
    pub(super) keys: &'static [Key],
}

impl Section {
    /// The row of a key, which must be one of the section's.
    pub(super) fn key(&self, name: &str) -> &'static Key {
        self.keys
            .iter()
            .find(|key| key.name == name)
            .expect("sections ask only for keys of their own table")
    }
}

const fn key(name: &'static str, expected: &'static str, example: &'static str) -> Key {
    Key {
        name,
        expected: Expected::Text(expected),
        example,
    }
}

const fn choice(
    name: &'static str,
    names: fn() -> Vec<&'static str>,
    example: &'static str,
) -> Key {
    Key {
        name,
        expected: Expected::Names(names),
        example,
    }
}

fn kinds() -> Vec<&'static str> {
    Kind::ALL.map(Kind::name).to_vec()
}

fn optimizers() -> Vec<&'static str> {
    FAMILIES.map(|family| family.name).to_vec()
}

fn noise_kinds() -> Vec<&'static str> {
    NoiseKind::NAMES.map(|(name, _)| name).to_vec()
}

fn transforms() -> Vec<&'static str> {
    NormalTransform::NAMES.map(|(name, _)| name).to_vec()
}

fn samplings() -> Vec<&'static str> {
    Sampling::NAMES.map(|(name, _)| name).to_vec()
}

pub(super) static FILE: Section = Section {
    title: "the top level of the file",
    prefix: "",
    keys: &[
        key(
            "name",
            "text that can name a folder",
            "name = \"double-well\"",
        ),
        key("parameters", "a section", "[parameters]\nx = 0.0"),
        key(
            "data",
            "a section",
            "[data]\nfile = \"points.csv\"\ncolumns = { u = \"height\", y = \"weight\" }",
        ),
        key("loss", "a section", "[loss]\nformula = \"(x^2 - 1)^2 / 4\""),
        key("noise", "a section", "[noise]\nsigma = 1.0"),
        key(
            "dynamics",
            "a section",
            "[dynamics]\nkind = \"sgd\"\neta = 0.1",
        ),
        key("ensemble", "a section", "[ensemble]\nchains = 65_536"),
        key("measure", "a section", "[measure]\ntrace = 100"),
    ],
};

/// Keys of one parameter. The keys of `[parameters]` itself are the user's names.
pub(super) static PARAMETER: Section = Section {
    title: "a parameter",
    prefix: "",
    keys: &[
        key(
            "shape",
            "[length] or [rows, columns]",
            "w = { shape = [10], start = 0.0 }",
        ),
        key(
            "start",
            "a number, a list with one number per entry, \"normal(mean, sd)\" or \"uniform(from, to)\"",
            "x = { start = \"normal(0, 1)\" }",
        ),
    ],
};

pub(super) static PARAMETER_VALUE: Key = key(
    "parameter",
    "a number, a list of numbers, text such as \"normal(0, 1)\", or a table with `shape` and `start`",
    "x = 0.0   or   x = \"uniform(-2, 2)\"   or   w = { shape = [10], start = \"normal(0, 1)\" }",
);

pub(super) static RANDOM_START: Key = key(
    "start",
    "\"normal(mean, sd)\" with sd at least 0, or \"uniform(from, to)\" with from < to",
    "x = \"normal(0, 1)\"   or   x = \"uniform(-2, 2)\"",
);

pub(super) static LOSS: Section = Section {
    title: "[loss]",
    prefix: "loss.",
    keys: &[
        key(
            "formula",
            "a formula in quotes",
            "formula = \"(x^2 - 1)^2 / 4\"",
        ),
        key(
            "regularization",
            "a formula in quotes",
            "regularization = \"0.01 * dot(w, w)\"",
        ),
    ],
};

pub(super) static DATA: Section = Section {
    title: "[data]",
    prefix: "data.",
    keys: &[
        key(
            "file",
            "the path of a CSV file, from the folder of this file",
            "file = \"points.csv\"",
        ),
        key(
            "columns",
            "a table of names, each with a column or a list of columns of the file",
            "columns = { u = [\"height\", \"age\"], y = \"weight\" }",
        ),
        key(
            "standardize",
            "true, false, or a list of names of `columns`",
            "standardize = true   or   standardize = [\"u\"]",
        ),
        key(
            "categorical",
            "a list of columns of the file",
            "categorical = [\"region\"]",
        ),
        key(
            "validation",
            "a fraction, at least 0 and less than 1",
            "validation = 0.2",
        ),
        key("storage", "\"f32\" or \"f16\"", "storage = \"f32\""),
    ],
};

pub(super) static COLUMNS_OF_NAME: Key = key(
    "columns",
    "a column of the file, or a list of them",
    "columns = { u = [\"height\", \"age\"], y = \"weight\" }",
);

pub(super) static NOISE: Section = Section {
    title: "[noise]",
    prefix: "noise.",
    keys: &[
        key(
            "sigma",
            "a number that is at least 0, a formula in quotes, or one of these for each parameter",
            "sigma = 1.0",
        ),
        key(
            "covariance",
            "a symmetric, positive semidefinite matrix, one row for each entry of the parameters",
            "covariance = [[1.0, 0.0], [0.0, 1.0]]",
        ),
        choice("kind", noise_kinds, "kind = \"gaussian\""),
        choice("normal", transforms, "normal = \"integer\""),
    ],
};

pub(super) static SIGMA_OF_PARAMETER: Key = key(
    "sigma",
    "a number that is at least 0, a list with one such number per entry, or a formula in quotes",
    "sigma = { x = 1.0, y = 3.0 }",
);

pub(super) static DYNAMICS: Section = Section {
    title: "[dynamics]",
    prefix: "dynamics.",
    keys: &[
        choice("kind", kinds, "kind = \"sgd\""),
        key(
            "eta",
            "a positive number, a list of positive numbers, or a range",
            "eta = 0.1   or   eta = [0.01, 0.1]   or   eta = { from = 1e-4, to = 0.5, points = 16 }",
        ),
        key(
            "rates",
            "\"uniform\", \"rmsprop\", \"inverse-variance\", or positive numbers for parameters",
            "rates = { x = 1.0, y = 0.2 }",
        ),
        key(
            "schedule",
            "a list of changes of the learning rate",
            "schedule = [{ at = 0.33, factor = 0.5 }, { at = 0.66, factor = 0.5 }]",
        ),
        key("dt", "a positive number", "dt = 0.01"),
        key(
            "batch",
            "a whole number from 1 to 4 294 967 295 (2^32 - 1)",
            "batch = 16",
        ),
        choice("sampling", samplings, "sampling = \"shuffle\""),
        Key {
            name: "optimizer",
            expected: Expected::NamesOrTable(optimizers),
            example: "optimizer = { kind = \"momentum\", beta = 0.9 }",
        },
    ],
};

pub(super) static ETA_IN_LIST: Key = key("eta", "a list of positive numbers", "eta = [0.01, 0.1]");

pub(super) static RATE_OF_PARAMETER: Key = key(
    "rates",
    "a positive number, or a list with one per entry",
    "rates = { x = 1.0, y = 0.2 }",
);

pub(super) static ETA_RANGE: Section = Section {
    title: "a range of learning rates",
    prefix: "dynamics.eta.",
    keys: &[
        key(
            "from",
            "a positive number",
            "eta = { from = 1e-4, to = 0.5, points = 16 }",
        ),
        key(
            "to",
            "a number greater than `from`",
            "eta = { from = 1e-4, to = 0.5, points = 16 }",
        ),
        key(
            "points",
            "a whole number from 2 to 10 000",
            "eta = { from = 1e-4, to = 0.5, points = 16 }",
        ),
        key(
            "spacing",
            "\"log\" or \"linear\"",
            "eta = { from = 1e-4, to = 0.5, points = 16, spacing = \"log\" }",
        ),
    ],
};

pub(super) static SCHEDULE_STEP: Section = Section {
    title: "a step of the schedule",
    prefix: "dynamics.schedule.",
    keys: &[
        key(
            "at",
            "a fraction of the run, greater than 0 and less than 1",
            "schedule = [{ at = 0.5, factor = 0.1 }]",
        ),
        key(
            "factor",
            "a positive number",
            "schedule = [{ at = 0.5, factor = 0.1 }]",
        ),
    ],
};

pub(super) static ENSEMBLE: Section = Section {
    title: "[ensemble]",
    prefix: "ensemble.",
    keys: &[
        key(
            "chains",
            "a whole number from 1 to 1 099 511 627 776 (2^40)",
            "chains = 65_536",
        ),
        key(
            "superchains",
            "a whole number, at least 2, that divides `chains`",
            "superchains = 64",
        ),
        key(
            "burn_in",
            "\"auto\", a number of steps up to 2^53, { steps = … } or { time = … }",
            "burn_in = { time = 10.0 }",
        ),
        key(
            "duration",
            "a number of steps up to 2^53, { steps = … }, { time = … } or { loss_standard_error = … }",
            "duration = { time = 100.0 }",
        ),
        key(
            "at_most",
            "a number of steps from 1 to 2^53",
            "at_most = 1_000_000",
        ),
        key("common_noise", "true or false", "common_noise = true"),
        key(
            "seed",
            "a whole number from 0 to 18 446 744 073 709 551 615 (2^64 - 1)",
            "seed = 1",
        ),
        key("bound", "a positive number", "bound = 1e18"),
    ],
};

const STEPS: Key = key(
    "steps",
    "a whole number up to 9 007 199 254 740 992 (2^53)",
    "{ steps = 100_000 }",
);

const TIME: Key = key("time", "a number that is not negative", "{ time = 100.0 }");

pub(super) static RUN_LENGTH: Section = Section {
    title: "the length of a run",
    prefix: "",
    keys: &[STEPS, TIME],
};

pub(super) static DURATION: Section = Section {
    title: "the length of a run",
    prefix: "",
    keys: &[
        STEPS,
        TIME,
        key(
            "loss_standard_error",
            "a positive number",
            "{ loss_standard_error = 1e-4 }",
        ),
    ],
};

pub(super) static MEASURE: Section = Section {
    title: "[measure]",
    prefix: "measure.",
    keys: &[
        key(
            "histogram",
            "a list of tables with the key `of`",
            "histogram = [{ of = \"x\", from = -2.5, to = 2.5, bins = 200 }, { of = [\"x\", \"y\"] }]",
        ),
        key(
            "observables",
            "a table of formulas",
            "observables = { radius = \"sqrt(x^2 + y^2)\" }",
        ),
        key("trace", "a whole number from 0 to 10 000", "trace = 100"),
    ],
};

pub(super) static OBSERVABLE_VALUE: Key = key(
    "observable",
    "a formula in quotes",
    "observables = { radius = \"sqrt(x^2 + y^2)\" }",
);

pub(super) static HISTOGRAM: Section = Section {
    title: "a histogram",
    prefix: "measure.histogram.",
    keys: &[
        key(
            "of",
            "a name, a formula in quotes, or a list of two of them",
            "{ of = [\"x\", \"y\"], bins = 128 }",
        ),
        key(
            "from",
            "a number, or a list of two for a histogram of two",
            "{ of = \"x\", from = -2.5, to = 2.5 }   or   { of = [\"x\", \"y\"], from = [-2, -2], to = [2, 2] }",
        ),
        key(
            "to",
            "a number, or a list of two for a histogram of two",
            "{ of = \"x\", from = -2.5, to = 2.5 }   or   { of = [\"x\", \"y\"], from = [-2, -2], to = [2, 2] }",
        ),
        key(
            "bins",
            "a whole number from 1 to 4096, or to 1024 for a histogram of two",
            "{ of = \"x\", bins = 200 }",
        ),
    ],
};

/// Words for keys that users know from elsewhere.
pub(super) const SYNONYMS: [(&str, &str); 16] = [
    ("learning_rate", "eta"),
    ("lr", "eta"),
    ("step_size", "eta"),
    ("steps", "duration"),
    ("time", "duration"),
    ("warmup", "burn_in"),
    ("noise", "sigma"),
    ("std", "sigma"),
    ("sd", "sigma"),
    ("histograms", "histogram"),
    ("path", "file"),
    ("features", "columns"),
    ("normalize", "standardize"),
    ("batch_size", "batch"),
    ("regularizer", "regularization"),
    ("weight_decay", "regularization"),
];

/// The sections of the file whose keys are fixed.
pub(super) static SECTIONS: [&Section; 6] = [&DATA, &LOSS, &NOISE, &DYNAMICS, &ENSEMBLE, &MEASURE];
