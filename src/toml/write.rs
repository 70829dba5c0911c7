//! An experiment back as TOML, with every default written out.

use std::fmt::Write;

use super::text::{
    length_text, list, number, numbers, optimizer_text, quoted, rows, start_text, table,
};
use crate::spec::{
    BurnIn, Data, DataName, Duration, Dynamics, ExampleStorage, Experiment, Formula, Histogram,
    Measure, NoiseKind, NoiseScale, Parameter, ParameterScale, ParameterShape, Rates, Source,
    Spanned, Standardize,
};

/// The fully resolved experiment file: reading it gives an equal [`Experiment`], whatever the file is called and wherever
/// it stands. For that the path of a data file becomes absolute.
pub fn to_toml(experiment: &Experiment) -> String {
    let mut text = format!("name = {}\n\n[parameters]\n", quoted(&experiment.name));
    for parameter in &experiment.parameters {
        line(&mut text, &parameter.name.value, &start(parameter));
    }
    if let Some(data) = &experiment.data {
        write_data(&mut text, data, &experiment.source);
    }
    text.push_str("\n[loss]\n");
    line(&mut text, "formula", &formula(&experiment.loss));
    if let Some(regularization) = &experiment.regularization {
        line(&mut text, "regularization", &formula(regularization));
    }
    noise(&mut text, experiment);
    dynamics(&mut text, experiment);
    ensemble(&mut text, experiment);
    measure(&mut text, &experiment.measure);
    text
}

fn line(text: &mut String, key: &str, value: &str) {
    writeln!(text, "{key} = {value}").expect("writing to a string does not fail");
}

fn start(parameter: &Parameter) -> String {
    let value = start_text(&parameter.start, parameter.shape);
    match parameter.shape {
        ParameterShape::Scalar => value,
        ParameterShape::Vector(length) => format!("{{ shape = [{length}], start = {value} }}"),
        ParameterShape::Matrix(rows, columns) => {
            format!("{{ shape = [{rows}, {columns}], start = {value} }}")
        }
    }
}

fn write_data(text: &mut String, data: &Data, source: &Source) {
    text.push_str("\n[data]\n");
    line(text, "file", &quoted(&absolute_file(data, source)));
    let columns = data
        .columns
        .iter()
        .map(|name| (name.name.value.as_str(), columns(name)));
    line(text, "columns", &table(columns));
    let standardize = match &data.standardize {
        Standardize::No => "false".to_owned(),
        Standardize::All => "true".to_owned(),
        Standardize::Names(names) => texts(names),
    };
    line(text, "standardize", &standardize);
    line(text, "categorical", &texts(&data.categorical));
    line(text, "validation", &number(data.validation));
    let storage = match data.storage {
        ExampleStorage::F32 => "f32",
        ExampleStorage::F16 => "f16",
    };
    line(text, "storage", &quoted(storage));
}

/// The path of the data file from anywhere; as the user wrote it where that cannot be said in a text file.
fn absolute_file(data: &Data, source: &Source) -> String {
    let absolute = std::path::absolute(data.path(source)).ok();
    let text = absolute.and_then(|path| path.into_os_string().into_string().ok());
    text.unwrap_or_else(|| data.file.value.clone())
}

fn columns(name: &DataName) -> String {
    match &name.columns[..] {
        [column] if !name.is_list => quoted(&column.value),
        columns => texts(columns),
    }
}

fn texts(texts: &[Spanned<String>]) -> String {
    list(texts.iter().map(|text| quoted(&text.value)))
}

fn noise(text: &mut String, experiment: &Experiment) {
    let noise = &experiment.noise;
    // Gradient flow without noise, and SGD on data, are told by the section's absence.
    let batches = experiment.dynamics.kind.value.takes_batches();
    if noise.scale == NoiseScale::None && (experiment.data.is_none() || batches) {
        return;
    }
    text.push_str("\n[noise]\n");
    let names = experiment
        .parameters
        .iter()
        .map(|parameter| parameter.name.value.as_str());
    match &noise.scale {
        NoiseScale::None => {}
        NoiseScale::Constant(sigma) => line(text, "sigma", &number(sigma.value)),
        NoiseScale::PerParameter(scales) => {
            line(text, "sigma", &table(names.zip(scales.iter().map(scale))));
        }
        NoiseScale::Formula(sigma) => line(text, "sigma", &formula(sigma)),
        NoiseScale::Covariance(covariance) => {
            line(
                text,
                "covariance",
                &rows(covariance.value.iter().map(Vec::as_slice)),
            );
        }
    }
    line(text, "kind", &quoted(noise.kind.name()));
    if let NoiseKind::Gaussian(transform) = noise.kind {
        line(text, "normal", &quoted(transform.name()));
    }
}

fn scale(scale: &ParameterScale) -> String {
    match scale {
        ParameterScale::Constant(sigma) => number(*sigma),
        ParameterScale::Values(sigmas) => numbers(sigmas),
        ParameterScale::Formula(sigma) => formula(sigma),
    }
}

fn dynamics(text: &mut String, experiment: &Experiment) {
    let dynamics = &experiment.dynamics;
    text.push_str("\n[dynamics]\n");
    line(text, "kind", &quoted(dynamics.kind.value.name()));
    let eta: Vec<f64> = dynamics.eta.iter().map(|eta| eta.value).collect();
    line(text, "eta", &numbers(&eta));
    let names = experiment
        .parameters
        .iter()
        .map(|parameter| parameter.name.value.as_str());
    let rates = match &dynamics.rates.value {
        Rates::Uniform => quoted("uniform"),
        Rates::InverseDeviation => quoted("rmsprop"),
        Rates::InverseVariance => quoted("inverse-variance"),
        Rates::PerParameter(rates) => table(names.zip(rates.iter().map(|rates| match rates[..] {
            [rate] => number(rate),
            _ => numbers(rates),
        }))),
    };
    line(text, "rates", &rates);
    let schedule = dynamics.schedule.iter().map(|step| {
        format!(
            "{{ at = {}, factor = {} }}",
            number(step.at),
            number(step.factor)
        )
    });
    line(text, "schedule", &list(schedule));
    if let Some(dt) = &dynamics.dt {
        line(text, "dt", &number(dt.value));
    }
    if experiment.data.is_some() && dynamics.kind.value.takes_batches() {
        batches(text, dynamics);
    }
    line(text, "optimizer", &optimizer_text(dynamics.optimizer.value));
}

fn batches(text: &mut String, dynamics: &Dynamics) {
    line(text, "batch", &dynamics.batch.value.to_string());
    let sampling = dynamics.sampling.name();
    line(text, "sampling", &quoted(sampling));
}

fn ensemble(text: &mut String, experiment: &Experiment) {
    let ensemble = &experiment.ensemble;
    text.push_str("\n[ensemble]\n");
    line(text, "chains", &ensemble.chains.to_string());
    if let Some(superchains) = ensemble.superchains {
        line(text, "superchains", &superchains.to_string());
    }
    let burn_in = match ensemble.burn_in {
        BurnIn::Auto => "\"auto\"".to_owned(),
        BurnIn::Fixed(length) => length_text(length),
    };
    line(text, "burn_in", &burn_in);
    let duration = match ensemble.duration {
        Duration::LossStandardError(se) => format!("{{ loss_standard_error = {} }}", number(se)),
        Duration::Fixed(length) => length_text(length),
    };
    line(text, "duration", &duration);
    line(text, "at_most", &ensemble.at_most.to_string());
    line(text, "common_noise", &ensemble.common_noise.to_string());
    line(text, "seed", &ensemble.seed.to_string());
    line(text, "bound", &number(ensemble.bound));
}

fn measure(text: &mut String, measure: &Measure) {
    text.push_str("\n[measure]\n");
    line(
        text,
        "histogram",
        &list(measure.histograms.iter().map(histogram)),
    );
    let observables = measure
        .observables
        .iter()
        .map(|observable| (observable.name.value.as_str(), formula(&observable.formula)));
    line(text, "observables", &table(observables));
    if let Some(trace) = measure.trace {
        line(text, "trace", &trace.to_string());
    }
}

fn histogram(histogram: &Histogram) -> String {
    let axes = &histogram.axes;
    let of = list(axes.iter().map(|axis| quoted(&axis.of.text)));
    let ranges: Option<Vec<(f64, f64)>> = axes.iter().map(|axis| axis.range).collect();
    let edges = ranges.map_or(String::new(), |ranges| {
        let (from, to): (Vec<f64>, Vec<f64>) = ranges.into_iter().unzip();
        format!("from = {}, to = {}, ", numbers(&from), numbers(&to))
    });
    format!("{{ of = {of}, {edges}bins = {} }}", histogram.bins)
}

/// A formula in quotes; one of several lines keeps its lines.
fn formula(formula: &Formula) -> String {
    let text = &formula.text;
    let plain = !text.contains("'''")
        && !text.ends_with('\'')
        && text.chars().all(|c| c == '\n' || !c.is_control());
    if text.contains('\n') && plain {
        format!("'''\n{text}'''")
    } else {
        quoted(text)
    }
}
