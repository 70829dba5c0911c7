//! CSV files of a result folder.
//!
//! Numbers have the fewest digits that parse to the same bits; an absent value is an empty field.

use super::distances::{Difference, Distances};
use super::quantities::{self, QUANTITIES};
use super::summary::Summary;
use super::table::{HistogramTable, TraceTable};
use crate::measure::Estimate;

/// Writes `loss_vs_eta.csv`, one row for each learning rate.
pub(super) fn loss_vs_eta(summary: &Summary) -> String {
    let header = [
        "eta",
        "dt",
        "steps",
        "time",
        "diverged",
        "converged",
        "loss",
        "loss_se",
        "loss_theory",
    ];
    let mut header: Vec<String> = header.map(String::from).into();
    // The columns of `QUANTITIES` are present in every file, so that their positions never change.
    let mut keys: Vec<&str> = QUANTITIES.iter().map(|quantity| quantity.key).collect();
    for key in quantities::of_points(&summary.points) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    header.extend(keys.iter().flat_map(|key| columns(key)));
    let rows = summary.points.iter().map(|point| {
        let theory = point.theory.as_ref().and_then(|theory| theory.loss);
        let mut row = vec![
            number(point.eta),
            number(point.dt),
            point.steps.to_string(),
            number(point.time),
            point.diverged.to_string(),
            point.converged.to_string(),
            number(point.loss.mean),
            number(point.loss.se),
            optional(theory),
        ];
        row.extend((keys.iter()).flat_map(|key| pair(quantities::at_point(point, key))));
        row
    });
    table(&header, rows)
}

/// Writes `parameters.csv`, one row for each learning rate and parameter.
pub(super) fn parameters(summary: &Summary) -> String {
    let quantiles: Vec<f64> = quantile_columns(summary);
    let mut header: Vec<String> =
        "eta,parameter,mean,mean_se,variance,variance_se,temperature,temperature_se,\
                                   temperature_theory,alpha,alpha_se"
            .split(',')
            .map(String::from)
            .collect();
    for q in &quantiles {
        header.push(format!("q{q:?}"));
        header.push(format!("q{q:?}_se"));
    }
    let rows = summary.points.iter().flat_map(|point| {
        let quantiles = &quantiles;
        point.parameters.iter().map(move |(name, parameter)| {
            let alpha = point
                .gibbs
                .as_ref()
                .and_then(|gibbs| gibbs.alpha_virial.get(name))
                .copied();
            let mut row = vec![number(point.eta), name.to_owned()];
            row.extend(pair(Some(parameter.estimate())));
            row.extend(pair(Some(parameter.variance)));
            row.extend(pair(Some(parameter.temperature)));
            row.push(optional(parameter.temperature_theory));
            row.extend(pair(alpha));
            for q in quantiles {
                row.extend(pair(
                    parameter
                        .quantiles
                        .iter()
                        .find(|quantile| quantile.q == *q)
                        .map(|x| x.value),
                ));
            }
            row
        })
    });
    table(&header, rows)
}

/// Writes `trace.csv`, one row for each learning rate and recorded step.
pub(super) fn trace(summary: &Summary, table_of_traces: &TraceTable) -> String {
    let mut header: Vec<String> = ["eta", "step", "time", "loss", "loss_se"]
        .map(String::from)
        .into();
    let keys = quantities::of_traces(&table_of_traces.traces);
    header.extend(keys.iter().flat_map(|key| columns(key)));
    for name in &table_of_traces.parameters {
        header.push(format!("{name}_mean"));
        header.push(format!("{name}_variance"));
    }
    let rows = table_of_traces.traces.iter().flat_map(|trace| {
        let (eta, keys) = (summary.points[trace.point].eta, &keys);
        trace.rows.iter().map(move |row| {
            let mut fields = vec![number(eta), row.step.to_string(), number(row.time)];
            fields.extend(pair(Some(row.loss)));
            fields.extend(
                keys.iter()
                    .flat_map(|key| pair(quantities::at_time(row, key))),
            );
            for parameter in &row.parameters {
                fields.push(number(parameter.mean));
                fields.push(number(parameter.variance));
            }
            fields
        })
    });
    table(&header, rows)
}

/// Writes `histogram_NAME.csv`, one row for each bin.
///
/// A histogram with one axis has two more rows, for the values below the first edge and above the last.
/// Their outer ends are infinite, and the counts sum to the number of values that are not NaN. A
/// histogram with two axes has no row for pairs outside its bins.
pub(super) fn histogram(histogram: &HistogramTable) -> String {
    let mut header = Vec::new();
    match histogram.axes.as_slice() {
        [_] => header.extend(["bin_from", "bin_to"].map(String::from)),
        axes => {
            for axis in axes {
                header.push(format!("{}_from", axis.name));
                header.push(format!("{}_to", axis.name));
            }
        }
    }
    header.extend(["count", "density", "density_se", "theory"].map(String::from));
    let mut rows: Vec<Vec<String>> = (histogram.densities().into_iter().enumerate())
        .map(|(i, density)| {
            let mut row: Vec<String> = histogram.bin(i).into_iter().flatten().map(number).collect();
            row.push(histogram.counts[i].to_string());
            row.extend(pair(Some(density)));
            row.push(optional(histogram.theory.as_ref().map(|theory| theory[i])));
            row
        })
        .collect();
    if let [axis] = histogram.axes.as_slice() {
        let open = |from: f64, to: f64, count: u64| {
            vec![
                number(from),
                number(to),
                count.to_string(),
                number(0.0),
                String::new(),
                String::new(),
            ]
        };
        rows.insert(0, open(f64::NEG_INFINITY, axis.edges[0], histogram.below));
        rows.push(open(
            axis.edges[axis.edges.len() - 1],
            f64::INFINITY,
            histogram.above,
        ));
    }
    table(&header, rows)
}

/// Writes `comparison.csv`: for each pair of learning rates one row for the loss and the joint
/// distribution, and one for each parameter.
pub(super) fn distances(distances: &Distances) -> String {
    let header = "eta_first,eta_second,quantity,mean_first,mean_first_se,mean_second,mean_second_se,mean_z,\
                  variance_first,variance_first_se,variance_second,variance_second_se,variance_z,\
                  wasserstein,wasserstein_floor,energy_distance,energy_p";
    let header: Vec<String> = header.split(',').map(String::from).collect();
    let difference = |difference: &Difference| -> Vec<String> {
        let [first, second] = [difference.first, difference.second].map(|e| pair(Some(e)));
        [&first[..], &second[..], &[number(difference.z)]].concat()
    };
    let rows = distances.points.iter().flat_map(|point| {
        let start = |quantity: &str| -> Vec<String> {
            vec![
                number(point.eta[0]),
                number(point.eta[1]),
                quantity.to_owned(),
            ]
        };
        let mut joint = start("loss");
        joint.extend(difference(&point.loss));
        joint.extend(vec![String::new(); 7]);
        joint.push(optional(point.energy.map(|energy| energy.distance)));
        joint.push(optional(point.energy.map(|energy| energy.p)));
        let parameters = point.parameters.iter().map(|(name, parameter)| {
            let mut row = start(name);
            row.extend(difference(&parameter.mean));
            row.extend(difference(&parameter.variance));
            row.push(optional(parameter.wasserstein));
            row.push(optional(parameter.wasserstein_floor));
            row.extend(vec![String::new(); 2]);
            row
        });
        std::iter::once(joint).chain(parameters).collect::<Vec<_>>()
    });
    table(&header, rows)
}

/// Levels of all quantiles in the summary, increasing and without duplicates.
fn quantile_columns(summary: &Summary) -> Vec<f64> {
    let estimates = summary
        .points
        .iter()
        .flat_map(|point| point.parameters.iter());
    let mut columns: Vec<f64> = estimates
        .flat_map(|(_, p)| p.quantiles.iter().map(|x| x.q))
        .collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup();
    columns
}

/// Names of the two columns of an estimate.
fn columns(key: &str) -> [String; 2] {
    [key.to_owned(), format!("{key}_se")]
}

/// Mean and standard error as two fields, empty without an estimate.
fn pair(estimate: Option<Estimate>) -> [String; 2] {
    [
        optional(estimate.map(|e| e.mean)),
        optional(estimate.map(|e| e.se)),
    ]
}

/// Formats a number that may be absent; an absent one is an empty field.
pub(crate) fn optional(x: Option<f64>) -> String {
    x.map_or_else(String::new, number)
}

/// Formats a number as the shortest text that parses to the same bits; `NaN`, `inf` or `-inf` if it is
/// not finite.
pub(crate) fn number(x: f64) -> String {
    format!("{x:?}")
}

/// Writes a table with a header as CSV.
pub(crate) fn table(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(header)
        .expect("writing to memory succeeds");
    for row in rows {
        writer
            .write_record(&row)
            .expect("every row has the header's length");
    }
    let bytes = writer.into_inner().expect("writing to memory succeeds");
    String::from_utf8(bytes).expect("every field is UTF-8")
}
