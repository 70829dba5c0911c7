//! Reads the data set that an experiment names.

use super::over_data::DataSets;
use crate::data::{self, DataError, DataRequest, VariableRequest};
use crate::spec::{Data, ExampleStorage, Experiment, ExperimentError, Standardize};
use std::sync::Arc;

/// Reads the data set of an experiment that has one.
pub(crate) fn load(experiment: &Experiment) -> Result<Option<DataSets>, ExperimentError> {
    let Some(described) = &experiment.data else {
        return Ok(None);
    };
    let located = |error: DataError| {
        let column = error.column.as_deref();
        let (message, label, help) = (&error.message, &error.label, &error.help);
        ExperimentError::data(&experiment.source, described, column, message, label, help)
    };
    let request = request(experiment, described);
    let mut split = data::load(&request).map_err(located)?;
    let half = described.storage == ExampleStorage::F16;
    if half {
        let held_out = split.validation.as_mut();
        for examples in std::iter::once(&mut split.training).chain(held_out) {
            examples.round_to_f16().map_err(located)?;
        }
    }
    Ok(Some(DataSets {
        training: Arc::new(split.training),
        validation: split.validation.map(Arc::new),
        half,
    }))
}

fn request(experiment: &Experiment, described: &Data) -> DataRequest {
    let names = || described.columns.iter();
    let text = |list: &[crate::spec::Spanned<String>]| -> Vec<String> {
        list.iter().map(|text| text.value.clone()).collect()
    };
    DataRequest {
        path: described.path(&experiment.source),
        variables: names()
            .map(|name| VariableRequest {
                name: name.name.value.clone(),
                columns: text(&name.columns),
                is_list: name.is_list,
            })
            .collect(),
        standardize: match &described.standardize {
            Standardize::No => Vec::new(),
            Standardize::All => names().map(|name| name.name.value.clone()).collect(),
            Standardize::Names(names) => text(names),
        },
        categorical: text(&described.categorical),
        validation: described.validation,
        seed: experiment.ensemble.seed,
    }
}
