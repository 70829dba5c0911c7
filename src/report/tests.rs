use super::*;
#[test]
fn tmp_dump() {
    for (n, r) in [("one", fixture::double_well()), ("two", fixture::two_temperatures()), ("sweep", fixture::sweep())] {
        write_folder(std::path::Path::new(&format!("/tmp/rep/{n}")), &r, true).unwrap(); println!("{}", result_table(&r.summary, false));
    }
}
