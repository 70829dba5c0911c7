//! The table of `etascope devices`.

use crate::program::output::DeviceRow;

/// One row for each GPU adapter and one for the CPU.
pub(super) fn device_rows() -> Vec<DeviceRow> {
    #[allow(unused_mut, reason = "only the feature \"gpu\" adds rows")]
    let mut rows: Vec<DeviceRow> = Vec::new();
    #[cfg(feature = "gpu")]
    rows.extend(
        crate::engine::gpu::adapters(None)
            .into_iter()
            .map(|adapter| DeviceRow {
                name: adapter.name,
                backend: adapter.backend.to_lowercase(),
                driver: adapter.driver,
                kind: adapter.kind,
                // A run without options prefers the CPU engine to a software rasterizer.
                chosen: adapter.chosen && !adapter.software,
                why: if adapter.software {
                    "a software rasterizer runs on the CPU, where the CPU backend is faster"
                        .to_owned()
                } else {
                    adapter.why
                },
                software: adapter.software,
                limits: adapter.limits,
            }),
    );
    let gpu = rows.iter().any(|row| row.chosen);
    rows.push(DeviceRow {
        name: format!("{} threads", rayon::current_num_threads()),
        backend: "cpu".to_owned(),
        driver: format!("{:?} vectors", crate::engine::SimdLevel::best()).to_lowercase(),
        kind: "processor".to_owned(),
        software: false,
        chosen: !gpu,
        why: if gpu {
            "a GPU comes first"
        } else {
            "no hardware GPU was found, and this is faster than a software one"
        }
        .to_owned(),
        limits: Vec::new(),
    });
    rows
}
