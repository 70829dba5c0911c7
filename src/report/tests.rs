use super::names::{sanitized, unique};
use super::*;
use crate::measure::Estimate;
use crate::program::output::*;
use indexmap::IndexMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn estimate(mean: f64, se: f64) -> Estimate {
    Estimate { mean, se }
}

fn file(results: &Results, name: &str) -> String {
    let files = files::all(results).into_iter();
    let mut named = files.filter(|(file, _)| file == name);
    named.next().unwrap_or_else(|| panic!("no file {name}")).1
}

fn names(results: &Results) -> Vec<String> {
    files::all(results)
        .into_iter()
        .map(|(name, _)| name)
        .collect()
}

/// Every JSON path of a value, the members of named maps under `*`.
fn paths(value: &serde_json::Value, at: &str, into: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                let path = format!("{at}.{key}");
                into.push(path.clone());
                paths(value, &path, into);
            }
        }
        serde_json::Value::Array(items) => {
            if let Some(first) = items.first() {
                paths(first, &format!("{at}[]"), into);
            }
        }
        _ => {}
    }
}

#[test]
fn summary_json_has_the_names_that_other_programs_rely_on() {
    let text = fixture::double_well().summary.to_json();
    let mut found = Vec::new();
    paths(&serde_json::from_str(&text).unwrap(), "", &mut found);
    let expected = "etascope name dynamics backend adapter driver software_adapter precision generator stream_version \
        normal seed chains wall_seconds chain_steps_per_second startup_seconds warnings points points[].eta points[].dt points[].steps \
        points[].burn_in points[].kept_times points[].time points[].diverged points[].converged points[].verdict points[].loss points[].loss.mean \
        points[].loss.se points[].parameters points[].parameters.x points[].parameters.x.mean points[].parameters.x.se \
        points[].parameters.x.variance points[].parameters.x.variance.mean points[].parameters.x.variance.se \
        points[].parameters.x.temperature points[].parameters.x.temperature.mean points[].parameters.x.temperature.se \
        points[].parameters.x.temperature_theory points[].parameters.x.quantiles points[].parameters.x.quantiles[].q \
        points[].parameters.x.quantiles[].value points[].parameters.x.quantiles[].value.mean \
        points[].parameters.x.quantiles[].value.se points[].covariance points[].observables points[].observables.radius \
        points[].observables.radius.mean points[].observables.radius.se points[].stationarity \
        points[].stationarity.fdr_left points[].stationarity.fdr_left.mean points[].stationarity.fdr_left.se \
        points[].stationarity.fdr_right points[].stationarity.fdr_right.mean points[].stationarity.fdr_right.se \
        points[].stationarity.z points[].stationarity.loss_drift_z points[].gibbs points[].gibbs.alpha points[].gibbs.alpha.mean \
        points[].gibbs.alpha.se \
        points[].gibbs.alpha_virial points[].gibbs.alpha_virial.x points[].gibbs.alpha_virial.x.mean \
        points[].gibbs.alpha_virial.x.se points[].gibbs.ks_distance points[].gibbs.ks_p points[].discretized \
        points[].discretized.loss points[].discretized.alpha points[].discretized.ks_distance points[].discretized.ks_p \
        points[].theory \
        points[].theory.source points[].theory.loss points[].theory.parameters points[].theory.parameters.x \
        points[].theory.parameters.x.mean points[].theory.parameters.x.variance \
        points[].goodness_of_fit points[].goodness_of_fit[].of points[].goodness_of_fit[].distribution \
        points[].goodness_of_fit[].chi_square points[].goodness_of_fit[].degrees points[].goodness_of_fit[].p \
        points[].tests points[].tests[].name points[].tests[].p points[].tests[].holm optimum optimum.loss \
        optimum.parameters optimum.parameters.x";
    let found: Vec<&str> = found
        .iter()
        .map(|path| path.trim_start_matches('.'))
        .collect();
    assert_eq!(found, expected.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn summary_json_reads_back() {
    for results in [
        fixture::double_well(),
        fixture::two_temperatures(),
        fixture::sweep(),
    ] {
        let text = results.summary.to_json();
        let back: Summary = serde_json::from_str(&text).unwrap();
        assert_eq!(back.to_json(), text);
    }
    let mut summary = fixture::double_well().summary;
    summary.wall_seconds = 0.1 + 0.2;
    // The text itself holds every bit.
    assert!(
        summary
            .to_json()
            .contains("\"wall_seconds\": 0.30000000000000004,")
    );
}

#[test]
fn numbers_that_are_not_finite_become_null() {
    let mut summary = fixture::double_well().summary;
    let point = &mut summary.points[0];
    point.loss = estimate(f64::INFINITY, f64::NAN);
    point.covariance = Some(vec![vec![f64::NAN]]);
    point.parameters[0].mean = f64::NEG_INFINITY;
    point.stationarity.as_mut().unwrap().z = f64::NAN;
    let text = summary.to_json();
    assert_eq!(text.matches("null").count(), 5, "{text}");
    let back: Summary = serde_json::from_str(&text).unwrap();
    let point = &back.points[0];
    assert!(point.loss.mean.is_nan() && point.covariance.as_ref().unwrap()[0][0].is_nan());
}

#[test]
fn maps_keep_the_order_of_the_experiment_file() {
    let named: IndexMap<String, f64> = [("z", 1.0), ("a", 2.0), ("w[10]", 3.0), ("w[2]", 4.0)]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    let text = serde_json::to_string(&named).unwrap();
    assert_eq!(text, r#"{"z":1.0,"a":2.0,"w[10]":3.0,"w[2]":4.0}"#);
    assert_eq!(
        serde_json::from_str::<IndexMap<String, f64>>(&text).unwrap(),
        named
    );
}

#[test]
fn csv_files_have_headers_and_exact_numbers() {
    let mut results = fixture::two_temperatures();
    results.summary.points[0].loss = estimate(0.1 + 0.2, f64::INFINITY);
    results.traces.traces[0].rows.truncate(1);
    assert_eq!(
        file(&results, "loss_vs_eta.csv"),
        "eta,dt,steps,time,diverged,converged,loss,loss_se,loss_theory,validation_loss,\
         validation_loss_se\n0.1,0.1,1000,100.0,100,true,0.30000000000000004,inf,0.25,,\n"
    );
    let parameters = file(&results, "parameters.csv");
    assert!(parameters.starts_with(
        "eta,parameter,mean,mean_se,variance,variance_se,temperature,temperature_se,temperature_theory,alpha,alpha_se,\
         q0.025,q0.025_se,q0.5,q0.5_se,q0.975,q0.975_se\n0.1,x,"
    ));
    assert_eq!(parameters.lines().count(), 3);
    assert_eq!(
        file(&results, "trace.csv"),
        "eta,step,time,loss,loss_se,x_mean,x_variance\n0.1,0,0.0,1.4,0.0056,0.01,0.9\n"
    );
    let joint = file(&results, "histogram_x_y.csv");
    assert!(joint.starts_with(
        "x_from,x_to,y_from,y_to,count,density,density_se,theory\n-2.0,-1.96875,-2.5,"
    ));
    assert_eq!(joint.lines().count(), 1 + 128 * 128);
}

#[test]
fn histogram_rows_account_for_every_chain() {
    let axes = vec![HistogramAxis {
        name: "x".into(),
        edges: vec![0.0, 0.5, 1.0],
    }];
    let counts = vec![3, 5];
    let table = HistogramTable {
        point: 0,
        axes,
        counts,
        below: 1,
        above: 7,
        outside: 0,
        nan: 4,
        theory: None,
    };
    // Shares 5/20 and 7/20 of Agresti and Coull over 16 numbers and bins of one half.
    let [a, b] =
        [5.0_f64 / 20.0, 7.0 / 20.0].map(|share| (share * (1.0 - share) / 16.0).sqrt() / 0.5);
    assert_eq!(
        csv::histogram(&table),
        format!(
            "bin_from,bin_to,count,density,density_se,theory\n-inf,0.0,1,0.0,,\n0.0,0.5,3,0.375,{a:?},\n\
             0.5,1.0,5,0.625,{b:?},\n1.0,inf,7,0.0,,\n"
        )
    );
}

#[test]
fn file_names_are_safe_and_unique() {
    let cases = [
        ("x", "x"),
        ("x,y", "x_y"),
        ("x^2", "xpow2"),
        ("w[3]", "w_3"),
        ("../../etc/passwd", "etc_passwd"),
        ("a / b", "a_b"),
        ("η", "unnamed"),
        ("", "unnamed"),
    ];
    for (name, safe) in cases {
        assert_eq!(sanitized(name), safe);
    }
    assert!(sanitized(&"long".repeat(100)).len() <= 60);
    let mut taken = BTreeSet::new();
    let stems = ["x", "X", "x", "x_2"].map(|stem| unique(stem, &mut taken));
    assert_eq!(stems, ["x", "X_2", "x_3", "x_2_2"]);
}

#[test]
fn a_sweep_has_a_histogram_for_each_learning_rate_and_one_picture() {
    let names = names(&fixture::sweep());
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("histogram_x_eta"))
            .count(),
        6
    );
    assert_eq!(
        names
            .iter()
            .filter(|name| name.starts_with("density_"))
            .count(),
        1
    );
    assert!(names.contains(&"loss_vs_eta.svg".into()));
    let distinct: BTreeSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len());
}

fn entries(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_folder_is_written_whole_and_replaced_only_by_force() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("results/double-well");
    let results = fixture::double_well();
    let paths = write_folder(&dir, &results, false).unwrap();
    assert!(paths.iter().all(|path| path.is_file()) && paths.len() == entries(&dir).len());
    assert_eq!(entries(dir.parent().unwrap()), ["double-well"]);

    let error = write_folder(&dir, &results, false).unwrap_err();
    assert!(
        matches!(&error, ReportError::Exists(path) if *path == dir),
        "{error}"
    );
    fs::write(dir.join("stale.csv"), "old").unwrap();
    write_folder(&dir, &fixture::sweep(), true).unwrap();
    assert!(!dir.join("stale.csv").exists() && dir.join("loss_vs_eta.svg").exists());
    assert_eq!(entries(dir.parent().unwrap()), ["double-well"]);
}

#[test]
fn a_failure_leaves_the_old_result() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("well");
    write_folder(&dir, &fixture::double_well(), false).unwrap();
    let before = entries(&dir);
    // A file where the temporary folder should go makes its creation fail.
    let obstacle = home
        .path()
        .join(format!(".well.new-{}", std::process::id()));
    fs::write(&obstacle, "").unwrap();
    let error = write_folder(&dir, &fixture::sweep(), true).unwrap_err();
    assert!(
        matches!(
            error,
            ReportError::Io {
                action: "create",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(entries(&dir), before);
}

#[test]
fn what_is_not_a_result_is_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "").unwrap();
    assert!(matches!(
        check_folder(home.path(), true),
        Err(ReportError::Foreign(_))
    ));
    assert!(matches!(
        check_folder(&home.path().join("thesis.tex"), true),
        Err(ReportError::Foreign(_))
    ));
    assert!(matches!(
        check_folder(Path::new("/"), true),
        Err(ReportError::NoName(_))
    ));
    fs::create_dir(home.path().join("empty")).unwrap();
    check_folder(&home.path().join("empty"), false).unwrap();
    check_folder(&home.path().join("absent/deep"), false).unwrap();
    // Told before a run and not after it: a file is where a folder has to be.
    let within = check_folder(&home.path().join("thesis.tex/absent/deep"), false);
    assert!(
        matches!(&within, Err(ReportError::Io { path, .. }) if path.ends_with("thesis.tex")),
        "{within:?}"
    );
    assert_eq!(entries(home.path()).len(), 2, "nothing is left behind");
}

/// The text is XML whose attributes hold no number that is not finite.
fn assert_drawable(file: &str, svg: &str) {
    let document =
        roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{file}: {error}\n{svg}"));
    assert!(
        document.descendants().count() > 10,
        "{file} shows something"
    );
    for attribute in document
        .descendants()
        .flat_map(|node| node.attributes().collect::<Vec<_>>())
    {
        let value = attribute.value();
        assert!(
            !value.contains("NaN") && !value.contains("inf"),
            "{file}: {}={value}",
            attribute.name()
        );
    }
}

fn assert_all_drawable(results: &Results) -> usize {
    let files = files::all(results);
    let pictures = files.iter().filter(|(name, _)| name.ends_with(".svg"));
    pictures
        .map(|(name, svg)| assert_drawable(name, svg))
        .count()
}

#[test]
fn pictures_are_valid() {
    assert_eq!(assert_all_drawable(&fixture::double_well()), 2);
    assert_eq!(assert_all_drawable(&fixture::two_temperatures()), 4);
    assert_eq!(assert_all_drawable(&fixture::sweep()), 4);
}

#[test]
fn pictures_of_degenerate_results_are_valid() {
    type Spoil = fn(&mut Results);
    let spoils: [Spoil; 9] = [
        |r| {
            for h in &mut r.histograms {
                h.counts.fill(0);
            }
        },
        |r| {
            for h in &mut r.histograms {
                h.theory = Some(vec![0.0; h.counts.len()]);
            }
        },
        |r| {
            for h in &mut r.histograms {
                h.theory = Some(vec![f64::NAN; h.counts.len()]);
            }
        },
        |r| {
            for h in &mut r.histograms {
                h.axes
                    .iter_mut()
                    .for_each(|axis| axis.edges = vec![1.0, 1.5]);
                (h.counts, h.theory) = (vec![7], None);
            }
        },
        |r| {
            for trace in &mut r.traces.traces {
                trace.rows.truncate(1);
            }
        },
        |r| {
            for row in r.traces.traces.iter_mut().flat_map(|trace| &mut trace.rows) {
                row.loss = estimate(0.25, 0.0);
            }
        },
        |r| {
            for (i, row) in r
                .traces
                .traces
                .iter_mut()
                .flat_map(|trace| trace.rows.iter_mut().enumerate())
            {
                row.loss = estimate(if i % 3 == 0 { f64::INFINITY } else { 1e300 }, f64::NAN);
            }
        },
        |r| {
            for point in &mut r.summary.points {
                point.loss = estimate(f64::NAN, f64::NAN);
                point.theory = None;
                for (_, parameter) in &mut point.parameters {
                    parameter.temperature = estimate(f64::NAN, f64::INFINITY);
                    parameter.temperature_theory = None;
                }
            }
        },
        |r| {
            for point in &mut r.summary.points {
                (point.eta, point.loss) = (0.1, estimate(-1e-200, 1e-210));
            }
        },
    ];
    for spoil in spoils {
        for mut results in [
            fixture::double_well(),
            fixture::two_temperatures(),
            fixture::sweep(),
        ] {
            spoil(&mut results);
            assert!(assert_all_drawable(&results) > 0);
        }
    }
}

#[test]
fn one_chain_has_no_error_and_no_bars() {
    let mut results = fixture::sweep();
    results.summary.chains = 1;
    let unknown = |e: &mut Estimate| e.se = f64::INFINITY;
    for point in &mut results.summary.points {
        unknown(&mut point.loss);
        for (_, parameter) in &mut point.parameters {
            unknown(&mut parameter.temperature);
        }
    }
    for trace in &mut results.traces.traces {
        trace.rows.iter_mut().for_each(|row| unknown(&mut row.loss));
    }
    let pictured = |results: &Results| names(results).contains(&"temperatures.svg".to_owned());
    let mut deterministic = results.clone();
    for point in &mut deterministic.summary.points {
        point.gibbs = None;
    }
    assert!(pictured(&results) && !pictured(&deterministic));
    let svg = file(&results, "loss_vs_eta.svg");
    assert!(svg.contains("1 chain at each of 6 learning rates"));
    let document = roxmltree::Document::parse(&svg).unwrap();
    let lines = document
        .descendants()
        .filter(|node| node.has_tag_name("line"));
    for line in lines.filter(|line| line.attribute("stroke") == Some("#0072b2")) {
        assert_eq!(line.attribute("y1"), line.attribute("y2"), "an error bar");
    }
}

#[test]
fn joint_pictures_leave_out_tails_and_no_more() {
    let mut results = fixture::two_temperatures();
    let widest = |results: &Results| {
        let svg = file(results, "joint_x_y.svg");
        let document = roxmltree::Document::parse(&svg).unwrap();
        let texts = document.descendants().filter_map(|node| node.text());
        let numbers = texts.filter_map(|text| text.replace('−', "-").parse::<f64>().ok());
        numbers.fold(0.0, f64::max)
    };
    let before = widest(&results);
    let pair = results.histograms.iter_mut().find(|h| h.axes.len() == 2);
    let pair = pair.unwrap();
    // Four times as wide, with one chain in the corner: the same picture but for a coarser grid.
    for axis in &mut pair.axes {
        let (from, to) = (axis.edges[0], axis.edges[axis.edges.len() - 1]);
        let width = axis.edges[1] - from;
        let beyond = (1..=3 * 128).map(|i| to + f64::from(i) * width);
        axis.edges.extend(beyond);
    }
    let mut counts = vec![0; 512 * 512];
    for (i, count) in pair.counts.iter().enumerate() {
        counts[i / 128 * 512 + i % 128] = *count;
    }
    *counts.last_mut().unwrap() = 1;
    (pair.counts, pair.theory) = (counts, None);
    assert_eq!(widest(&results), before);
}

#[test]
fn losses_above_an_optimum_of_zero_get_a_logarithmic_axis() {
    let mut results = fixture::sweep();
    for point in &mut results.summary.points {
        point.theory = None;
        point.loss = estimate(point.eta.powi(3), 1e-9);
    }
    let svg = file(&results, "loss_vs_eta.svg");
    assert!(svg.contains("10⁻²") && !svg.contains("loss at the optimum"));
    // Below the least loss and yet positive, an optimum has its place.
    results.summary.optimum.as_mut().unwrap().loss = 1e-7;
    assert!(file(&results, "loss_vs_eta.svg").contains("loss at the optimum"));
}

#[test]
fn page_escapes_what_the_user_wrote() {
    let mut results = fixture::two_temperatures();
    let attack = "<script>alert('x')</script> & \"q\"";
    results.summary.name = attack.into();
    results.summary.adapter = Some(attack.into());
    results.summary.warnings = vec![attack.into()];
    results.resolved_experiment = format!("# {attack}\u{1}");
    let point = &mut results.summary.points[0];
    point.verdict = attack.into();
    let (_, parameter) = point.parameters.shift_remove_index(0).unwrap();
    point.parameters.shift_insert(0, attack.into(), parameter);
    let (_, observable) = point.observables.shift_remove_index(0).unwrap();
    point.observables.shift_insert(0, attack.into(), observable);
    results.histograms[0].axes[0].name = attack.into();
    results.histograms[1].axes[1].name = attack.into();
    let page = file(&results, "report.html");
    // Quotes need no escape in text, and no attribute of the page holds a user's words.
    assert!(!page.contains("<script"));
    assert!(
        page.matches("&lt;script&gt;").count() > 6,
        "the text itself is shown"
    );
    assert_eq!(assert_all_drawable(&results), 4);
}

#[test]
fn page_stands_alone_and_is_well_formed() {
    for results in [
        fixture::double_well(),
        fixture::two_temperatures(),
        fixture::sweep(),
    ] {
        let page = file(&results, "report.html");
        assert!(!page.contains("src=") && !page.contains("href="));
        // Void elements and the doctype apart, the page is XML.
        let xml = page
            .replace("<!doctype html>\n", "")
            .replacen("<meta charset=\"utf-8\">", "", 1);
        let (start, rest) = xml.split_once("<meta name").unwrap();
        let xml = start.to_owned() + rest.split_once('>').unwrap().1;
        roxmltree::Document::parse(&xml).unwrap();
    }
}

#[test]
fn divergence_and_warnings_come_before_the_answer() {
    let table = result_table(&fixture::two_temperatures().summary, false);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[1],
        "! 100 of 1,000,000 chains diverged at η = 0.1, the first at step 17; every other figure leaves them out."
    );
    assert!(lines[2].starts_with(
        "At learning rate η = 0.1 the loss settles at 0.2502 ± 0.0003 (theory 0.25, +0.6 SE)"
    ));
    let page = file(&fixture::two_temperatures(), "report.html");
    assert!(page.find("diverged at").unwrap() < page.find("settles at").unwrap());
    let sweep = result_table(&fixture::sweep().summary, false);
    assert!(sweep.contains("settled at 5 of 6 learning rates"));
    assert!(
        sweep
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("! At η = 0.8: not stationary")
    );
}

#[test]
fn a_sweep_shows_validation_losses_where_examples_are_held_out() {
    let mut summary = fixture::sweep().summary;
    assert!(!result_table(&summary, false).contains("validation"));
    summary.points[1].validation_loss = Some(estimate(0.125, 0.004));
    let table = result_table(&summary, false);
    assert!(table.contains("validation loss"));
    let line = table.lines().find(|line| line.starts_with("0.05 "));
    assert!(line.unwrap().contains("0.125 ± 0.004"), "{table}");
}

#[test]
fn a_quantity_of_the_run_is_in_every_table() {
    let mut results = fixture::sweep();
    let quantity = || ("spread".to_owned(), estimate(0.25, 0.01));
    for point in &mut results.summary.points {
        point.quantities.extend([quantity()]);
    }
    for row in results.traces.traces.iter_mut().flat_map(|t| &mut t.rows) {
        row.quantities.extend([quantity()]);
    }
    assert!(results.summary.to_json().contains("\"quantities\": {"));
    let csv = file(&results, "loss_vs_eta.csv");
    assert!(csv.lines().next().unwrap().ends_with(",spread,spread_se"));
    assert!(csv.lines().skip(1).all(|line| line.ends_with(",0.25,0.01")));
    let trace = file(&results, "trace.csv");
    assert!(trace.starts_with("eta,step,time,loss,loss_se,spread,spread_se,"));
    assert!(result_table(&results.summary, false).contains("0.250 ± 0.010"));
    assert!(file(&results, "report.html").contains("<td>spread</td><td>0.250 ± 0.010</td>"));
}

#[test]
fn alpha_stands_beside_theory_and_lecture() {
    let table = result_table(&fixture::double_well().summary, false);
    let lines: Vec<&str> = table.lines().filter(|line| line.starts_with('α')).collect();
    let words = |i: usize| lines[i].split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(0), "α fitted 0.4996 ± 0.0007 ½ -0.6 SE");
    assert_eq!(words(1), "α by the lecture 1/10 +571 SE");
    // (0.4996 − 0.5001) / 0.0007
    assert_eq!(words(3), "α exact at this dt 0.5001 -0.7 SE");
}

#[test]
fn columns_line_up_and_color_is_only_on_request() {
    let summary = fixture::sweep().summary;
    let plain = result_table(&summary, false);
    assert!(!plain.contains('\x1b'));
    let rows: Vec<Vec<char>> = plain
        .lines()
        .skip_while(|line| !line.starts_with('η'))
        .map(|l| l.chars().collect())
        .collect();
    let header: String = rows[0].iter().collect();
    let theory = header.split_once("theory").unwrap().0.chars().count();
    for row in &rows[1..7] {
        assert!(row[theory - 1] == ' ' && row[theory].is_ascii_digit());
    }
    let colored = result_table(&summary, true);
    assert!(colored.contains("\x1b[1;31mNO\x1b[0m"));
    let stripped = ["1", "2", "1;31", "0"].iter().fold(colored, |text, code| {
        text.replace(&format!("\x1b[{code}m"), "")
    });
    assert_eq!(stripped, plain);
}

#[test]
fn stages_and_devices() {
    let stage = |stage: &str, passed| StageRow {
        stage: stage.into(),
        what: "threefry words".into(),
        deviation: 0.0,
        bound: 1e-6,
        passed,
        note: "integers are exact".into(),
    };
    let table = stage_table(&[stage("integers", true), stage("one step", false)], false);
    assert_eq!(
        table,
        "stage     compared        deviation  bound          note\n\
         integers  threefry words  0          1e-6   ok      integers are exact\n\
         one step  threefry words  0          1e-6   FAILED  integers are exact\n\n\
         1 of 2 stages failed\n"
    );
    assert!(stage_table(&[stage("integers", true)], false).ends_with("all 1 stages hold\n"));
    assert!(stage_table(&[], false).contains("no stage was run"));

    let device = DeviceRow {
        name: "llvmpipe".into(),
        backend: "vulkan".into(),
        driver: "Mesa 25".into(),
        kind: "CPU".into(),
        software: true,
        chosen: false,
        why: "the CPU backend is faster than a software rasterizer".into(),
        limits: vec![("storage buffer".into(), "128 MiB".into())],
    };
    assert_eq!(
        device_table(&[device], false),
        "  llvmpipe\n    CPU, software rasterizer, vulkan, Mesa 25\n    not chosen: the CPU backend is faster than a \
         software rasterizer\n    storage buffer  128 MiB\n"
    );
    assert_eq!(device_table(&[], false), "no adapter was found\n");
}
