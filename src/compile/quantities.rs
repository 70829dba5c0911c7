//! The table of scalar quantities that a measurement adds where an experiment has them.
//!
//! A row holds a key, which is its path in `summary.json`, and the node of the observing program. To add a quantity, add a
//! row here and its label to the report's table. The mean over chains then shows up in every output.

use super::measured::Measured;
use super::output_list::OutputList;
use super::scope::Scope;
use crate::loss::NodeId;

/// A scalar quantity whose mean over chains is reported.
#[derive(Debug)]
pub struct Quantity {
    /// Name of the field in `summary.json`.
    pub key: &'static str,
    /// True when its standard error rests on fourth moments of the parameters, as that of every quadratic quantity does.
    pub needs_fourth_moments: bool,
    /// Its node; `None` where the experiment does not have the quantity.
    node: fn(&mut Scope<'_>, &Measured) -> Option<NodeId>,
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Quantity {}

/// Key of the loss over the held-out examples.
pub(crate) const VALIDATION_LOSS: &str = "validation_loss";

/// Every quantity, in the order of the outputs.
static QUANTITIES: [Quantity; 1] = [Quantity {
    key: VALIDATION_LOSS,
    needs_fourth_moments: true,
    node: |_, measured| measured.validation,
}];

/// Adds the quantities that the experiment has, and returns their positions.
pub(super) fn push(
    scope: &mut Scope<'_>,
    list: &mut OutputList,
    measured: &Measured,
) -> Vec<(&'static Quantity, usize)> {
    (QUANTITIES.iter())
        .filter_map(|quantity| {
            let node = (quantity.node)(scope, measured)?;
            Some((quantity, list.push(scope, &[node]).start))
        })
        .collect()
}
