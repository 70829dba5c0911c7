//! Precisions that a device cannot store are refused; the others work for every kind of loss.

use super::records;
use crate::support::{device, stored};
use crate::truth::verdict::parameter;
use etascope::engine::EngineError;
use etascope::engine::gpu::Gpu;
use etascope::spec::Precision;

/// A network on data with `hidden` hidden units.
pub(super) fn network(hidden: u32) -> String {
    let file = format!("{}/examples/data/diabetes.csv", env!("CARGO_MANIFEST_DIR"));
    format!(
        "[parameters]\nW = {{ shape = [{hidden}, 3], start = \"normal(0, 0.1)\" }}\nv = {{ shape = [{hidden}], start = 0.1 }}\n\
         [data]\nfile = \"{file}\"\ncolumns = {{ u = [\"bmi\", \"bp\", \"s5\"], y = \"target\" }}\nstandardize = true\n\
         [loss]\nformula = \"\"\"\nh = tanh(W @ u)\nsquare(dot(v, h) - y) / 2\n\"\"\"\n\
         [dynamics]\nkind = \"sgd\"\neta = 0.01\nbatch = 4\noptimizer = \"momentum\"\n\
         [ensemble]\nchains = 512\nduration = {{ steps = 40 }}\nseed = 61\n[measure]\ntrace = 2\n"
    )
}

#[test]
fn a_loss_too_large_for_registers_is_refused_on_the_device() {
    for storage in [Precision::Compensated, Precision::F16State] {
        let problem = stored(&network(40), storage);
        let refused = Gpu::new(problem.task, device()).map(|_| ()).unwrap_err();
        assert!(
            matches!(refused, EngineError::FloatsOnly { .. }),
            "{storage:?}: {refused}"
        );
        assert!(refused.to_string().contains("--backend cpu"), "{refused}");
    }
}

/// Full-data passes read the stored parameters: both engines measure the loss of an f32 run up to the resolution of the storage.
#[test]
fn losses_over_data_are_measured_from_stored_parameters() {
    let loss = |precision: Precision| -> Vec<f64> {
        let problem = stored(&network(3), precision);
        let loss = problem.outputs.loss;
        records(&problem)
            .iter()
            .map(|(_, records)| {
                assert!(parameter(&problem, &records[0], 0).count == 512);
                records[0].last()[loss].mean
            })
            .collect()
    };
    let floats = loss(Precision::F32);
    for (storage, tolerance) in [
        // Rounding of f32 over 40 steps.
        (Precision::Compensated, 1e-5),
        // Weights of 0.1 are rounded by 3e-5 of their size, 40 times with random sign.
        (Precision::F16State, 1e-3),
    ] {
        for (found, expected) in loss(storage).iter().zip(&floats) {
            let off = (found / expected - 1.0).abs();
            assert!(off < tolerance, "{storage:?}: {found} and {expected}");
        }
    }
}
