//! Loading of the requested examples.

use std::path::Path;

use super::column::Column;
use super::error::DataError;
use super::examples::{Examples, Variable};
use super::request::{DataRequest, DataSplit, VariableRequest};
use super::scale::{ColumnSpread, spread};
use super::split::split_rows;
use super::table::read_columns;

/// Reads the file of a request.
///
/// A column has classes if all its values are text or if the request declares it categorical. It gives a one-hot code: one
/// number per class of the whole file, 1 for the example's own class and 0 for the others. Means and standard deviations
/// are those of the training examples alone.
///
/// # Errors
/// - The file cannot be read, is not UTF-8, or is not CSV with a header; a line has too many or too few values.
/// - A column does not exist; a value is missing, not finite, or text among numbers.
/// - A column to standardize is constant; a column has more than [`MOST_CLASSES`](super::MOST_CLASSES) classes.
/// - No example is left to train on or to validate on.
pub fn load(request: &DataRequest) -> Result<DataSplit, DataError> {
    let columns = read_columns(request)?;
    let count = columns.first().map_or(0, |column| column.values.len());
    let (training, validation) =
        split_rows(&request.path, count, request.validation, request.seed)?;
    let mut variables = Vec::with_capacity(request.variables.len());
    let mut fields = Vec::new();
    for variable in &request.variables {
        let first = fields.len();
        let scaled = request.standardize.contains(&variable.name);
        let mut is_vector = variable.is_list || variable.columns.len() > 1;
        for column in own_columns(variable, &columns) {
            is_vector |= column.classes.is_some();
            match &column.classes {
                Some(classes) => fields.extend(one_hot(column, classes)),
                None if scaled => fields.push(standardized(&request.path, column, &training)?),
                None => fields.push(Field::new(column, Transform::Identity)),
            }
        }
        variables.push(Variable {
            name: variable.name.clone(),
            first,
            length: is_vector.then_some(fields.len() - first),
            labels: fields[first..].iter().map(Field::label).collect(),
        });
    }
    let examples = |rows: &[usize]| Examples {
        variables: variables.clone(),
        width: fields.len(),
        values: rows
            .iter()
            .flat_map(|&row| fields.iter().map(move |field| field.value(row)))
            .collect(),
    };
    Ok(DataSplit {
        training: examples(&training),
        validation: (!validation.is_empty()).then(|| examples(&validation)),
    })
}

/// Columns of a variable, in the order of the request.
fn own_columns<'c>(
    variable: &'c VariableRequest,
    columns: &'c [Column],
) -> impl Iterator<Item = &'c Column> {
    variable.columns.iter().map(|name| {
        columns
            .iter()
            .find(|column| column.name == name.trim())
            .expect("the table has every column of the request")
    })
}

/// Computation of a number of an example from the value in the file.
enum Transform<'c> {
    /// The value itself.
    Identity,
    /// (value − mean) / sd, with mean and standard deviation over the training examples.
    Standardized { mean: f64, sd: f64 },
    /// 1 if the value is the class with this index and name, else 0.
    Class(f64, &'c str),
}

/// One number of an example, as a function of the row of the file.
struct Field<'c> {
    column: &'c Column,
    transform: Transform<'c>,
}

impl<'c> Field<'c> {
    fn new(column: &'c Column, transform: Transform<'c>) -> Self {
        Self { column, transform }
    }

    fn value(&self, row: usize) -> f64 {
        let value = self.column.values[row];
        match self.transform {
            Transform::Identity => value,
            Transform::Standardized { mean, sd } => (value - mean) / sd,
            Transform::Class(class, _) => f64::from(u8::from(value == class)),
        }
    }

    fn label(&self) -> String {
        match &self.transform {
            Transform::Class(_, name) => format!("{} = {name}", self.column.name),
            _ => self.column.name.clone(),
        }
    }
}

/// The one-hot code of a column: one field per class.
fn one_hot<'c>(column: &'c Column, classes: &'c [String]) -> impl Iterator<Item = Field<'c>> {
    (classes.iter().enumerate())
        .map(|(index, class)| Field::new(column, Transform::Class(index as f64, class)))
}

/// The standardized column; a column with only two distinct training values stays as it is.
fn standardized<'c>(
    path: &Path,
    column: &'c Column,
    training: &[usize],
) -> Result<Field<'c>, DataError> {
    let values: Vec<f64> = training.iter().map(|&row| column.values[row]).collect();
    let fault = match spread(&values) {
        ColumnSpread::TwoValues => return Ok(Field::new(column, Transform::Identity)),
        ColumnSpread::Moments { mean, sd } => {
            return Ok(Field::new(column, Transform::Standardized { mean, sd }));
        }
        ColumnSpread::Constant => format!(
            "each of the {} training examples has {:?}",
            values.len(),
            values[0]
        ),
        ColumnSpread::OutOfRange => {
            "its standard deviation is outside the range of double-precision numbers".to_owned()
        }
    };
    Err(DataError::column(
        path,
        &column.name,
        "cannot be standardized",
        fault,
        "leave out the column, or list the names to standardize: standardize = [\"u\"]",
    ))
}
