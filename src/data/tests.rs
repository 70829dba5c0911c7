//! Tests of loading: examples from correct files, messages about wrong ones.

use std::{collections::BTreeSet, fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

const SMALL: &str = "age,region,weight\n10,north,1.5\n20,south,2.5\n60,north,4\n30,east,5\n";

fn wanted(name: &str, columns: &[&str], is_list: bool) -> VariableRequest {
    VariableRequest {
        name: name.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        is_list,
    }
}

/// A file in a temporary folder, which must outlive the request for the file.
fn file(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.csv");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn request(variables: Vec<VariableRequest>) -> DataRequest {
    DataRequest {
        path: PathBuf::new(),
        variables,
        standardize: Vec::new(),
        categorical: Vec::new(),
        validation: 0.0,
        seed: 1,
    }
}

fn read(bytes: &[u8], request: &DataRequest) -> Result<DataSplit, DataError> {
    let (_folder, path) = file(bytes);
    load(&DataRequest {
        path,
        ..request.clone()
    })
}

/// A request of one scalar variable per column.
fn scalars(columns: &[&str]) -> DataRequest {
    let names = ["p", "q", "r"];
    request(
        columns
            .iter()
            .zip(names)
            .map(|(column, name)| wanted(name, &[column], false))
            .collect(),
    )
}

fn values(text: &str, columns: &[&str]) -> Vec<f64> {
    let split = read(text.as_bytes(), &scalars(columns)).unwrap_or_else(|error| panic!("{error}"));
    split.training.values
}

#[test]
fn columns_become_numbers_vectors_and_classes() {
    let variables = vec![
        wanted("y", &["weight"], false),
        wanted("u", &["age"], true),
        wanted("c", &[" region "], false),
        wanted("all", &["region", "age"], true),
    ];
    let split = read(SMALL.as_bytes(), &request(variables)).unwrap();
    let training = split.training;
    assert_eq!(split.validation, None);
    assert_eq!((training.width, training.count()), (1 + 1 + 3 + 4, 4));
    // Classes in alphabetical order: east, north, south.
    assert_eq!(
        training.row(0),
        [1.5, 10.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 10.0]
    );
    assert_eq!(
        training.row(3),
        [5.0, 30.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 30.0]
    );
    let shapes: Vec<(usize, Option<usize>)> = training
        .variables
        .iter()
        .map(|variable| (variable.first, variable.length))
        .collect();
    assert_eq!(
        shapes,
        [(0, None), (1, Some(1)), (2, Some(3)), (5, Some(4))]
    );
    assert_eq!(
        training.variables[3].labels,
        ["region = east", "region = north", "region = south", "age"]
    );
}

#[test]
fn categorical_numbers_are_classes_in_the_order_of_their_values() {
    let mut request = scalars(&["grade"]);
    request.categorical = vec!["grade".to_owned()];
    let split = read(b"grade\n10\n2\n2.0\n-0\n0\n", &request).unwrap();
    assert_eq!(
        split.training.variables[0].labels,
        ["grade = 0", "grade = 2", "grade = 10"]
    );
    let rows: Vec<&[f64]> = (0..5).map(|row| split.training.row(row)).collect();
    let (zero, two, ten) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    assert_eq!(rows, [ten, two, two, zero, zero]);
    let letters = read(b"grade\nb\n1\na\n", &request).unwrap();
    assert_eq!(
        letters.training.variables[0].labels,
        ["grade = 1", "grade = a", "grade = b"]
    );
}

#[test]
fn equivalent_spellings_give_the_same_values() {
    let plain = [1.0, -2.5, 3e-3, 4.0];
    for text in [
        "a,b\n1,-2.5\n3e-3,4\n",
        "a,b\r\n1,-2.5\r\n3e-3,4\r\n",
        "a,b\n1,-2.5\n3e-3,4",
        "\u{feff}a,b\n1,-2.5\n3e-3,4\n",
        " a , b\n 1,\t-2.5\n\n0.003 ,+4.\n\n",
        "\"a\",\"b\"\n\"1\",\"-2.5\"\n\".3e-2\",4\n",
        "x,b,,a,\n7,-2.5,u,1,\n8,4,v,3e-3,\n",
    ] {
        assert_eq!(values(text, &["a", "b"]), plain, "{text:?}");
    }
}

/// By hand: column `a` has mean 5 and variance (3² + 1 + 1 + 3²)/4 = 5. The third column has two values, the fourth classes.
#[test]
fn standardizing_uses_training_examples_and_leaves_codes() {
    let text = "a,b,two,class\n2,2,0,u\n4,4,1,v\n6,6,0,u\n8,8,1,v\n";
    let mut request = request(vec![
        wanted("u", &["a", "two", "class"], true),
        wanted("raw", &["b"], false),
    ]);
    request.standardize = vec!["u".to_owned()];
    let split = read(text.as_bytes(), &request).unwrap();
    let sd = 5_f64.sqrt();
    assert_eq!(split.training.row(0), [-3.0 / sd, 0.0, 1.0, 0.0, 2.0]);

    // With examples held out, mean and standard deviation are those of the training examples.
    let lines: String = (0..40).map(|i| format!("{},{i},0,u\n", i * i)).collect();
    request.validation = 0.25;
    let split = read(
        format!("a,b,two,class\n{lines}").as_bytes(),
        &DataRequest {
            variables: vec![wanted("u", &["a"], false), wanted("raw", &["b"], false)],
            ..request
        },
    )
    .unwrap();
    let of = |examples: &Examples, at: usize| -> Vec<f64> {
        (0..examples.count())
            .map(|row| examples.row(row)[at])
            .collect()
    };
    let (scaled, roots) = (of(&split.training, 0), of(&split.training, 1));
    let mean = scaled.iter().sum::<f64>() / 30.0;
    let square = scaled.iter().map(|value| value * value).sum::<f64>() / 30.0;
    // Rounding errors of thirty numbers of size 1.
    assert!(mean.abs() < 30.0 * f64::EPSILON, "{mean}");
    assert!((square - 1.0).abs() < 30.0 * f64::EPSILON, "{square}");
    let raw: Vec<f64> = roots.iter().map(|root| root * root).collect();
    let mean = raw.iter().sum::<f64>() / 30.0;
    let sd = (raw.iter().map(|raw| (raw - mean).powi(2)).sum::<f64>() / 30.0).sqrt();
    let held_out = split.validation.unwrap();
    assert_eq!(held_out.count(), 10);
    for (scaled, root) in of(&held_out, 0).iter().zip(of(&held_out, 1)) {
        let expected = (root * root - mean) / sd;
        assert!((scaled - expected).abs() < 1e-13, "{scaled} {expected}");
    }
}

/// Offsets and sizes at which a naive sum of squares loses all digits, overflows or underflows.
#[test]
fn standardizing_is_accurate_at_any_offset_and_size() {
    for (offset, size) in [(1e8_f64, 1.0), (0.0, 1e200), (0.0, 1e-200), (-1e200, 1e190)] {
        let lines: String = [-1.0, 0.0, 1.0]
            .iter()
            .map(|value| format!("{:?}\n", offset + size * value))
            .collect();
        let mut request = scalars(&["a"]);
        request.standardize = vec!["p".to_owned()];
        let split = read(format!("a\n{lines}").as_bytes(), &request).unwrap();
        let expected = 1.5_f64.sqrt();
        // Relative rounding error of the numbers beside their offset.
        let lost = f64::EPSILON * (4.0 + offset.abs() / size);
        let off = (split.training.row(2)[0] - expected).abs();
        assert!(off < 4.0 * lost, "{offset:?}, {size:?}: {off:?}");
    }
}

/// Indices of the rows held out of `count`.
fn held_out(count: usize, validation: f64, seed: u64) -> BTreeSet<usize> {
    let lines: String = (0..count).map(|row| format!("{row}\n")).collect();
    let request = DataRequest {
        validation,
        seed,
        ..scalars(&["a"])
    };
    let split = read(format!("a\n{lines}").as_bytes(), &request).unwrap();
    let rows = |examples: &Examples| -> Vec<usize> {
        let rows: Vec<usize> = examples.values.iter().map(|row| *row as usize).collect();
        assert!(rows.is_sorted(), "the order of the file");
        rows
    };
    let training = rows(&split.training);
    let validation: BTreeSet<usize> = split.validation.iter().flat_map(rows).collect();
    let all: BTreeSet<usize> = training.iter().copied().chain(validation.clone()).collect();
    assert_eq!(all.len(), count, "every row once");
    assert_eq!(training.len() + validation.len(), count, "every row once");
    validation
}

#[test]
fn the_fraction_is_rounded_and_the_seed_alone_decides() {
    assert_eq!(held_out(10, 0.25, 1).len(), 3, "2.5 is rounded up");
    assert_eq!(held_out(10, 0.24, 1).len(), 2);
    assert_eq!(held_out(2, 0.5, 1).len(), 1);
    assert_eq!(held_out(100, 0.3, 7), held_out(100, 0.3, 7));
    assert_ne!(held_out(100, 0.3, 7), held_out(100, 0.3, 8));
    assert!(held_out(100, 0.3, 7).is_superset(&held_out(100, 0.2, 7)));
}

/// Over 2000 seeds each of 10 rows is held out 600 ± 20.5 times, and each pair of neighbors 2000 · 3/10 · 2/9 = 133 ± 11.2
/// times. A bound of 5 standard errors on each of 10 counts has a false-alarm rate of 6·10⁻⁶.
#[test]
fn rows_are_held_out_equally_often_and_independently() {
    let (mut single, mut pairs) = ([0_i32; 10], [0_i32; 9]);
    for seed in 0..2000 {
        let (_, rows) = split::split_rows(&PathBuf::new(), 10, 0.3, seed).unwrap();
        for row in &rows {
            single[*row] += 1;
            if rows.contains(&(row + 1)) {
                pairs[*row] += 1;
            }
        }
    }
    assert!(
        single.iter().all(|count| (count - 600).abs() < 103),
        "{single:?}"
    );
    assert!(
        pairs.iter().all(|count| (count - 133).abs() < 56),
        "{pairs:?}"
    );
}

/// Checks the column at fault, and parts of message, label and help.
fn check_error(error: &DataError, column: Option<&str>, words: [&str; 3]) {
    assert_eq!(error.column.as_deref(), column, "{error}");
    for (text, words) in [&error.message, &error.label, &error.help]
        .iter()
        .zip(words)
    {
        assert!(
            text.contains(words),
            "{words:?} is not in {text:?} of: {error}"
        );
    }
}

#[test]
fn wrong_values_are_reported_with_line_and_column() {
    let guess = "missing values are not filled in";
    for (text, words) in [
        ("a,b\n1,2\n,4\n", ["`a` of ", "line 3 has none", guess]),
        (
            "a,b\r\n1,2\r\n\r\n NA,4\r\n",
            ["lacks a value", "line 4 has `NA`", guess],
        ),
        (
            "a,b\n1,2\n3,4\n?,5",
            ["lacks a value", "line 4 has `?`", guess],
        ),
        (
            "b,a\n\"x\ny\",1\nz,nan\n",
            ["lacks a value", "line 4 has `nan`", guess],
        ),
        (
            "a\n1\nNull\n",
            ["lacks a value", "line 3 has `Null`", guess],
        ),
        ("a\n.\n", ["lacks a value", "line 2 has `.`", guess]),
        (
            "a\n1\n-inf\n",
            ["not a finite number", "line 3 has `-inf`", guess],
        ),
        (
            "a\n1\n1e999\n",
            ["not a finite number", "line 3 has `1e999`", guess],
        ),
        ("a\nu\nNA\n", ["lacks a value", "line 3 has `NA`", guess]),
        (
            "a,b\n1,x\n2,x\nthree,x\n",
            [
                "points.csv has both numbers and text",
                "`three` in line 4 is not a number, unlike `1` in line 2",
                "categorical = [\"a\"]",
            ],
        ),
        (
            "a\nu\nv\n\n3\n",
            [
                "both numbers and text",
                "`u` in line 2 is not a number, unlike `3` in line 5",
                "correct the file",
            ],
        ),
        (
            "a;b\n\"0,5\"\n",
            [
                "has no column `a`",
                "no column has this name",
                "header has semicolons",
            ],
        ),
        (
            "a\n\"0,5\"\n",
            [
                "has numbers with a comma",
                "line 2 has `0,5`",
                "write a decimal point",
            ],
        ),
    ] {
        let error = read(text.as_bytes(), &scalars(&["a"])).expect_err(text);
        check_error(&error, Some("a"), words);
    }
}

#[test]
fn files_of_the_wrong_form_are_reported_with_the_line() {
    for (bytes, words) in [
        (
            &b""[..],
            [
                "has no header",
                "first line is empty",
                "names of the columns",
            ],
        ),
        (
            b"a,b\n",
            ["has no examples", "no lines below its header", "per line"],
        ),
        (
            b"a,b\n\n\r\n",
            ["has no examples", "no lines below", "per line"],
        ),
        (
            b"a,b\n1,2\n3\n",
            [
                "line 3 of ",
                "it has 1 value, but the header has 2 values",
                "per column",
            ],
        ),
        (
            b"a,b\r\n1,2\r\n\r\n3,4,5\r\n",
            [
                "line 4 of ",
                "it has 3 values, but the header has 2",
                "in quotes",
            ],
        ),
        (
            b"a,b,a\n1,2,3\n",
            [
                "repeats the name `a`",
                "columns 1 and 3 have this name",
                "its own name",
            ],
        ),
        (
            b"a\n1\n\xe9\n",
            [
                "is not UTF-8 text",
                "line 3 contains the byte 0xe9",
                "encoding UTF-8",
            ],
        ),
    ] {
        let error = read(bytes, &scalars(&["a"])).expect_err("wrong");
        check_error(&error, None, words);
    }
    let folder = tempfile::tempdir().unwrap();
    for (path, why) in [
        (folder.path().join("none.csv"), "there is no such file"),
        (folder.path().to_owned(), "this is a folder"),
    ] {
        let missing = DataRequest {
            path,
            ..scalars(&["a"])
        };
        let words = ["cannot read ", why, "folder of the experiment file"];
        check_error(&load(&missing).unwrap_err(), None, words);
    }
}

#[test]
fn a_missing_column_is_reported_with_the_existing_ones() {
    for (name, label) in [
        ("Age", "did you mean `age`?"),
        ("regoin", "did you mean `region`?"),
        ("density", "no column has this name"),
    ] {
        let error = read(SMALL.as_bytes(), &scalars(&[name])).unwrap_err();
        let words = [
            "points.csv has no column",
            label,
            "`age`, `region`, `weight`",
        ];
        check_error(&error, Some(name), words);
    }
    let many: Vec<String> = (0..30).map(|index| format!("c{index}")).collect();
    let error = read(many.join(",").as_bytes(), &scalars(&["height"])).unwrap_err();
    assert!(error.help.ends_with("`c19`, and 10 more"), "{error}");
}

#[test]
fn impossible_standardization_splits_and_codes_are_refused() {
    let mut constant = scalars(&["a"]);
    constant.standardize = vec!["p".to_owned()];
    let error = read(b"a\n0.1\n0.1\n0.1\n", &constant).unwrap_err();
    let words = [
        "cannot be standardized",
        "each of the 3 training examples has 0.1",
        "leave out the column",
    ];
    check_error(&error, Some("a"), words);
    let error = read(b"a\n1.7e308\n1.7e308\n-1.7e308\n0\n", &constant).unwrap_err();
    check_error(
        &error,
        Some("a"),
        ["cannot be standardized", "outside the range", "standardize"],
    );

    for (fraction, count, words) in [
        (
            0.1,
            4,
            ["no example of ", "it has 4 examples", "from 1/4 to 3/4"],
        ),
        (
            0.9,
            4,
            ["to train on", "it has 4 examples", "from 1/4 to 3/4"],
        ),
        (
            0.5,
            1,
            ["to train on", "it has 1 example", "validation = 0"],
        ),
    ] {
        let request = DataRequest {
            validation: fraction,
            ..scalars(&["a"])
        };
        let error = read(format!("a\n{}", "1\n".repeat(count)).as_bytes(), &request).unwrap_err();
        check_error(&error, None, words);
    }

    let classes = |count: usize| -> String { (0..count).map(|at| format!("k{at}\n")).collect() };
    let most = read(
        format!("a\n{}", classes(MOST_CLASSES)).as_bytes(),
        &scalars(&["a"]),
    );
    assert_eq!(most.unwrap().training.width, MOST_CLASSES);
    let error = read(
        format!("a\n{}", classes(MOST_CLASSES + 1)).as_bytes(),
        &scalars(&["a"]),
    );
    let words = [
        "more than 256 classes",
        "`k256` in line 258 is class number 257",
        "leave out the column",
    ];
    check_error(&error.unwrap_err(), Some("a"), words);
}

/// Checks the documented bounds over all magnitudes; 16-bit floats stay unchanged.
#[test]
fn sixteen_bits_keep_eleven_digits() {
    let mut worst: f64 = 0.0;
    // A grid finer than that of 16-bit floats, so that midpoints and their neighbors occur.
    for step in 0..40_960_i32 {
        for exponent in -14..16 {
            let value = (1.0 + f64::from(step) / 40_960.0) * 2_f64.powi(exponent);
            let mut rounded = [value, -value];
            if value > LARGEST_F16 {
                assert_eq!(round_to_f16(&mut rounded), Err(0));
                continue;
            }
            round_to_f16(&mut rounded).unwrap();
            assert_eq!(rounded[0], -rounded[1]);
            worst = worst.max((rounded[0] - value).abs() / value);
        }
    }
    assert!(worst <= 2_f64.powi(-11), "{worst:?}");
    // The bound is tight: errors just above a power of two nearly reach it.
    assert!(worst > 0.99 * 2_f64.powi(-11), "{worst:?}");
    for step in 0..1000_i32 {
        let value = f64::from(step) / 1000.0 * 2_f64.powi(-14);
        let mut rounded = [value];
        round_to_f16(&mut rounded).unwrap();
        let bound = 2_f64.powi(-25) * (1.0 + 2_f64.powi(-10));
        assert!((rounded[0] - value).abs() <= bound, "{value:?}");
    }
    for bits in 0..0x7c00_u16 {
        let mut exact = [f64::from(half::f16::from_bits(bits))];
        let before = exact;
        round_to_f16(&mut exact).unwrap();
        assert_eq!(exact, before);
    }
}

#[test]
fn values_beyond_sixteen_bits_are_reported_with_their_column() {
    let variables = vec![wanted("u", &["a"], true), wanted("y", &["b"], false)];
    let split = read(b"a,b\n0.1,65504\n2,-70000\n", &request(variables)).unwrap();
    let mut examples = split.training;
    let error = examples.round_to_f16().unwrap_err();
    let words = [
        "`b` does not fit storage = \"f16\"",
        "-70000.0 is beyond",
        "storage = \"f32\"",
    ];
    check_error(&error, Some("b"), words);
    examples.values[3] = 0.1;
    examples.round_to_f16().unwrap();
    // The 16-bit float nearest to 0.1 is 1638 · 2⁻¹⁴.
    assert_eq!(
        examples.values,
        [1638.0 / 16_384.0, 65_504.0, 2.0, 1638.0 / 16_384.0]
    );
}
