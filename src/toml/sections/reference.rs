//! The page of the manual that lists every key, written from the table of keys.

use super::keys::{
    self, COLUMNS_OF_NAME, Key, OBSERVABLE_VALUE, PARAMETER_VALUE, RATE_OF_PARAMETER,
    SIGMA_OF_PARAMETER, SYNONYMS, Section, hyperparameters,
};
use crate::dynamics::FAMILIES;
use std::fmt::Write;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/src/reference/keys.md");

const HEAD: &str = "\
# Keys of the experiment file

<!-- Generated from src/toml/sections/keys.rs: ETASCOPE_UPDATE_GOLDEN=1 cargo test --release --lib reference -->

[The experiment file](../experiment.md) explains the keys and their defaults. `--set` takes the full name of a key, for
example `--set dynamics.eta=0.05`.
";

fn row(page: &mut String, prefix: &str, key: &Key) {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ⏎ ");
    writeln!(
        page,
        "| `{prefix}{}` | {} | `{}` |",
        key.name,
        cell(&key.expected.to_string()),
        cell(key.example)
    )
    .expect("a string takes all text");
}

fn section(page: &mut String, title: &str, section: &Section, values: &[(&str, &Key)]) {
    write!(
        page,
        "\n## {title}\n\n| key | value | example |\n|---|---|---|\n"
    )
    .expect("a string takes all text");
    for key in section.keys {
        row(page, section.prefix, key);
    }
    for (prefix, value) in values {
        row(page, prefix, value);
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    section(&mut page, "Top level", &keys::FILE, &[]);
    let named = Key {
        name: "NAME",
        ..PARAMETER_VALUE
    };
    section(
        &mut page,
        "`[parameters]`",
        &keys::PARAMETER,
        &[("parameters.", &named)],
    );
    let columns = Key {
        name: "NAME",
        ..COLUMNS_OF_NAME
    };
    section(
        &mut page,
        "`[data]`",
        &keys::DATA,
        &[("data.columns.", &columns)],
    );
    section(&mut page, "`[loss]`", &keys::LOSS, &[]);
    let sigma = Key {
        name: "NAME",
        ..SIGMA_OF_PARAMETER
    };
    section(
        &mut page,
        "`[noise]`",
        &keys::NOISE,
        &[("noise.sigma.", &sigma)],
    );
    let rate = Key {
        name: "NAME",
        ..RATE_OF_PARAMETER
    };
    section(
        &mut page,
        "`[dynamics]`",
        &keys::DYNAMICS,
        &[("dynamics.rates.", &rate)],
    );
    section(&mut page, "`eta = { … }`", &keys::ETA_RANGE, &[]);
    section(&mut page, "`schedule = [{ … }]`", &keys::SCHEDULE_STEP, &[]);
    for family in FAMILIES {
        let title = format!("`optimizer = {{ kind = \"{}\", … }}`", family.name);
        section(&mut page, &title, hyperparameters(family), &[]);
    }
    section(&mut page, "`[ensemble]`", &keys::ENSEMBLE, &[]);
    section(&mut page, "`burn_in = { … }`", &keys::RUN_LENGTH, &[]);
    section(&mut page, "`duration = { … }`", &keys::DURATION, &[]);
    let observable = Key {
        name: "NAME",
        ..OBSERVABLE_VALUE
    };
    section(
        &mut page,
        "`[measure]`",
        &keys::MEASURE,
        &[("measure.observables.", &observable)],
    );
    section(&mut page, "`histogram = [{ … }]`", &keys::HISTOGRAM, &[]);
    page.push_str(
        "\n## Words from elsewhere\n\nFor these words, the error message suggests the key.\n\n",
    );
    page.push_str("| word | key |\n|---|---|\n");
    for (word, key) in SYNONYMS {
        writeln!(page, "| `{word}` | `{key}` |").expect("a string takes all text");
    }
    page
}

#[test]
fn the_reference_lists_every_key() {
    let page = page();
    if std::env::var_os("ETASCOPE_UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &page).expect("a writable manual");
    }
    let written = std::fs::read_to_string(PAGE).expect("a page of the manual");
    assert_eq!(written, page);
}
