//! From a request to examples.

use std::path::Path;

use super::{
    DataError, Entry, Examples, Request, Split, Transform, Variable, Wanted,
    scale::{Spread, spread},
    split,
    table::{self, Column},
};

/// Reads the file of a request.
///
/// A column whose values are all text, or that the request calls categorical, has classes: it gives as many numbers as
/// there are classes in the whole file, 1 for its own and 0 for the others. Means and standard deviations are those of
/// the training examples alone.
///
/// # Errors
/// The file cannot be read or is not CSV with a header in UTF-8; a column is not there; a value is missing, not finite or
/// not of its column's kind; a line has too many or too few values; a column to be standardized is constant; a column
/// has more than [`MOST_CLASSES`](super::MOST_CLASSES) classes; nothing is left to learn from or to validate on.
pub fn load(request: &Request) -> Result<Split, DataError> {
    let columns = table::read(request)?;
    let count = columns.first().map_or(0, |column| column.values.len());
    let (training, validation) =
        split::rows(&request.path, count, request.validation, request.seed)?;
    let mut variables = Vec::with_capacity(request.variables.len());
    let mut fields = Vec::new();
    for wanted in &request.variables {
        let first = fields.len();
        let scaled = request.standardize.contains(&wanted.name);
        let mut is_vector = wanted.is_list || wanted.columns.len() > 1;
        for column in own_columns(wanted, &columns) {
            is_vector |= column.classes.is_some();
            match &column.classes {
                Some(classes) => fields.extend(one_hot(column, classes)),
                None if scaled => fields.push(standardized(&request.path, column, &training)?),
                None => fields.push(Field::new(column, Transform::Identity)),
            }
        }
        variables.push(Variable {
            name: wanted.name.clone(),
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
    Ok(Split {
        training: examples(&training),
        validation: (!validation.is_empty()).then(|| examples(&validation)),
        entries: fields.iter().map(Field::entry).collect(),
    })
}

/// The columns of a name, in its own order.
fn own_columns<'c>(wanted: &'c Wanted, columns: &'c [Column]) -> impl Iterator<Item = &'c Column> {
    wanted.columns.iter().map(|name| {
        columns
            .iter()
            .find(|column| column.name == name.trim())
            .expect("the table has every column of the request")
    })
}

/// One number of an example, as a function of the row.
struct Field<'c> {
    column: &'c Column,
    /// The position of the class for [`Transform::Class`].
    class: f64,
    transform: Transform,
}

impl<'c> Field<'c> {
    fn new(column: &'c Column, transform: Transform) -> Self {
        Self {
            column,
            class: 0.0,
            transform,
        }
    }

    fn value(&self, row: usize) -> f64 {
        let value = self.column.values[row];
        match self.transform {
            Transform::Identity => value,
            Transform::Standardized { mean, sd } => (value - mean) / sd,
            Transform::Class(_) => f64::from(u8::from(value == self.class)),
        }
    }

    fn label(&self) -> String {
        match &self.transform {
            Transform::Class(class) => format!("{} = {class}", self.column.name),
            _ => self.column.name.clone(),
        }
    }

    fn entry(&self) -> Entry {
        Entry {
            label: self.label(),
            transform: self.transform.clone(),
        }
    }
}

fn one_hot<'c>(column: &'c Column, classes: &'c [String]) -> impl Iterator<Item = Field<'c>> {
    classes.iter().enumerate().map(|(at, class)| Field {
        class: at as f64,
        ..Field::new(column, Transform::Class(class.clone()))
    })
}

fn standardized<'c>(
    path: &Path,
    column: &'c Column,
    training: &[usize],
) -> Result<Field<'c>, DataError> {
    let values: Vec<f64> = training.iter().map(|&row| column.values[row]).collect();
    let fault = match spread(&values) {
        Spread::TwoValues => return Ok(Field::new(column, Transform::Identity)),
        Spread::Of { mean, sd } => {
            return Ok(Field::new(column, Transform::Standardized { mean, sd }));
        }
        Spread::Constant => format!(
            "each of the {} training examples has {:?}",
            values.len(),
            values[0]
        ),
        Spread::OutOfRange => "its standard deviation is out of the range of numbers".to_owned(),
    };
    Err(DataError::column(
        path,
        &column.name,
        "cannot be standardized",
        fault,
        "leave the column out, or list the names to be standardized: standardize = [\"u\"]",
    ))
}
