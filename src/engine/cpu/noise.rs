//! The draws of one row of chains, put where the stepping program reads them.

use super::row::LANES;
use crate::engine::Task;
use crate::loss::{DrawRows, MAX_UNROLLED_STEPS, Program, Real, UnrolledSteps};
use crate::random::{CacheAligned, Lookup, NoiseBlock, draw, normals_integer, variates_from_words};
use crate::spec::Precision;
use crate::spec::{NoiseKind, NormalTransform};

/// Lanes of which Box and Muller's normals are made together: so few that a block of them stays in registers and their nearest
/// store, which takes a tenth less time than with a whole row.
const PIECE: usize = 32;

/// DrawRows, block by block.
///
/// Where every draw fills a row of a prepared block, all rows of a block go at once to where programs read them: a step that
/// shares the block with those before it has a program of its own, which reads other rows. Smaller draws are taken from the
/// words step by step, or for as many steps as are made at once.
#[derive(Debug)]
pub(super) struct Noise {
    /// The stepping program, for each of the steps that a block serves.
    programs: Vec<Program>,
    /// For each draw of a block the row of a program that it goes to; empty where draws are smaller than words.
    places: Vec<Option<usize>>,
    lookup: Lookup,
    /// Several steps of a block as one, if they can be made so.
    together: Option<UnrolledSteps>,
    /// Where the draws of as many steps lie.
    draws: DrawRows,
}

/// Room for words, which is made once and not for every block, because that takes a twentieth of the time; on the stack, because
/// compilers then know that nothing else lies there.
pub(super) struct Words {
    /// A block of all lanes, from which integer normals are made, or draws smaller than a word taken.
    row: CacheAligned<NoiseBlock<LANES>>,
    /// A block of some lanes, on its way to where programs read it.
    piece: CacheAligned<NoiseBlock<PIECE>>,
}

impl Words {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self {
            row: CacheAligned([[0; LANES]; 8]),
            piece: CacheAligned([[0; PIECE]; 8]),
        }
    }

    /// Makes a block of words.
    #[inline(always)]
    fn fill(&mut self, task: &Task, block: u64, first_chain: u64) {
        task.stream.rows(block, first_chain, raw(&mut self.row.0));
    }
}

impl Noise {
    pub(super) fn new(task: &Task, lookup: Lookup) -> Self {
        let (count, width) = (task.draws as usize, task.addresses.width as usize);
        let per_block = task.noise.draws_per_block() as usize;
        let shared = task.addresses.steps_per_block as usize;
        let fills_rows = count > 0 && task.noise.rows() == per_block;
        let draws = DrawRows {
            first: task.state,
            count,
            steps: shared.min(MAX_UNROLLED_STEPS),
        };
        let row = |step: usize, draw: usize| draws.row(task.step.row_count(), step, draw);
        // What is stored otherwise is rounded after every step, and batches are picked for every step.
        let is_simple =
            matches!(task.precision, Precision::F32 | Precision::F64) && task.batch.is_none();
        let mut noise = Self {
            programs: vec![task.step.clone()],
            places: Vec::new(),
            lookup,
            together: (is_simple && shared > 1)
                .then(|| task.step.unroll(draws))
                .flatten(),
            draws,
        };
        if !fills_rows {
            return noise;
        }
        for step in 1..shared {
            let own = (task.step).reading_elsewhere(task.state, count, row(step, 0));
            noise.programs.push(own);
        }
        let place = |at: usize| (at % width < count).then(|| row(at / width, at % width));
        noise.places = match shared {
            1 => (0..task.addresses.blocks_per_step as usize * per_block)
                .map(|draw| (draw < count).then(|| row(0, draw)))
                .collect(),
            _ => (0..per_block).map(place).collect(),
        };
        noise
    }

    /// Several steps as one, if they can be made so; their number divides that of a block's.
    pub(super) fn together(&self) -> Option<&UnrolledSteps> {
        self.together.as_ref()
    }

    /// Rows that all programs need together.
    pub(super) fn row_count(&self) -> usize {
        self.draws.row_count(self.programs[0].row_count())
    }

    /// Makes the draws of the steps that begin in a block, as far as they are made together.
    #[inline(always)]
    pub(super) fn begin<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &mut Words,
        block: u64,
        first_chain: u64,
        rows: &mut [[T; LANES]],
    ) {
        if self.places.is_empty() {
            if task.draws > 0 {
                words.fill(task, block, first_chain);
            }
            return;
        }
        let per_block = task.noise.rows();
        for (block, places) in (block..).zip(self.places.chunks_exact(per_block)) {
            if task.noise == NoiseKind::Gaussian(NormalTransform::Integer) {
                words.fill(task, block, first_chain);
                for (words, place) in words.row.0.iter().zip(places) {
                    let Some(row) = *place else { continue };
                    normals_integer(self.lookup, words, &mut rows[row]);
                }
            } else {
                make_by_pieces(task, &mut words.piece.0, block, first_chain, places, rows);
            }
        }
    }

    /// Makes the draws of one step, the first of which is number `first` of the block, as far as that is not done. Returns the
    /// program that reads them.
    #[inline(always)]
    pub(super) fn draw<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &mut Words,
        block: u64,
        first: u32,
        first_chain: u64,
        rows: &mut [[T; LANES]],
    ) -> &Program {
        if !self.places.is_empty() {
            return &self.programs[(first / task.addresses.width) as usize];
        }
        let per_block = task.noise.draws_per_block();
        for (index, row) in (0..task.draws).zip(&mut rows[task.state..]) {
            let at = first + index;
            // A step with more draws than a block holds reads several blocks.
            if index > 0 && at.is_multiple_of(per_block) {
                words.fill(task, block + u64::from(at / per_block), first_chain);
            }
            draw(task.noise, &words.row.0, at % per_block, row);
        }
        &self.programs[0]
    }

    /// Makes the draws of the steps that are made at once, the first of which is number `first` of the block, as far as that is not
    /// done.
    #[inline(always)]
    pub(super) fn draw_together<T: Real + From<f32>>(
        &self,
        task: &Task,
        words: &Words,
        first: u32,
        rows: &mut [[T; LANES]],
    ) {
        if !self.places.is_empty() {
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

/// Makes the draws of a block and copies them to their places.
#[inline(always)]
fn make_by_pieces<T: Real + From<f32>>(
    task: &Task,
    piece: &mut NoiseBlock<PIECE>,
    block: u64,
    first_chain: u64,
    places: &[Option<usize>],
    rows: &mut [[T; LANES]],
) {
    for start in (0..LANES).step_by(PIECE) {
        (task.stream).rows(block, first_chain + start as u64, raw(piece));
        variates_from_words(task.noise, piece);
        for (index, place) in (0..).zip(places) {
            let Some(row) = *place else { continue };
            let mut lanes = [T::ZERO; PIECE];
            draw(task.noise, piece, index, &mut lanes);
            rows[row][start..start + PIECE].copy_from_slice(&lanes);
        }
    }
}

/// The rows of a block that its raw words belong into.
#[inline(always)]
pub(super) fn raw<const B: usize>(block: &mut NoiseBlock<B>) -> &mut [[u32; B]; 4] {
    block.first_chunk_mut().expect("four of eight rows")
}
