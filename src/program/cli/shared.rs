//! Options that several commands have.

use crate::run::Options;
use crate::spec::{Backend, Precision};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

// No doc comment on these structs: clap would take it for the description of every command that has them.

#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[allow(missing_docs, reason = "see above")]
pub struct BackendArgs {
    /// Where to run; auto takes a GPU if there is one that is not a software rasterizer.
    #[arg(long, value_enum, default_value_t)]
    pub backend: Backend,
    /// Use the adapter whose name contains this; see `etascope devices`.
    #[arg(long, value_name = "NAME")]
    pub adapter: Option<String>,
}

impl BackendArgs {
    /// Options of a run on this backend.
    pub fn options(&self) -> Options {
        let options = Options::default().backend(self.backend);
        match &self.adapter {
            Some(name) => options.adapter(name),
            None => options,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Args)]
#[allow(missing_docs, reason = "see above")]
pub struct ExperimentArgs {
    /// Arithmetic of the chains, and how their parameters are stored between steps.
    #[arg(long, value_enum, default_value_t)]
    pub precision: Precision,
    /// Chains at each learning rate, in place of the file's: 1000000 or 1e6.
    #[arg(long, value_name = "N", value_parser = parse_count, allow_negative_numbers = true)]
    pub chains: Option<u64>,
    /// Set any key of the file, such as dynamics.eta=0.05; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_setting)]
    pub settings: Vec<Setting>,
}

impl ExperimentArgs {
    /// Keys of the experiment file that these options set, each with the TOML text of its value.
    pub fn overrides(&self) -> Vec<(String, String)> {
        let settings = self
            .settings
            .iter()
            .map(|setting| (setting.key.clone(), setting.value.clone()));
        let chains = self
            .chains
            .map(|chains| ("ensemble.chains".to_owned(), chains.to_string()));
        settings.chain(chains).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[allow(missing_docs, reason = "see above")]
pub struct OutputArgs {
    /// Folder for the result.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace an existing result.
    #[arg(long)]
    pub force: bool,
    /// Show no progress.
    #[arg(long, short)]
    pub quiet: bool,
}

impl ValueEnum for Backend {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

impl ValueEnum for Precision {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()).help(self.help()))
    }
}

/// A key of the experiment file and the TOML text of its value, from `--set`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Dotted path: `dynamics.eta`.
    pub key: String,
    /// The text after the first equals sign.
    pub value: String,
}

/// A positive whole number, plain, with underscores, or as 1e6.
pub(super) fn parse_count(text: &str) -> Result<u64, String> {
    let plain: String = text.chars().filter(|c| *c != '_').collect();
    let expected = || {
        format!(
            "expected a whole number of at least 1, such as 1000000, 1_000_000 or 1e6; found \"{text}\""
        )
    };
    let count = match plain.parse::<u64>() {
        Ok(count) => count,
        Err(_) => scientific(&plain).ok_or_else(expected)?,
    };
    if count == 0 {
        Err(expected())
    } else {
        Ok(count)
    }
}

/// A whole number with an exponent, up to 2⁵³: beyond that an f64 cannot hold every whole number.
fn scientific(text: &str) -> Option<u64> {
    let number: f64 = text.parse().ok()?;
    let whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
    whole.then_some(number as u64)
}

pub(super) fn parse_setting(text: &str) -> Result<Setting, String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => Ok(Setting {
            key: key.trim().into(),
            value: value.trim().into(),
        }),
        _ => Err(format!(
            "expected KEY=VALUE, such as dynamics.eta=0.05; found \"{text}\""
        )),
    }
}
