//! `[ensemble]`: how many chains run for how long.

use super::{
    super::document::Value,
    keys::{DURATION, RUN_LENGTH, Section},
    reader::{Field, Reader, Table},
};
use crate::spec::{BurnIn, Duration, Dynamics, Ensemble, RunLength};

/// Counts of updates are kept where f64 is exact, so that times computed from them are too.
const MOST_STEPS: u64 = 1 << 53;
const MOST_CHAINS: u64 = 1 << 40;
const DEFAULT_CHAINS: u64 = 65_536;
const DEFAULT_DURATION: Duration = Duration::Fixed(RunLength::Steps(1000));
const DEFAULT_AT_MOST: u64 = 1_000_000;
const DEFAULT_BOUND: f64 = 1e18;

/// Reads the `[ensemble]` section. The step size in `dynamics` tells how many steps a length given as a time takes.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<Ensemble> {
    let chains = match table.get("chains") {
        Some(field) => reader.whole(&field, 1..=MOST_CHAINS),
        None => Some(DEFAULT_CHAINS),
    };
    let superchains = match table.get("superchains") {
        Some(field) => superchains(reader, &field, chains).map(Some),
        None => Some(None),
    };
    let burn_in = match table.get("burn_in") {
        Some(field) => burn_in(reader, &field, dynamics),
        None => Some(BurnIn::Fixed(RunLength::Steps(0))),
    };
    let duration = match table.get("duration") {
        Some(field) => duration(reader, &field, dynamics),
        None => Some(DEFAULT_DURATION),
    };
    let at_most = match table.get("at_most") {
        Some(field) => reader.whole(&field, 1..=MOST_STEPS),
        None => Some(DEFAULT_AT_MOST),
    };
    let common_noise = match table.get("common_noise") {
        Some(field) => reader.truth(&field),
        None => Some(false),
    };
    let seed = match table.get("seed") {
        Some(field) => reader.whole(&field, 0..=u64::MAX),
        None => Some(1),
    };
    let bound = match table.get("bound") {
        Some(field) => reader.positive(&field),
        None => Some(DEFAULT_BOUND),
    };
    Some(Ensemble {
        chains: chains?,
        superchains: superchains?,
        burn_in: burn_in?,
        duration: duration?,
        at_most: at_most?,
        common_noise: common_noise?,
        seed: seed?,
        bound: bound?,
    })
}

fn superchains(reader: &mut Reader<'_>, field: &Field<'_>, chains: Option<u64>) -> Option<u64> {
    let superchains = reader.whole(field, 2..=MOST_CHAINS)?;
    match chains {
        Some(chains) if chains % superchains != 0 => {
            reader.refuse(field, &format!("does not divide the {chains} chains"))
        }
        _ => Some(superchains),
    }
}

/// The least time that one update takes, over all learning rates.
fn smallest_step(dynamics: &Dynamics) -> f64 {
    let eta = dynamics
        .eta
        .iter()
        .map(|eta| eta.value)
        .fold(f64::INFINITY, f64::min);
    dynamics.dt.as_ref().map_or(eta, |dt| dt.value)
}

fn burn_in(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<BurnIn> {
    match &field.node.value {
        Value::Text(text) if text == "auto" => {
            decided_on_the_way(reader, field, dynamics)?;
            Some(BurnIn::Auto)
        }
        _ => run_length(reader, field, dynamics).map(BurnIn::Fixed),
    }
}

fn duration(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<Duration> {
    if let Some(entries) = field.entries()
        && entries
            .iter()
            .any(|entry| entry.key == "loss_standard_error")
    {
        return loss_standard_error(reader, field, dynamics);
    }
    match length_in(reader, field, &DURATION, dynamics)? {
        RunLength::Steps(0) | RunLength::Time(0.0) => {
            reader.refuse(field, "a run of no length measures nothing")
        }
        length => Some(Duration::Fixed(length)),
    }
}

fn loss_standard_error(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<Duration> {
    let table = reader.table(field, &DURATION)?;
    if table.get("steps").is_some() || table.get("time").is_some() {
        return reader.refuse(
            field,
            "`loss_standard_error` decides how long the run is: `steps` or `time` is too much",
        );
    }
    let wanted = reader.positive(&table.get("loss_standard_error")?)?;
    decided_on_the_way(reader, field, dynamics)?;
    Some(Duration::LossStandardError(wanted))
}

/// Reports a run that cannot decide on its own length.
fn decided_on_the_way(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<()> {
    let dynamics = dynamics?;
    if !dynamics.kind.value.is_stochastic() {
        return reader.refuse(
            field,
            "gradient flow has no stationary distribution to wait for: give `steps` or `time`",
        );
    }
    if !dynamics.schedule.is_empty() {
        return reader.refuse(
            field,
            "a `schedule` changes η at fractions of the run, so that its length must be given: `steps` or `time`",
        );
    }
    Some(())
}

/// A number of steps, `{ steps = … }` or `{ time = … }`.
fn run_length(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    dynamics: Option<&Dynamics>,
) -> Option<RunLength> {
    length_in(reader, field, &RUN_LENGTH, dynamics)
}

fn length_in(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    section: &'static Section,
    dynamics: Option<&Dynamics>,
) -> Option<RunLength> {
    if field.entries().is_none() {
        return reader.whole(field, 0..=MOST_STEPS).map(RunLength::Steps);
    }
    let before = reader.problems.len();
    let table = reader.table(field, section)?;
    match (table.get("steps"), table.get("time")) {
        (Some(steps), None) => reader.whole(&steps, 0..=MOST_STEPS).map(RunLength::Steps),
        (None, Some(time)) => run_time(reader, &time, dynamics.map(smallest_step)),
        (Some(_), Some(_)) => {
            reader.refuse(field, "both `steps` and `time`: one of the two is too many")
        }
        (None, None) if reader.problems.len() > before => None,
        (None, None) => reader.refuse(field, "neither `steps` nor `time`"),
    }
}

fn run_time(reader: &mut Reader<'_>, field: &Field<'_>, step: Option<f64>) -> Option<RunLength> {
    let time = reader.not_negative(field)?;
    match step {
        #[allow(clippy::cast_precision_loss, reason = "2⁵³ is exact")]
        Some(step) if time / step > MOST_STEPS as f64 => reader.refuse(
            field,
            &format!("this takes more than 2^53 steps of {step:?}"),
        ),
        _ => Some(RunLength::Time(time)),
    }
}
