//! Buffers in which one thread steps and measures rows of chains.

use super::examples::ExampleAccumulator;
use super::noise::Noise;
use super::rows::{LANES, Rows};
use super::shadow::ShadowState;
use super::simd::{Runner, SimdLevel};
use crate::engine::task::{Task, Uniforms};
use crate::loss::Real;

/// Buffers for all programs of a task. One thread reuses them from row to row.
#[derive(Debug)]
pub(super) struct Workspace<T> {
    pub(super) step: Rows<T>,
    pub(super) noise: Noise,
    pub(super) shadow: ShadowState,
    /// Backup of the state before unrolled steps.
    pub(super) before: Vec<[T; LANES]>,
    pub(super) batch: Option<ExampleAccumulator<T>>,
    pub(super) observe: Rows<T>,
    pub(super) data_passes: Vec<ExampleAccumulator<T>>,
    pub(super) runner: Runner<T>,
    /// Sweep point and phase whose uniform inputs are set.
    uniforms_of: Option<(usize, usize)>,
}

impl<T: Real> Workspace<T> {
    pub(super) fn new(task: &Task, level: SimdLevel) -> Self {
        let runner = level.runner();
        let noise = Noise::new(task, level.lookup());
        let batch_sum = (task.batch.as_ref()).and_then(|batch| batch.example_sum.as_ref());
        Self {
            step: Rows::with_count(&task.step, noise.row_count()),
            noise,
            shadow: ShadowState::new(task),
            before: vec![[T::ZERO; LANES]; task.state],
            batch: batch_sum.map(|sum| ExampleAccumulator::new(task, sum, runner)),
            observe: Rows::for_program(&task.observe),
            data_passes: (task.data_passes.iter())
                .map(|pass| ExampleAccumulator::new(task, &pass.example_sum, runner))
                .collect(),
            runner,
            uniforms_of: None,
        }
    }

    /// Output of the observing program for all lanes, after [`observe`](super::measure::observe).
    pub(super) fn observed(&self, task: &Task, output: usize) -> &[T; LANES] {
        self.observe.get(task.observe.output_row(output))
    }

    /// Sets the uniform inputs to those of a sweep point in a phase of its schedule.
    pub(super) fn set_uniforms(&mut self, task: &Task, point: usize, phase: usize) {
        if self.uniforms_of == Some((point, phase)) {
            return;
        }
        self.uniforms_of = Some((point, phase));
        let Uniforms { step, observe } = &task.uniforms[point][phase];
        let step_rows = &mut self.step.as_mut()[task.first_step_uniform()..];
        for (row, &value) in step_rows.iter_mut().zip(step) {
            row.fill(T::from_f64(value));
        }
        let observe_rows = &mut self.observe.as_mut()[task.first_observe_uniform()..];
        for (row, &value) in observe_rows.iter_mut().zip(observe) {
            row.fill(T::from_f64(value));
        }
    }
}
