//! Invented verdicts, written as files.

use super::*;

fn sections() -> Vec<Section> {
    let statement = |verdict, comparison| Statement {
        claim: "C99".into(),
        words: "x < y | z".into(),
        verdict,
        comparison,
        note: "a \"note\", with a comma".into(),
    };
    let comparison = Comparison {
        quantity: "α".into(),
        measured: Estimate::new(0.5, 0.001),
        exact: 0.1,
    };
    vec![Section {
        claim: "C99".into(),
        title: "a claim".into(),
        statements: vec![
            statement(Verdict::Contradicted, Some(comparison)),
            statement(Verdict::Undecided, None),
        ],
        figure: Some(Figure {
            file: "c99.svg".into(),
            svg: "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>\n".into(),
            caption: "One. Two.".into(),
        }),
        table: None,
        experiments: vec!["c99.toml".into(), "c99.toml with dynamics.eta=1".into()],
    }]
}

#[test]
fn intervals_have_two_digits_of_their_width() {
    // Half-widths 1.96·0.0006 = 0.0012 and 1.96·0.4 = 0.78.
    assert_eq!(
        interval_text(Estimate::new(0.50094, 0.0006)),
        "0.5009 [0.4998, 0.5021]"
    );
    assert_eq!(interval_text(Estimate::new(-2.0, 0.4)), "-2 [-2.78, -1.22]");
    assert_eq!(interval_text(Estimate::exact(0.25)), "0.25");
    assert_eq!(
        interval_text(Estimate::new(0.25, f64::INFINITY)),
        "0.25 ± unknown"
    );
}

#[test]
fn the_csv_can_be_read_back() {
    let text = table::csv(&sections());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (&rows[0][2], &rows[0][4], &rows[0][8]),
        ("contradicted", "0.5", "0.1")
    );
    assert_eq!(
        (&rows[1][4], &rows[1][10]),
        ("", "a \"note\", with a comma")
    );
}

#[test]
fn markdown_has_one_line_for_each_statement() {
    let text = table::markdown(&sections(), &[("device", "cpu".into())]);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(lines.len(), 4, "{text}");
    // Seven cells between eight bars; a bar within a cell is escaped.
    assert!(
        lines
            .iter()
            .all(|line| line.replace("\\|", "").matches('|').count() == 8)
    );
}

#[test]
fn the_folder_is_recognized_and_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("lecture");
    let write = |force| write_verdicts(&folder, &sections(), &[], force);
    assert_eq!(write(false).unwrap().len(), 4);
    assert!(matches!(write(false), Err(ReportError::Exists(_))));
    assert!(write(true).is_ok());
    let page = std::fs::read_to_string(folder.join("lecture.html")).unwrap();
    assert!(page.contains("1 are contradicted and 1 are undecided") && page.contains("x &lt; y"));
    let outside = page.matches("http").count() - page.matches("http://www.w3.org/2000/svg").count();
    assert_eq!(outside, 0, "the page needs no network");
}
