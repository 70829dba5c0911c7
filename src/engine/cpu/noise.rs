//! Draws of one row of chains, written to the rows from which the stepping program reads them.

use super::rows::LANES;
use crate::engine::task::Task;
use crate::loss::{DrawRows, MAX_UNROLLED_STEPS, Program, Real, UnrolledSteps};
use crate::random::{CacheAligned, Lookup, NoiseBlock, draw, normals_integer, variates_from_words};
use crate::spec::Precision;
use crate::spec::{NoiseKind, NormalTransform};

/// Lanes per piece of a noise block with Box–Muller normals. A piece stays in registers and the nearest stores, which takes
/// a tenth less time than a whole row.
const PIECE: usize = 32;

/// Source of the draws, block by block.
///
/// If every draw takes a whole row of a noise block, all rows of the block are written at once to where the programs read
/// them. Each step that shares a block then has a program of its own, which reads other rows. Smaller draws are extracted
/// from the random words step by step, or for all unrolled steps at once.
#[derive(Debug)]
pub(super) struct Noise {
    /// Stepping program for each step that shares a block.
    programs: Vec<Program>,
    /// Program row for each draw of a block, `None` for unused draws; empty for draws smaller than a random word.
    draw_rows: Vec<Option<usize>>,
    lookup: Lookup,
    /// Unrolled steps of a block, if the program is separable.
    unrolled: Option<UnrolledSteps>,
    /// Rows of the draws of all steps of a block.
    draws: DrawRows,
}

/// Buffers for noise blocks.
///
/// A segment reuses the buffers for all its blocks: clearing them per block would take a twentieth of the time. The buffers live on
/// the stack, because the compiler then knows that nothing else points to them.
pub(super) struct NoiseWords {
    /// Block of all lanes: integer normals are made from it, and draws smaller than a word are extracted from it.
    row: CacheAligned<NoiseBlock<LANES>>,
    /// Block of `PIECE` lanes: its draws are copied, piece by piece, to the rows that the programs read.
    piece: CacheAligned<NoiseBlock<PIECE>>,
}

impl NoiseWords {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            row: CacheAligned([[0; LANES]; 8]),
            piece: CacheAligned([[0; PIECE]; 8]),
        }
    }

    /// Fills the block of all lanes with random words.
    #[inline(always)]
    fn fill(&mut self, task: &Task, block: u64, first_chain: u64) {
        task.stream.rows(block, first_chain, raw(&mut self.row.0));
    }
}

impl Noise {
    pub(super) fn new(task: &Task, lookup: Lookup) -> Self {
        let count = task.draws as usize;
        let shared = task.addresses.steps_per_block as usize;
        let draws = DrawRows {
            first: task.state,
            count,
            steps: shared.min(MAX_UNROLLED_STEPS),
        };
        // Rounded storage is updated after every step, and batches are picked for every step.
        let can_unroll = matches!(task.precision, Precision::F32 | Precision::F64)
            && task.batch.is_none()
            && shared > 1;
        let mut noise = Self {
            programs: vec![task.step.clone()],
            draw_rows: Vec::new(),
            lookup,
            unrolled: can_unroll.then(|| task.step.unroll(draws)).flatten(),
            draws,
        };
        let fills_rows = count > 0 && task.noise.rows() == task.noise.draws_per_block() as usize;
        if fills_rows {
            for step in 1..shared {
                let row = draws.row(task.step.row_count(), step, 0);
                let program = (task.step).with_inputs_moved(task.state, count, row);
                noise.programs.push(program);
            }
            noise.draw_rows = block_rows(task, draws);
        }
        noise
    }

    /// Unrolled steps, if the program is separable. Their number divides the number of steps per block.
    pub(super) fn unrolled(&self) -> Option<&UnrolledSteps> {
        self.unrolled.as_ref()
    }

    /// Rows that the programs share: those of the stepping program and of all draws.
    pub(super) fn row_count(&self) -> usize {
        self.draws.row_count(self.programs[0].row_count())
    }

    /// Starts a block: draws that fill rows are made for all its steps, for others only the random words.
    #[inline(always)]
    pub(super) fn begin_block<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &mut NoiseWords,
        block: u64,
        first_chain: u64,
        rows: &mut [[T; LANES]],
    ) {
        if self.draw_rows.is_empty() {
            if task.draws > 0 {
                words.fill(task, block, first_chain);
            }
            return;
        }
        let per_block = task.noise.rows();
        for (block, draw_rows) in (block..).zip(self.draw_rows.chunks_exact(per_block)) {
            if task.noise == NoiseKind::Gaussian(NormalTransform::Integer) {
                words.fill(task, block, first_chain);
                for (words, row) in words.row.0.iter().zip(draw_rows) {
                    let Some(row) = *row else { continue };
                    normals_integer(self.lookup, words, &mut rows[row]);
                }
            } else {
                let piece = &mut words.piece.0;
                fill_by_pieces(task, piece, block, first_chain, draw_rows, rows);
            }
        }
    }

    /// Makes the draws of one step, unless [`Self::begin_block`] did, and returns the program that reads them. `first` is the
    /// index in the block of the step's first draw.
    #[inline(always)]
    pub(super) fn draw<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &mut NoiseWords,
        block: u64,
        first: u32,
        first_chain: u64,
        rows: &mut [[T; LANES]],
    ) -> &Program {
        if !self.draw_rows.is_empty() {
            return &self.programs[(first / task.addresses.width) as usize];
        }
        let per_block = task.noise.draws_per_block();
        for (index, row) in (0..task.draws).zip(&mut rows[task.state..]) {
            let at = first + index;
            // A step with more draws than a block has reads several blocks.
            if index > 0 && at.is_multiple_of(per_block) {
                words.fill(task, block + u64::from(at / per_block), first_chain);
            }
            draw(task.noise, &words.row.0, at % per_block, row);
        }
        &self.programs[0]
    }

    /// Makes the draws of all unrolled steps, unless [`Self::begin_block`] did. `first` is the index in the block of their first
    /// draw.
    #[inline(always)]
    pub(super) fn draw_unrolled<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &NoiseWords,
        first: u32,
        rows: &mut [[T; LANES]],
    ) {
        if !self.draw_rows.is_empty() {
            return;
        }
        for step in 0..self.draws.steps {
            for index in 0..self.draws.count {
                let at = first + step as u32 * task.addresses.width + index as u32;
                let row = self.draws.row(self.programs[0].row_count(), step, index);
                draw(task.noise, &words.row.0, at, &mut rows[row]);
            }
        }
    }
}

/// Program row for each draw of the blocks that one step or several steps read.
fn block_rows(task: &Task, draws: DrawRows) -> Vec<Option<usize>> {
    let (count, width) = (draws.count, task.addresses.width as usize);
    let per_block = task.noise.draws_per_block() as usize;
    let row = |step: usize, draw: usize| draws.row(task.step.row_count(), step, draw);
    if task.addresses.steps_per_block == 1 {
        let blocks = task.addresses.blocks_per_step as usize;
        (0..blocks * per_block)
            .map(|draw| (draw < count).then(|| row(0, draw)))
            .collect()
    } else {
        (0..per_block)
            .map(|at| (at % width < count).then(|| row(at / width, at % width)))
            .collect()
    }
}

/// Makes the draws of a block piece by piece and copies them to the rows of the programs.
#[inline(always)]
fn fill_by_pieces<T: Real + From<f32>>(
    task: &Task,
    piece: &mut NoiseBlock<PIECE>,
    block: u64,
    first_chain: u64,
    draw_rows: &[Option<usize>],
    rows: &mut [[T; LANES]],
) {
    for start in (0..LANES).step_by(PIECE) {
        (task.stream).rows(block, first_chain + start as u64, raw(piece));
        variates_from_words(task.noise, piece);
        for (index, row) in (0..).zip(draw_rows) {
            let Some(row) = *row else { continue };
            let mut lanes = [T::ZERO; PIECE];
            draw(task.noise, piece, index, &mut lanes);
            rows[row][start..start + PIECE].copy_from_slice(&lanes);
        }
    }
}

/// Rows of a block that take its random words.
#[inline(always)]
pub(super) fn raw<const B: usize>(block: &mut NoiseBlock<B>) -> &mut [[u32; B]; 4] {
    block.first_chunk_mut().expect("four of eight rows")
}
