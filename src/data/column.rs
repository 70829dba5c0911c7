//! One column of a CSV file: numbers, or classes.

use std::collections::HashMap;

use super::error::{DataError, quoted};
use super::file::CsvFile;

/// Maximum number of classes per column; each class adds a number to every example.
pub const MOST_CLASSES: usize = 256;

/// Cells that count as missing values, in upper or lower case.
const MISSING: [&str; 7] = ["", "na", "n/a", "nan", "null", "?", "."];

/// A column, with one value per row of the file.
pub(super) struct Column {
    pub(super) name: String,
    /// Numbers, or indices into `classes`.
    pub(super) values: Vec<f64>,
    /// Sorted classes; `None` for a column of numbers.
    pub(super) classes: Option<Vec<String>>,
}

/// First value of a column; it decides whether the column holds numbers or text.
struct FirstValue {
    is_text: bool,
    /// Byte of the file at which the CSV reader started its record.
    start: usize,
    cell: String,
}

/// A column while the file is read.
pub(super) struct ColumnReader {
    pub(super) name: String,
    /// Index of the column in a record.
    pub(super) index: usize,
    /// True if the request declares the column categorical.
    categorical: bool,
    first: Option<FirstValue>,
    /// Numbers, or indices into `classes`.
    values: Vec<f64>,
    /// Classes in the order of their first row.
    classes: Vec<String>,
    class_indices: HashMap<String, usize>,
}

impl ColumnReader {
    pub(super) fn new(name: &str, index: usize, categorical: bool) -> Self {
        Self {
            name: name.to_owned(),
            index,
            categorical,
            first: None,
            values: Vec::new(),
            classes: Vec::new(),
            class_indices: HashMap::new(),
        }
    }

    /// Adds the value of one record, for which the CSV reader started at byte `start`.
    pub(super) fn push(
        &mut self,
        file: &CsvFile<'_>,
        cell: &str,
        start: usize,
    ) -> Result<(), DataError> {
        let number = cell.parse::<f64>().ok();
        let is_missing = MISSING
            .iter()
            .any(|missing| cell.eq_ignore_ascii_case(missing));
        if is_missing || number.is_some_and(|number| !number.is_finite()) {
            return Err(self.no_value(file, cell, is_missing, start));
        }
        let value = match number.filter(|_| !self.categorical) {
            Some(number) => {
                self.expect_kind(file, false, cell, start)?;
                number
            }
            None => {
                self.expect_kind(file, true, cell, start)?;
                self.class(file, cell, start)? as f64
            }
        };
        self.values.push(value);
        Ok(())
    }

    fn no_value(
        &self,
        file: &CsvFile<'_>,
        cell: &str,
        is_missing: bool,
        start: usize,
    ) -> DataError {
        let fault = if is_missing {
            "lacks a value"
        } else {
            "has a value that is not a finite number"
        };
        let line = file.line(start);
        let label = if cell.is_empty() {
            format!("line {line} has none")
        } else {
            format!("line {line} has {}", quoted(cell))
        };
        let help = "write a value there, or remove the line: missing values are not filled in";
        DataError::column(file.path, &self.name, fault, label, help)
    }

    /// Checks that the column holds only numbers or only text.
    fn expect_kind(
        &mut self,
        file: &CsvFile<'_>,
        is_text: bool,
        cell: &str,
        start: usize,
    ) -> Result<(), DataError> {
        let first = self.first.get_or_insert_with(|| FirstValue {
            is_text,
            start,
            cell: cell.to_owned(),
        });
        if first.is_text == is_text {
            return Ok(());
        }
        let here = format!("{} in line {}", quoted(cell), file.line(start));
        let before = format!("{} in line {}", quoted(&first.cell), file.line(first.start));
        let label = if is_text {
            format!("{here} is not a number, unlike {before}")
        } else {
            format!("{before} is not a number, unlike {here}")
        };
        Err(DataError::column(
            file.path,
            &self.name,
            "has both numbers and text",
            label,
            format!(
                "correct the file; or if the values are names of classes: categorical = [\"{}\"]",
                self.name
            ),
        ))
    }

    /// Index of a class in `classes`; a new class is added.
    fn class(&mut self, file: &CsvFile<'_>, cell: &str, start: usize) -> Result<usize, DataError> {
        if let Some(&index) = self.class_indices.get(cell) {
            return Ok(index);
        }
        if !self.categorical && cell.replace(',', ".").parse::<f64>().is_ok() {
            return Err(DataError::column(
                file.path,
                &self.name,
                "has numbers with a comma",
                format!("line {} has {}", file.line(start), quoted(cell)),
                "write a decimal point: 0.5",
            ));
        }
        if self.classes.len() == MOST_CLASSES {
            return Err(DataError::column(
                file.path,
                &self.name,
                &format!("has more than {MOST_CLASSES} classes"),
                format!(
                    "{} in line {} is class number {}",
                    quoted(cell),
                    file.line(start),
                    MOST_CLASSES + 1
                ),
                "each class adds a number to every example: merge classes, or leave out the column",
            ));
        }
        let index = self.classes.len();
        self.classes.push(cell.to_owned());
        self.class_indices.insert(cell.to_owned(), index);
        Ok(index)
    }

    /// The finished column, with its classes sorted: by value if all are numbers, else alphabetically.
    pub(super) fn finish(self) -> Column {
        let is_numbers = !self.categorical && self.classes.is_empty();
        if is_numbers {
            return Column {
                name: self.name,
                values: self.values,
                classes: None,
            };
        }
        let (names, sorted) = ordered_classes(self.classes);
        let sorted_indices: HashMap<&str, usize> = sorted
            .iter()
            .enumerate()
            .map(|(index, class)| (class.as_str(), index))
            .collect();
        let moved: Vec<f64> = names
            .iter()
            .map(|class| sorted_indices[class.as_str()] as f64)
            .collect();
        Column {
            name: self.name,
            values: self.values.iter().map(|&at| moved[at as usize]).collect(),
            classes: Some(sorted),
        }
    }
}

/// Canonical name of each class, and the distinct names in order.
///
/// If all classes are numbers, equal numbers such as 1 and 1.0 share a name.
fn ordered_classes(classes: Vec<String>) -> (Vec<String>, Vec<String>) {
    let numbers: Option<Vec<f64>> = classes.iter().map(|class| class.parse().ok()).collect();
    let names: Vec<String> = match &numbers {
        // Adding 0.0 turns -0 into 0.
        Some(numbers) => numbers
            .iter()
            .map(|number| (number + 0.0).to_string())
            .collect(),
        None => classes,
    };
    let mut sorted = names.clone();
    match numbers {
        Some(_) => sorted.sort_by(|a, b| value(a).total_cmp(&value(b))),
        None => sorted.sort(),
    }
    sorted.dedup();
    (names, sorted)
}

/// The number that names a class.
fn value(class: &str) -> f64 {
    class
        .parse()
        .expect("a class of numbers has a number's name")
}
