//! Reading single values: every refusal names the key, what it expects, what was found, and a line that is right.

use std::ops::{Range, RangeInclusive};

use super::{
    super::{
        document::{Entry, Node, Value},
        is_reserved,
    },
    keys::{Key, SECTIONS, SYNONYMS, Section},
};
use crate::spec::{Formula, Problem, Source};

/// Reads values and collects problems; a method that returns `None` has reported one.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Source,
    pub(super) problems: &'a mut Vec<Problem>,
}

/// A value with the key it belongs to.
#[derive(Clone)]
pub(super) struct Field<'t> {
    /// The key with dots, as in `--set`.
    pub(super) path: String,
    pub(super) key: &'static Key,
    pub(super) key_span: Range<usize>,
    pub(super) node: &'t Node,
}

/// One table whose keys have been compared with its section's.
pub(super) struct Table<'t> {
    pub(super) section: &'static Section,
    pub(super) prefix: String,
    pub(super) entries: &'t [Entry],
    /// The position to point at when a key is missing.
    pub(super) span: Range<usize>,
}

impl<'t> Table<'t> {
    /// The value of a key of the section, if the file has it.
    pub(super) fn get(&self, name: &str) -> Option<Field<'t>> {
        let entry = self.entries.iter().find(|entry| entry.key == name)?;
        Some(Field {
            path: format!("{}{name}", self.prefix),
            key: self.section.key(name),
            key_span: entry.key_span.clone(),
            node: &entry.node,
        })
    }

    /// Returns true when a wrong key, which is reported anyway, most likely means the key `name`: then `name` is not missing.
    pub(super) fn misspells(&self, name: &str) -> bool {
        let unknown = |entry: &&Entry| self.section.keys.iter().all(|key| key.name != entry.key);
        self.entries
            .iter()
            .filter(unknown)
            .any(|entry| self.section.meant(&entry.key) == Some(name))
    }
}

impl Section {
    /// The key of the section that a wrong one most likely means.
    fn meant(&self, written: &str) -> Option<&'static str> {
        let names: Vec<&'static str> = self.keys.iter().map(|key| key.name).collect();
        let synonym = SYNONYMS
            .iter()
            .find(|(word, name)| *word == written && names.contains(name));
        synonym.map_or_else(|| nearest(written, &names), |(_, name)| Some(*name))
    }
}

impl<'t> Field<'t> {
    /// An item of a list, under the list's key.
    pub(super) fn item(&self, node: &'t Node) -> Self {
        Self {
            node,
            ..self.clone()
        }
    }

    /// The entries of a table.
    pub(super) fn entries(&self) -> Option<&'t [Entry]> {
        match &self.node.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Option<&'t [Node]> {
        match &self.node.value {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }
}

impl Reader<'_> {
    /// Reports a problem and returns `None`.
    pub(super) fn report<T>(
        &mut self,
        span: Range<usize>,
        message: String,
        label: String,
        help: String,
    ) -> Option<T> {
        self.problems.push(Problem {
            message,
            span: Some(span),
            label,
            help: Some(help),
        });
        None
    }

    /// "`path` must be …", with the reason at the value and the example line.
    pub(super) fn refuse<T>(&mut self, field: &Field<'_>, label: &str) -> Option<T> {
        let message = format!("`{}` must be {}", field.path, field.key.expected);
        self.report(
            field.node.span.clone(),
            message,
            label.to_owned(),
            example(field.key.example),
        )
    }

    /// Refuses a value because of its type.
    pub(super) fn wrong_type<T>(&mut self, field: &Field<'_>) -> Option<T> {
        self.refuse(field, &format!("this is {}", field.node.kind()))
    }

    /// Refuses what is not a number; a number in quotes gets advice of its own.
    fn not_a_number<T>(&mut self, field: &Field<'_>) -> Option<T> {
        match &field.node.value {
            Value::Text(text) if text.trim().parse::<f64>().is_ok() => {
                self.refuse(field, "this is text: write the number without quotes")
            }
            _ => self.wrong_type(field),
        }
    }

    /// Refuses a section's value that is not a table.
    pub(super) fn not_a_section<T>(&mut self, field: &Field<'_>) -> Option<T> {
        match &field.node.value {
            Value::Array(items)
                if items
                    .iter()
                    .any(|item| matches!(item.value, Value::Table(_))) =>
            {
                self.refuse(
                    field,
                    &format!(
                        "this begins a list: write [{}] in single brackets",
                        field.path
                    ),
                )
            }
            _ => self.wrong_type(field),
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self, field: &Field<'_>) -> Option<bool> {
        match field.node.value {
            Value::Boolean(truth) => Some(truth),
            _ => self.wrong_type(field),
        }
    }

    /// A key that must be there.
    pub(super) fn required<'t>(&mut self, table: &Table<'t>, name: &str) -> Option<Field<'t>> {
        table.get(name).or_else(|| {
            if table.misspells(name) {
                return None;
            }
            let key = table.section.key(name);
            let message = format!("{} needs the key `{name}`", table.section.title);
            let label = format!("`{name}` is missing here");
            self.report(table.span.clone(), message, label, example(key.example))
        })
    }

    /// Compares the keys of a table with those of its section.
    pub(super) fn check_keys(&mut self, table: &Table<'_>) {
        let section = table.section;
        for entry in table.entries {
            if section.keys.iter().any(|key| key.name == entry.key) {
                continue;
            }
            let label = match (section.meant(&entry.key), home(&entry.key)) {
                (Some(name), _) => format!("did you mean `{name}`?"),
                (None, Some(home)) => format!("`{}` belongs in {home}", entry.key),
                (None, None) => format!("not a key of {}", section.title),
            };
            let message = format!("unknown key `{}` in {}", entry.key, section.title);
            let names: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
            let help = match names[..] {
                [only] => format!("the only key of {} is `{only}`", section.title),
                _ => format!("the keys of {} are {}", section.title, listed(&names)),
            };
            self.report::<()>(entry.key_span.clone(), message, label, help);
        }
    }

    /// A table in a value, with its keys compared.
    pub(super) fn table<'t>(
        &mut self,
        field: &Field<'t>,
        section: &'static Section,
    ) -> Option<Table<'t>> {
        let Some(entries) = field.entries() else {
            return self.wrong_type(field);
        };
        let prefix = format!("{}.", field.path);
        let table = Table {
            section,
            prefix,
            entries,
            span: field.node.span.clone(),
        };
        self.check_keys(&table);
        Some(table)
    }

    /// A finite number.
    pub(super) fn number(&mut self, field: &Field<'_>) -> Option<f64> {
        let number = match field.node.value {
            #[allow(
                clippy::cast_precision_loss,
                reason = "a whole number where any number may stand is rounded to f64"
            )]
            Value::Integer(integer) => integer as f64,
            Value::Float(float) => float,
            _ => return self.not_a_number(field),
        };
        if number.is_finite() {
            Some(number)
        } else {
            self.refuse(field, "this is not a finite number")
        }
    }

    /// A finite number greater than 0.
    pub(super) fn positive(&mut self, field: &Field<'_>) -> Option<f64> {
        let number = self.number(field)?;
        if number > 0.0 {
            Some(number)
        } else {
            self.refuse(field, "not greater than 0")
        }
    }

    /// A finite number, 0 or greater.
    pub(super) fn not_negative(&mut self, field: &Field<'_>) -> Option<f64> {
        let number = self.number(field)?;
        if number >= 0.0 {
            Some(number)
        } else {
            self.refuse(field, "this is negative")
        }
    }

    /// A whole number in a range; `1e6` counts as one.
    pub(super) fn whole(&mut self, field: &Field<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        /// Up to 2⁵³ every whole f64 means exactly one integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let integer = match field.node.value {
            Value::Integer(integer) => integer,
            #[allow(
                clippy::cast_possible_truncation,
                reason = "a whole number of at most 53 bits"
            )]
            Value::Float(float) if float.fract() == 0.0 && float.abs() <= EXACT => float as i128,
            Value::Float(float) if float.fract() == 0.0 || float.is_infinite() => {
                return self.refuse(field, "too large");
            }
            Value::Float(_) => return self.refuse(field, "not a whole number"),
            _ => return self.not_a_number(field),
        };
        match u64::try_from(integer) {
            Ok(whole) if range.contains(&whole) => Some(whole),
            _ if integer < i128::from(*range.start()) => self.refuse(field, "too small"),
            _ => self.refuse(field, "too large"),
        }
    }

    /// One of some words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        field: &Field<'_>,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let Value::Text(text) = &field.node.value else {
            return self.wrong_type(field);
        };
        if let Some((_, value)) = choices.iter().find(|(name, _)| name == text) {
            return Some(*value);
        }
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let label = match nearest(text, &names) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => "not one of these".to_owned(),
        };
        self.refuse(field, &label)
    }

    /// A formula: any text that is not blank. Later modules parse it.
    pub(super) fn formula(&mut self, field: &Field<'_>) -> Option<Formula> {
        match &field.node.value {
            Value::Text(text) if !text.trim().is_empty() => {
                Some(self.text(field.node.span.clone(), text))
            }
            _ => self.wrong_type(field),
        }
    }

    /// The text of a string with the positions of its characters.
    pub(super) fn text(&self, span: Range<usize>, text: &str) -> Formula {
        let raw = self.source.excerpt(&span);
        // A bare word of an override has no quotes.
        if raw.starts_with(['"', '\'']) {
            Formula::quoted(text, raw, span.start)
        } else {
            Formula::bare(text, span.start)
        }
    }

    /// Checks that formulas can use a name and give it no other meaning.
    pub(super) fn name(&mut self, entry: &Entry, what: &str) -> Option<()> {
        let name = entry.key.as_str();
        let help = "a name begins with a letter and goes on with letters, digits and `_`, for example `w1`".to_owned();
        if !is_identifier(name) {
            let message = format!("`{name}` cannot be the name of {what}");
            return self.report(
                entry.key_span.clone(),
                message,
                "not a name".to_owned(),
                help,
            );
        }
        if is_reserved(name) {
            let message = format!("`{name}` cannot be the name of {what}");
            let label = "formulas use this name otherwise".to_owned();
            return self.report(
                entry.key_span.clone(),
                message,
                label,
                format!("take another name, for example `{name}_1`"),
            );
        }
        Some(())
    }
}

/// Returns true when formulas read the text as one name.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The name a misspelled one most likely means.
pub(super) fn nearest<'n>(written: &str, names: &[&'n str]) -> Option<&'n str> {
    let written = written.to_lowercase().replace(['-', ' '], "_");
    let distance =
        |name: &str| strsim::damerau_levenshtein(&written, &name.to_lowercase().replace('-', "_"));
    let best = names.iter().min_by_key(|name| distance(name))?;
    // One slip in three letters still looks like the name; more is more likely another word.
    (distance(best) <= best.len() / 3).then_some(*best)
}

/// The section another section's key belongs in.
fn home(name: &str) -> Option<&'static str> {
    SECTIONS
        .iter()
        .find(|section| section.keys.iter().any(|key| key.name == name))
        .map(|section| section.title)
}

pub(super) fn example(line: &str) -> String {
    if line.contains('\n') {
        format!("for example:\n{line}")
    } else {
        format!("for example: {line}")
    }
}

/// "`a`, `b` and `c`".
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => "none".to_owned(),
    }
}
