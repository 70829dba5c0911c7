//! `[measure]`: histograms, observables, trace.

use super::{
    super::document::Value,
    keys::{HISTOGRAM, OBSERVABLE_VALUE},
    parameters::Declared,
    reader::{Field, Reader, Table, example, is_identifier, listed, nearest},
};
use crate::spec::{
    Formula, Histogram, HistogramAxis, Measure, Observable, ParameterShape, Spanned,
};

const DEFAULT_BINS: u32 = 200;
const DEFAULT_BINS_OF_TWO: u32 = 128;
/// Scalar parameters that get a histogram without being asked for.
const DEFAULT_HISTOGRAMS: usize = 8;

/// Reads the section; without it there are histograms of the first scalar parameters.
pub(super) fn read(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    declared: &Declared,
) -> Option<Measure> {
    let observables = match table.get("observables") {
        Some(field) => observables(reader, &field, declared),
        None => Some(Vec::new()),
    };
    let names = names(table, declared);
    let histograms = match table.get("histogram") {
        Some(field) => histograms(reader, &field, names.as_deref()),
        None => Some(default_histograms(declared)),
    };
    let trace = match table.get("trace") {
        Some(field) => whole_u32(reader, &field, 0, 10_000).map(Some),
        None => Some(None),
    };
    Some(Measure {
        histograms: histograms?,
        observables: observables?,
        trace: trace?,
    })
}

fn whole_u32(reader: &mut Reader<'_>, field: &Field<'_>, least: u32, most: u32) -> Option<u32> {
    let whole = reader.whole(field, u64::from(least)..=u64::from(most))?;
    Some(u32::try_from(whole).expect("whole numbers are checked against `most`"))
}

/// Names a histogram may use without being a formula; `None` when the parameters are not known.
fn names(table: &Table<'_>, declared: &Declared) -> Option<Vec<String>> {
    if !declared.known {
        return None;
    }
    let observables = table
        .get("observables")
        .and_then(|field| field.entries())
        .unwrap_or_default();
    let mut names: Vec<String> = declared.names().into_iter().map(str::to_owned).collect();
    names.extend(observables.iter().map(|entry| entry.key.clone()));
    names.push("loss".to_owned());
    Some(names)
}

fn observables(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    declared: &Declared,
) -> Option<Vec<Observable>> {
    let Some(entries) = field.entries() else {
        return reader.wrong_type(field);
    };
    let mut observables = Vec::with_capacity(entries.len());
    let mut sound = true;
    for entry in entries {
        let named = reader.name(entry, "an observable");
        let path = format!("{}.{}", field.path, entry.key);
        let item = Field {
            path,
            key: &OBSERVABLE_VALUE,
            key_span: entry.key_span.clone(),
            node: &entry.node,
        };
        let formula = reader.formula(&item);
        let taken = declared.names().contains(&entry.key.as_str());
        if taken {
            reader.report::<()>(
                entry.key_span.clone(),
                format!("the observable `{}` has the name of a parameter", entry.key),
                "this name is taken".to_owned(),
                "the mean and variance of every parameter are reported anyway; take another name"
                    .to_owned(),
            );
        }
        match (named, formula) {
            (Some(()), Some(formula)) if !taken => {
                let name = Spanned::new(entry.key.clone(), entry.key_span.clone());
                observables.push(Observable { name, formula });
            }
            _ => sound = false,
        }
    }
    sound.then_some(observables)
}

/// One histogram for each of the first scalar parameters, and a joint one of the first two.
fn default_histograms(declared: &Declared) -> Vec<Histogram> {
    let axes: Vec<HistogramAxis> = declared
        .parameters
        .iter()
        .filter(|(_, _, shape)| *shape == Some(ParameterShape::Scalar))
        .take(DEFAULT_HISTOGRAMS)
        .map(|(name, span, _)| HistogramAxis {
            of: Formula::bare(name, span.start),
            range: None,
        })
        .collect();
    let mut histograms: Vec<Histogram> = axes
        .iter()
        .map(|axis| Histogram {
            axes: vec![axis.clone()],
            bins: DEFAULT_BINS,
        })
        .collect();
    if let [first, second, ..] = &axes[..] {
        histograms.push(Histogram {
            axes: vec![first.clone(), second.clone()],
            bins: DEFAULT_BINS_OF_TWO,
        });
    }
    histograms
}

fn histograms(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    names: Option<&[String]>,
) -> Option<Vec<Histogram>> {
    let Some(items) = field.items() else {
        return reader.wrong_type(field);
    };
    let histograms: Vec<Option<Histogram>> = items
        .iter()
        .map(|item| histogram(reader, &field.item(item), names))
        .collect();
    histograms.into_iter().collect()
}

fn histogram(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    names: Option<&[String]>,
) -> Option<Histogram> {
    let mut table = reader.table(field, &HISTOGRAM)?;
    table.prefix = HISTOGRAM.prefix.to_owned();
    let of = reader
        .required(&table, "of")
        .and_then(|field| of(reader, &field, names))?;
    let ranges = ranges(reader, &table, of.len());
    let (default, most) = if of.len() == 1 {
        (DEFAULT_BINS, 4096)
    } else {
        (DEFAULT_BINS_OF_TWO, 1024)
    };
    let bins = match table.get("bins") {
        Some(field) => whole_u32(reader, &field, 1, most)?,
        None => default,
    };
    let axes = of
        .into_iter()
        .zip(ranges?)
        .map(|(of, range)| HistogramAxis { of, range })
        .collect();
    Some(Histogram { axes, bins })
}

/// One formula or two.
fn of(
    reader: &mut Reader<'_>,
    field: &Field<'_>,
    names: Option<&[String]>,
) -> Option<Vec<Formula>> {
    match &field.node.value {
        Value::Array(items) if items.len() == 1 || items.len() == 2 => {
            let formulas: Vec<Option<Formula>> = items
                .iter()
                .map(|item| axis(reader, &field.item(item), names))
                .collect();
            formulas.into_iter().collect()
        }
        Value::Array(items) => reader.refuse(field, &format!("a list of {}", items.len())),
        _ => Some(vec![axis(reader, field, names)?]),
    }
}

/// A formula; one that is a single name must be a known name.
fn axis(reader: &mut Reader<'_>, field: &Field<'_>, names: Option<&[String]>) -> Option<Formula> {
    let formula = reader.formula(field)?;
    let name = formula.text.trim();
    let Some(names) = names.filter(|_| is_identifier(name) && name != "pi") else {
        return Some(formula);
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.contains(&name) {
        return Some(formula);
    }
    let label = match nearest(name, &names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "not a parameter and not an observable".to_owned(),
    };
    let message = format!("a histogram of `{name}`, which is not defined");
    reader.report(
        field.node.span.clone(),
        message,
        label,
        format!("the names are {}", listed(&names)),
    )
}

/// The range of each axis: `from` and `to` are both given or both left out.
fn ranges(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    axes: usize,
) -> Option<Vec<Option<(f64, f64)>>> {
    let (from, to) = match (table.get("from"), table.get("to")) {
        (None, None) => return Some(vec![None; axes]),
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => return half_a_range(reader, &from, "to"),
        (None, Some(to)) => return half_a_range(reader, &to, "from"),
    };
    let lower = edges(reader, &from, axes)?;
    let upper = edges(reader, &to, axes)?;
    for (lower, upper) in lower.iter().zip(&upper) {
        if lower >= upper {
            return reader.report(
                to.node.span.clone(),
                "the upper edge of a histogram must be greater than the lower".to_owned(),
                format!("{upper:?} is not greater than `from`, which is {lower:?}"),
                "for example: { of = \"x\", from = -2.5, to = 2.5 }".to_owned(),
            );
        }
    }
    Some(lower.into_iter().zip(upper).map(Some).collect())
}

fn half_a_range<T>(reader: &mut Reader<'_>, given: &Field<'_>, missing: &str) -> Option<T> {
    let message = format!("a histogram has `{}` without `{missing}`", given.key.name);
    let label = format!("`{missing}` is missing beside it");
    reader.report(
        given.key_span.clone(),
        message,
        label,
        example(given.key.example),
    )
}

fn edges(reader: &mut Reader<'_>, field: &Field<'_>, axes: usize) -> Option<Vec<f64>> {
    match &field.node.value {
        Value::Array(items) if items.len() == axes => items
            .iter()
            .map(|item| reader.number(&field.item(item)))
            .collect(),
        Value::Array(items) => reader.refuse(
            field,
            &format!("a list of {} for a histogram of {axes}", items.len()),
        ),
        _ if axes == 1 => Some(vec![reader.number(field)?]),
        _ => reader.refuse(field, "a histogram of two needs a list of two numbers here"),
    }
}
