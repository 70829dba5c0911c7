//! A CSV file as columns of numbers and of classes.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::column::{Column, ColumnReader};
use super::error::{DataError, listed, nearest};
use super::file::CsvFile;
use super::request::DataRequest;

/// The columns that the request names, each once, with at least one row.
pub(super) fn read_columns(request: &DataRequest) -> Result<Vec<Column>, DataError> {
    CsvFile::read(&request.path)?.columns(request)
}

impl CsvFile<'_> {
    fn columns(&self, request: &DataRequest) -> Result<Vec<Column>, DataError> {
        // `flexible`, because the reader's own error about the number of values has no help text.
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_reader(self.text.as_bytes());
        let header = reader
            .headers()
            .map_err(|cause| self.not_csv(&cause))?
            .clone();
        let mut columns = self.find_columns(&header, request)?;
        let mut record = StringRecord::new();
        let mut count = 0_usize;
        while reader
            .read_record(&mut record)
            .map_err(|cause| self.not_csv(&cause))?
        {
            let start = record
                .position()
                .map_or(0, |position| position.byte() as usize);
            if record.len() != header.len() {
                return Err(self.wrong_length(start, record.len(), header.len()));
            }
            for column in &mut columns {
                column.push(self, &record[column.index], start)?;
            }
            count += 1;
        }
        if count == 0 {
            return Err(DataError::file(
                format!("{} has no examples", self.path.display()),
                "it has no lines below its header",
                "write one example per line, with commas between its values",
            ));
        }
        Ok(columns.into_iter().map(ColumnReader::finish).collect())
    }

    /// Readers of the requested columns, each once.
    fn find_columns(
        &self,
        header: &StringRecord,
        request: &DataRequest,
    ) -> Result<Vec<ColumnReader>, DataError> {
        let names: Vec<&str> = header.iter().collect();
        self.check_header(&names)?;
        let mut columns: Vec<ColumnReader> = Vec::new();
        let wanted = request
            .variables
            .iter()
            .flat_map(|variable| &variable.columns);
        for name in wanted.map(|name| name.trim()) {
            if columns.iter().any(|column| column.name == name) {
                continue;
            }
            let Some(index) = names.iter().position(|other| *other == name) else {
                return Err(self.no_such_column(name, &names));
            };
            let categorical = request.categorical.iter().any(|other| other.trim() == name);
            columns.push(ColumnReader::new(name, index, categorical));
        }
        Ok(columns)
    }

    /// Checks that the header has at least one name and none twice.
    fn check_header(&self, names: &[&str]) -> Result<(), DataError> {
        if names.iter().all(|name| name.is_empty()) {
            return Err(DataError::file(
                format!("{} has no header", self.path.display()),
                "its first line is empty or missing",
                "write the names of the columns into the first line, with commas between them",
            ));
        }
        // Several columns without a name are harmless: nobody can request them. (Index columns often have none.)
        let twice =
            (1..names.len()).find(|&at| !names[at].is_empty() && names[..at].contains(&names[at]));
        let Some(at) = twice else { return Ok(()) };
        let first = names.iter().position(|name| *name == names[at]);
        Err(DataError::file(
            format!(
                "the header of {} repeats the name `{}`",
                self.path.display(),
                names[at]
            ),
            format!(
                "columns {} and {} have this name",
                first.unwrap_or(0) + 1,
                at + 1
            ),
            "give each column its own name",
        ))
    }

    fn no_such_column(&self, name: &str, names: &[&str]) -> DataError {
        let label = match nearest(name, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "no column has this name".to_owned(),
        };
        let help = match names {
            [only] if only.contains(';') => {
                "its header has semicolons: write commas between the values".to_owned()
            }
            [only] if only.contains('\t') => {
                "its header has tabs: write commas between the values".to_owned()
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

    fn wrong_length(&self, start: usize, found: usize, expected: usize) -> DataError {
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
                self.line(start),
                self.path.display()
            ),
            format!(
                "it has {}, but the header has {}",
                fields(found),
                fields(expected)
            ),
            "write one value per column; put a value that contains a comma in quotes",
        )
    }

    /// An error of the CSV reader; none is known to occur once the whole text is in memory.
    fn not_csv(&self, cause: &csv::Error) -> DataError {
        DataError::file(
            format!("{} is not CSV", self.path.display()),
            cause.to_string(),
            "write the file as CSV, with commas between the values",
        )
    }
}
