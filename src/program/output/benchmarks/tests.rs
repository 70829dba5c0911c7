//! Tables of invented measurements.

use super::*;

fn spread(median: f64) -> Spread {
    Spread {
        low: 0.9 * median,
        median,
        high: 1.1 * median,
    }
}

fn target(software: bool) -> TargetLabel {
    TargetLabel {
        backend: "gpu".to_owned(),
        adapter: "an adapter".to_owned(),
        driver: "a driver".to_owned(),
        software,
    }
}

fn made_up() -> Benchmarks {
    Benchmarks {
        provenance: vec![("processor", "a processor".to_owned())],
        throughput: vec![ThroughputRow {
            workload: "double | well".to_owned(),
            target: target(true),
            parameters: 1,
            examples: None,
            chains: 1024,
            steps: 128,
            repeats: 3,
            rate: spread(5e8),
            draws: "normals, integer".to_owned(),
            draws_per_step: 2,
            operations: 7,
            bytes: 8,
            limit: Some(spread(1e9)),
            share_of_limit: Some(spread(0.5)),
            by_hand: None,
            share_of_hand: None,
        }],
        startup: vec![StartupRow {
            target: target(false),
            first_step: spread(0.1),
            compile: None,
            read_back: spread(0.001),
        }],
        ..Benchmarks::default()
    }
}

/// Columns of the only row of a table.
fn columns(csv: &str) -> std::collections::BTreeMap<String, String> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let pairs = header.iter().zip(&row);
    pairs.map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
}

#[test]
fn quartiles_are_those_of_the_sorted_values() {
    let spread = Spread::of(vec![5.0, 1.0, 4.0, 2.0, 3.0]);
    assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
    let three = Spread::of(vec![3.0, 1.0, 2.0]);
    assert_eq!((three.low, three.median, three.high), (1.0, 2.0, 3.0));
    let one = Spread::of(vec![7.0]);
    assert_eq!((one.low, one.median, one.high), (7.0, 7.0, 7.0));
}

#[test]
fn rows_have_the_target_and_the_rate_and_empty_fields_for_absent_values() {
    let row = columns(&table::throughput(&made_up().throughput));
    for (name, value) in [
        ("workload", "double | well"),
        ("software", "true"),
        ("chain_steps_per_second", "500000000.0"),
        ("draws_per_second", "1000000000.0"),
        ("share_of_limit", "0.5"),
        ("examples", ""),
        ("share_of_hand", ""),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
}

#[test]
fn software_rasterizers_are_named_as_such() {
    let text = table::markdown(&made_up());
    assert!(
        text.contains("gpu: an adapter (software rasterizer)"),
        "{text}"
    );
    assert!(text.contains("gpu: an adapter |"), "{text}");
    // An unescaped bar in a name would begin another column.
    assert!(text.contains("double \\| well"), "{text}");
}

#[test]
fn only_the_fastest_variant_of_a_peer_is_shown() {
    let peer = |name: &str, rate| PeerRow {
        workload: "double well".to_owned(),
        target: target(false),
        rate: spread(1e9),
        peer: name.to_owned(),
        version: "1".to_owned(),
        device: "cpu".to_owned(),
        peer_rate: spread(rate),
        ratio: spread(1e9 / rate),
    };
    let found = Benchmarks {
        peers: vec![peer("a, slow", 1e7), peer("a, fast", 2e7), peer("b", 1e6)],
        ..made_up()
    };
    let text = table::markdown(&found);
    assert!(
        text.contains("a, fast") && text.contains("| b (1)"),
        "{text}"
    );
    assert!(!text.contains("a, slow"), "{text}");
    assert!(table::peers(&found.peers).contains("a, slow"));
}

#[test]
fn results_are_overwritten_only_with_force() {
    let folder = tempfile::tempdir().unwrap();
    let files = write_benchmarks(folder.path(), &made_up(), false).unwrap();
    assert_eq!(files.len(), 4);
    assert!(files.iter().all(|file| file.exists()));
    let again = write_benchmarks(folder.path(), &made_up(), false);
    assert!(matches!(again, Err(ReportError::Exists(_))));
    write_benchmarks(folder.path(), &made_up(), true).unwrap();
    // The other table does not exist yet.
    check_benchmarks(folder.path(), true, false).unwrap();
}
