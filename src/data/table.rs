//! A CSV file as columns of numbers and of classes.

use std::{collections::HashMap, fs, io::ErrorKind, path::Path};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::{DataError, Request};

/// The most classes of one column; each is a number of every example.
pub const MOST_CLASSES: usize = 256;

/// What stands where a value is missing, in any case of letters.
const MISSING: [&str; 7] = ["", "na", "n/a", "nan", "null", "?", "."];

/// One column, row by row.
pub(super) struct Column {
    pub(super) name: String,
    /// Numbers, or positions in `classes`.
    pub(super) values: Vec<f64>,
    /// The classes, sorted; `None` for a column of numbers.
    pub(super) classes: Option<Vec<String>>,
}

/// The columns that the request names, each once, and at least one row of them.
pub(super) fn read(request: &Request) -> Result<Vec<Column>, DataError> {
    let path = &request.path;
    let bytes = fs::read(path).map_err(|cause| unreadable(path, &cause))?;
    let text = std::str::from_utf8(&bytes).map_err(|cause| {
        let (line, byte) = (
            line_of(&bytes, cause.valid_up_to()),
            bytes[cause.valid_up_to()],
        );
        DataError::file(
            format!("{} is not UTF-8 text", path.display()),
            format!("the byte 0x{byte:02x} stands in line {line}"),
            "save the file as CSV with the encoding UTF-8",
        )
    })?;
    let file = File {
        path,
        text: text.trim_start_matches('\u{feff}'),
    };
    file.columns(request)
}

fn unreadable(path: &Path, cause: &std::io::Error) -> DataError {
    let why = match cause.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ if path.is_dir() => "this is a folder".to_owned(),
        _ => cause.to_string(),
    };
    DataError::file(
        format!("cannot read {}", path.display()),
        why,
        "name a CSV file by its path from the folder of the experiment file",
    )
}

/// The line, counted from 1, that has the byte at `position`.
fn line_of(text: &[u8], position: usize) -> usize {
    1 + text[..position]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
}

/// The text of a file and its name.
struct File<'f> {
    path: &'f Path,
    text: &'f str,
}

impl File<'_> {
    fn columns(&self, request: &Request) -> Result<Vec<Column>, DataError> {
        // Records of any length, because the reader's own message about lengths knows no help.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_reader(self.text.as_bytes());
        let header = reader
            .headers()
            .map_err(|cause| self.broken(&cause))?
            .clone();
        let mut columns = self.find_columns(&header, request)?;
        let mut record = StringRecord::new();
        let mut count = 0_usize;
        while reader
            .read_record(&mut record)
            .map_err(|cause| self.broken(&cause))?
        {
            let at = record
                .position()
                .map_or(0, |position| position.byte() as usize);
            if record.len() != header.len() {
                return Err(self.wrong_length(at, record.len(), header.len()));
            }
            for column in &mut columns {
                column.push(self, &record[column.field], at)?;
            }
            count += 1;
        }
        if count == 0 {
            return Err(DataError::file(
                format!("{} has no examples", self.path.display()),
                "there is nothing below its header",
                "write one example in each line, with its values separated by commas",
            ));
        }
        Ok(columns.into_iter().map(Reading::finish).collect())
    }

    /// The columns that are asked for, each once.
    fn find_columns(
        &self,
        header: &StringRecord,
        request: &Request,
    ) -> Result<Vec<Reading>, DataError> {
        let names: Vec<&str> = header.iter().collect();
        self.check_header(&names)?;
        let mut columns: Vec<Reading> = Vec::new();
        let wanted = request
            .variables
            .iter()
            .flat_map(|variable| &variable.columns);
        for name in wanted.map(|name| name.trim()) {
            if columns.iter().any(|column| column.name == name) {
                continue;
            }
            let Some(field) = names.iter().position(|other| *other == name) else {
                return Err(self.no_such_column(name, &names));
            };
            let declared = request.categorical.iter().any(|other| other.trim() == name);
            columns.push(Reading::new(name, field, declared));
        }
        Ok(columns)
    }

    /// A header with at least one name, and none of them twice.
    fn check_header(&self, names: &[&str]) -> Result<(), DataError> {
        if names.iter().all(|name| name.is_empty()) {
            return Err(DataError::file(
                format!("{} has no header", self.path.display()),
                "its first line is empty, or there is none",
                "write the names of the columns into the first line, separated by commas",
            ));
        }
        // A column without a name, as an index often is, cannot be asked for, so that several do no harm.
        let twice =
            (1..names.len()).find(|&at| !names[at].is_empty() && names[..at].contains(&names[at]));
        let Some(at) = twice else { return Ok(()) };
        let first = names.iter().position(|name| *name == names[at]);
        Err(DataError::file(
            format!(
                "the header of {} has the name `{}` twice",
                self.path.display(),
                names[at]
            ),
            format!("columns {} and {} have it", first.unwrap_or(0) + 1, at + 1),
            "give every column of the file a name of its own",
        ))
    }

    fn no_such_column(&self, name: &str, names: &[&str]) -> DataError {
        let label = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no column has this name".to_owned(),
        };
        let help = match names {
            [only] if only.contains(';') => {
                "its header has semicolons: write the file with commas between the values"
                    .to_owned()
            }
            [only] if only.contains('\t') => {
                "its header has tabs: write the file with commas between the values".to_owned()
            }
            _ => format!("its first line names the columns: {}", listed(names)),
        };
        DataError {
            column: Some(name.to_owned()),
            ..DataError::file(
                format!("{} has no column `{name}`", self.path.display()),
                label,
                help,
            )
        }
    }

    fn wrong_length(&self, at: usize, found: usize, expected: usize) -> DataError {
        let fields = |count| {
            if count == 1 {
                "1 value".to_owned()
            } else {
                format!("{count} values")
            }
        };
        DataError::file(
            format!(
                "line {} of {} does not fit its header",
                self.line(at),
                self.path.display()
            ),
            format!(
                "it has {}, but the header has {}",
                fields(found),
                fields(expected)
            ),
            "write one value for each column; a value with a comma in it stands in quotes",
        )
    }

    /// What the reader of CSV finds: with the whole text in memory, nothing that is known.
    fn broken(&self, cause: &csv::Error) -> DataError {
        DataError::file(
            format!("{} is not CSV", self.path.display()),
            cause.to_string(),
            "write the file as CSV, with commas between the values",
        )
    }

    /// The line of the record that the reader began to look for at `at`, behind empty lines and the rest of a line end.
    fn line(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or("");
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        line_of(self.text.as_bytes(), at.min(self.text.len()) + blank)
    }
}

/// The first value of a column, which tells what the others must be.
struct First {
    is_text: bool,
    at: usize,
    cell: String,
}

/// A column while it is read.
struct Reading {
    name: String,
    /// Its place in a record.
    field: usize,
    /// Whether the request says that it has classes.
    declared: bool,
    first: Option<First>,
    /// Numbers, or places in `classes`.
    values: Vec<f64>,
    /// In the order of their first row.
    classes: Vec<String>,
    places: HashMap<String, usize>,
}

impl Reading {
    fn new(name: &str, field: usize, declared: bool) -> Self {
        Self {
            name: name.to_owned(),
            field,
            declared,
            first: None,
            values: Vec::new(),
            classes: Vec::new(),
            places: HashMap::new(),
        }
    }

    /// Takes one value of the record at byte `at`.
    fn push(&mut self, file: &File<'_>, cell: &str, at: usize) -> Result<(), DataError> {
        let number = cell.parse::<f64>().ok();
        let is_missing = MISSING
            .iter()
            .any(|missing| cell.eq_ignore_ascii_case(missing));
        if is_missing || number.is_some_and(|number| !number.is_finite()) {
            return Err(self.no_value(file, cell, is_missing, at));
        }
        let value = match number.filter(|_| !self.declared) {
            Some(number) => {
                self.expect_kind(file, false, cell, at)?;
                number
            }
            None => {
                self.expect_kind(file, true, cell, at)?;
                self.class(file, cell, at)? as f64
            }
        };
        self.values.push(value);
        Ok(())
    }

    fn no_value(&self, file: &File<'_>, cell: &str, is_missing: bool, at: usize) -> DataError {
        let fault = if is_missing {
            "lacks a value"
        } else {
            "has a value that is not a finite number"
        };
        let line = file.line(at);
        let label = if cell.is_empty() {
            format!("line {line} has none")
        } else {
            format!("line {line} has {}", shown(cell))
        };
        let help = "write a value there, or remove the line: missing values are not guessed";
        DataError::column(file.path, &self.name, fault, label, help)
    }

    /// All values are numbers, or all are text.
    fn expect_kind(
        &mut self,
        file: &File<'_>,
        is_text: bool,
        cell: &str,
        at: usize,
    ) -> Result<(), DataError> {
        let first = self.first.get_or_insert_with(|| First {
            is_text,
            at,
            cell: cell.to_owned(),
        });
        if first.is_text == is_text {
            return Ok(());
        }
        let here = format!("{} in line {}", shown(cell), file.line(at));
        let before = format!("{} in line {}", shown(&first.cell), file.line(first.at));
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

    /// The place of a class among those met so far.
    fn class(&mut self, file: &File<'_>, cell: &str, at: usize) -> Result<usize, DataError> {
        if let Some(&place) = self.places.get(cell) {
            return Ok(place);
        }
        if !self.declared && cell.replace(',', ".").parse::<f64>().is_ok() {
            return Err(DataError::column(
                file.path,
                &self.name,
                "has numbers with a comma",
                format!("line {} has {}", file.line(at), shown(cell)),
                "write a point in place of the comma: 0.5",
            ));
        }
        if self.classes.len() == MOST_CLASSES {
            return Err(DataError::column(
                file.path,
                &self.name,
                &format!("has more than {MOST_CLASSES} classes"),
                format!("{} in line {} is one more", shown(cell), file.line(at)),
                "each class would be a number of every example: join classes, or leave the column out",
            ));
        }
        self.classes.push(cell.to_owned());
        self.places.insert(cell.to_owned(), self.classes.len() - 1);
        Ok(self.classes.len() - 1)
    }

    /// Puts the classes in order: by value where all are numbers, else by their letters.
    fn finish(self) -> Column {
        let is_numbers = !self.declared && self.classes.is_empty();
        if is_numbers {
            return Column {
                name: self.name,
                values: self.values,
                classes: None,
            };
        }
        let numbers: Option<Vec<f64>> = self
            .classes
            .iter()
            .map(|class| class.parse().ok())
            .collect();
        // 1 and 1.0 are one class; `+ 0.0` makes -0 that of 0.
        let names: Vec<String> = match &numbers {
            Some(numbers) => numbers
                .iter()
                .map(|number| (number + 0.0).to_string())
                .collect(),
            None => self.classes,
        };
        let mut sorted = names.clone();
        match numbers {
            Some(_) => sorted.sort_by(|a, b| value(a).total_cmp(&value(b))),
            None => sorted.sort(),
        }
        sorted.dedup();
        let places: HashMap<&str, usize> = sorted
            .iter()
            .enumerate()
            .map(|(place, class)| (class.as_str(), place))
            .collect();
        let moved: Vec<f64> = names
            .iter()
            .map(|class| places[class.as_str()] as f64)
            .collect();
        Column {
            name: self.name,
            values: self.values.iter().map(|&at| moved[at as usize]).collect(),
            classes: Some(sorted),
        }
    }
}

/// The number that a class of numbers is called after.
fn value(class: &str) -> f64 {
    class
        .parse()
        .expect("a class of numbers has a number's name")
}

/// A value of the file for a message: in backquotes, one short line.
fn shown(cell: &str) -> String {
    const LONGEST: usize = 30;
    let mut line: String = cell
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    if cell.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    format!("`{line}`")
}

/// The names of a header, the first ones of many.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> = names.iter().take(MOST).map(|name| shown(name)).collect();
    if names.len() > MOST {
        list.push(format!("and {} more", names.len() - MOST));
    }
    list.join(", ")
}

/// The name that a misspelled one most likely means.
fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    let written = written.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase());
    let best = names.iter().min_by_key(|name| distance(name))?;
    // One slip in three letters still looks like the name; a difference of capitals always does.
    (distance(best) <= best.len() / 3).then_some(*best)
}
