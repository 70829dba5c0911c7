//! Reads and writes of single chains.

use super::entry::Entry;
use super::gpu_engine::Gpu;
use super::numbers::{self, Numbers};
use super::reduce;
use crate::engine::error::EngineError;
use crate::engine::interface::Inspect;
use crate::engine::results::ChainNoise;
use crate::plan::LANES;

impl Inspect for Gpu {
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError> {
        self.buffers()
            .write_states(&self.task, &self.open, states)?;
        self.open.check("to hold the ensemble")
    }

    fn states(&mut self) -> Result<Vec<f64>, EngineError> {
        let diverged = self.read_diverged()?;
        let buffers = self.buffers();
        let bytes = u64::from(buffers.slots) * 4 * self.task.words() as u64;
        let words: Vec<u32> = buffers.read(&self.open, &buffers.state, bytes, "states")?;
        let (slots, wide) = (buffers.slots as usize, self.task.width().words());
        let at = |word: usize, slot: usize| (word / wide * slots + slot) * wide + word % wide;
        Ok(reduce::per_chain(
            &self.task,
            &buffers.table,
            self.task.state,
            |k, slot| self.task.number(k, |word| words[at(word, slot)]),
            &diverged,
        ))
    }

    fn values(&mut self) -> Result<Vec<f64>, EngineError> {
        self.write_positions();
        self.observe_into_memory()?;
        let buffers = self.buffers();
        let (slots, outputs) = (buffers.slots as usize, self.task.observe.output_count());
        let bytes = (slots * outputs) as u64 * numbers::bytes(&self.task);
        let output = buffers.scratch(&self.open, bytes);
        let words: Vec<u32> = self.pipeline(Entry::Values)?.dispatch_and_read(
            &self.open,
            buffers,
            &[output.as_entire_binding()],
            buffers.groups(LANES),
            (&output, bytes),
            "values",
        )?;
        let values = Numbers::new(&self.task, words);
        Ok(reduce::per_chain(
            &self.task,
            &buffers.table,
            outputs,
            |k, slot| values.get(k * slots + slot),
            &self.read_diverged()?,
        ))
    }

    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<ChainNoise>, EngineError> {
        let segment = self.segment(step, u64::from(count));
        self.write_segments(&vec![segment; self.task.layout.points]);
        let buffers = self.buffers();
        let bytes = u64::from(buffers.slots) * u64::from(count) * size_of::<ChainNoise>() as u64;
        let output = buffers.scratch(&self.open, bytes);
        self.pipeline(Entry::Draws)?.dispatch_and_read(
            &self.open,
            buffers,
            &self.with_normals(&output),
            buffers.groups(LANES),
            (&output, bytes),
            "draws",
        )
    }
}
