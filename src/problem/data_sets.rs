//! The data set that an experiment names.

use super::DataSets;
use crate::experiment::{Experiment, ExperimentError};

/// Reads the data set of an experiment that has one.
pub(super) fn load(_experiment: &Experiment) -> Result<Option<DataSets>, ExperimentError> {
    Ok(None)
}
