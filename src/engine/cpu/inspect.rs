//! Reading and writing single chains.

use super::chains::Cpu;
use super::measure;
use super::rows::{LANES, NOT_DIVERGED};
use super::step;
use crate::engine::error::EngineError;
use crate::engine::interface::Inspect;
use crate::engine::results::ChainNoise;
use crate::loss::Real;
use rayon::prelude::*;

impl<T: Real + From<f32>> Inspect for Cpu<T> {
    fn set_states(&mut self, states: &[f64]) -> Result<(), EngineError> {
        let size = self.task.state;
        self.diverged.fill([NOT_DIVERGED; LANES]);
        self.write_states(|k, index, _| states[index * size + k]);
        Ok(())
    }

    fn states(&mut self) -> Result<Vec<f64>, EngineError> {
        let (rows, size) = (self.rows_per_block(), self.task.state);
        let filled = |row: usize| self.block_chains(row / rows).filled_in_row(row % rows);
        let mut states = vec![0.0; (0..self.diverged.len()).map(filled).sum::<usize>() * size];
        let mut rest = &mut states[..];
        let slots: Vec<&mut [f64]> = (0..self.diverged.len())
            .filter_map(|row| rest.split_off_mut(..filled(row) * size))
            .collect();
        (self.memory.par_chunks(self.words()))
            .zip(&self.diverged)
            .zip(slots)
            .for_each(|((memory, diverged), slots)| {
                for ((lane, &diverged), state) in
                    diverged.iter().enumerate().zip(slots.chunks_mut(size))
                {
                    for (k, number) in state.iter_mut().enumerate() {
                        *number = match diverged {
                            NOT_DIVERGED => self.task.number(k, |word| memory[word][lane]),
                            _ => f64::NAN,
                        };
                    }
                }
            });
        Ok(states)
    }

    fn values(&mut self) -> Result<Vec<f64>, EngineError> {
        let blocks = self.map_blocks(|this, chains, memory, diverged| {
            let outputs = this.task.observe.output_count();
            let mut values = Vec::new();
            if !this.active[chains.point] {
                return values;
            }
            for (row, (memory, diverged)) in memory.chunks(this.words()).zip(diverged).enumerate() {
                let filled = chains.filled_in_row(row);
                this.with_workspace(chains.point, |space| {
                    measure::observe(&this.task, &this.tables, space, memory);
                    for (lane, &diverged) in diverged.iter().enumerate().take(filled) {
                        let value = |k: usize| match diverged {
                            NOT_DIVERGED => space.observed(&this.task, k)[lane].to_f64(),
                            _ => f64::NAN,
                        };
                        values.extend((0..outputs).map(value));
                    }
                });
            }
            values
        });
        Ok(blocks.into_iter().flat_map(|block| block.value).collect())
    }

    fn draws(&mut self, step: u64, count: u32) -> Result<Vec<ChainNoise>, EngineError> {
        let (first, _) = self.task.position(step);
        let mut noise = Vec::new();
        for block in first..first + u64::from(count) {
            let rows = self.map_blocks(|this, chains, _, diverged| {
                let number = this.task.chain_number(chains.point, chains.first);
                let rows = (0..diverged.len())
                    .map(|row| step::chain_noise(&this.task, block, number + (row * LANES) as u64));
                rows.collect::<Vec<_>>()
            });
            noise.extend(rows.into_iter().flat_map(|block| block.value).flatten());
        }
        Ok(noise)
    }
}
