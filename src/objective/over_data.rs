//! A loss that is a mean over examples: the data sets, their optimum, and polynomials where the loss is quadratic.

use super::example_model::ExampleModel;
use super::quadratic::Quadratic;
use crate::data::Examples;
use crate::loss::Program;
use crate::theory::{self, DataOptimum};
use std::sync::Arc;

/// The examples of an experiment.
#[derive(Debug, Clone)]
pub struct DataSets {
    /// Examples that steps learn from.
    pub training: Arc<Examples>,
    /// Examples held out.
    pub validation: Option<Arc<Examples>>,
    /// True when devices store the examples in 16 bits; then every number fits.
    pub half: bool,
}

/// A loss over data, with everything that is known of it before the run.
#[derive(Debug, Clone)]
pub struct OverData {
    /// The examples.
    pub sets: DataSets,
    /// The loss in f64, example by example.
    pub examples: ExampleModel,
    /// A strict minimum of the loss with the second moments of the examples' gradients there; `None` where the search
    /// found none or the parameters are more than 64.
    pub optimum: Option<DataOptimum>,
    pub(crate) quadratic: Option<Quadratic>,
}

/// Most parameters for which the optimum is searched for: its Hessian is d × d.
pub(crate) const OPTIMUM_LIMIT: usize = 64;

impl OverData {
    /// Evaluates the loss of one example by `program`, whose inputs are `parameters` flattened parameters and then the
    /// numbers of an example, and whose outputs are the loss and its gradient.
    ///
    /// `may_be_quadratic` tells that no second derivative of the formula names a parameter. `starts` are where the search
    /// for the optimum begins, one after the other until one succeeds.
    pub(crate) fn new(
        program: Program,
        parameters: usize,
        may_be_quadratic: bool,
        sets: DataSets,
        starts: &[Vec<f64>],
    ) -> Self {
        let program = Arc::new(program);
        let model = |examples: &Arc<Examples>| {
            ExampleModel::new(program.clone(), parameters, examples.clone())
        };
        let training = model(&sets.training);
        let validation = sets.validation.as_ref().map(model);
        let quadratic = may_be_quadratic
            .then(|| Quadratic::new(&training, validation.as_ref()))
            .flatten();
        let center = quadratic.iter().map(|quadratic| &quadratic.center);
        let optimum = (parameters <= OPTIMUM_LIMIT)
            .then(|| {
                center
                    .chain(starts)
                    .filter_map(|start| theory::find_data_optimum(&training, start).ok())
                    .find(DataOptimum::is_strict_minimum)
            })
            .flatten();
        Self {
            sets,
            examples: training,
            optimum,
            quadratic,
        }
    }

    /// Returns true when every example's loss is quadratic in the parameters.
    pub fn is_quadratic(&self) -> bool {
        self.quadratic.is_some()
    }
}
