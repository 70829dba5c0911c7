//! Tables, pictures and pages that the commands of the program print and write.

mod benchmarks;
mod coverage;
mod distances;
mod terminal;
mod verdicts;

pub use benchmarks::{
    Benchmarks, PeerRow, ScalingRow, Spread, StartupRow, TargetLabel, ThroughputRow,
    check_benchmarks, print_benchmarks, write_benchmarks,
};
pub use coverage::{CoverageRow, CoverageVerdict, check_coverage, print_coverage, write_coverage};
pub use distances::{distance_table, print_distances};
pub use terminal::{
    DeviceRow, StageRow, device_table, print_devices, print_result, print_stages, result_table,
    stage_table, stdout_takes_color,
};
pub use verdicts::{
    Comparison, Figure, Provenance, Section, Statement, Table, Verdict, print_verdicts,
    write_verdicts,
};
