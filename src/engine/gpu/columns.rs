//! The column of memory that each chain has if it does not fit into registers: sizes and positions, counted from the
//! programs without writing a shader.

use crate::engine::task::{ExampleSum, Task};

/// Positions of one sum over examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SumColumns {
    /// First of the sums over whole chunks.
    pub(super) total: usize,
    /// First of the sums over the current chunk.
    pub(super) part: usize,
    /// Number of sums.
    pub(super) count: usize,
}

/// Column of a chain during steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StepColumns {
    /// First draw.
    pub(super) draws: usize,
    /// Sums over the batch, if the step sums examples.
    pub(super) sums: Option<SumColumns>,
    /// First temporary of the programs.
    pub(super) temporaries: usize,
    /// Numbers in the column.
    pub(super) length: usize,
}

/// Column of a chain during a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ObservationColumns {
    /// First output of the observing program.
    pub(super) outputs: usize,
    /// Sums of each data pass.
    pub(super) sums: Vec<SumColumns>,
    /// First temporary of the programs.
    pub(super) temporaries: usize,
    /// Numbers in the column.
    pub(super) length: usize,
}

/// Assigns consecutive positions.
#[derive(Debug, Default)]
struct Cursor {
    next: usize,
}

impl Cursor {
    /// First of `length` new positions.
    fn take(&mut self, length: usize) -> usize {
        self.next += length;
        self.next - length
    }

    fn sums(&mut self, example_sum: &ExampleSum) -> SumColumns {
        SumColumns {
            total: self.take(example_sum.sums),
            part: self.take(example_sum.sums),
            count: example_sum.sums,
        }
    }
}

impl StepColumns {
    pub(super) fn new(task: &Task) -> Self {
        let mut cursor = Cursor::default();
        let draws = cursor.take(task.draws as usize);
        let batch = task.batch.as_ref();
        let example_sum = batch.and_then(|batch| batch.example_sum.as_ref());
        let sums = example_sum.map(|example_sum| cursor.sums(example_sum));
        // The programs run one after the other and share their temporaries.
        let of_examples = example_sum.map_or(0, |sum| sum.program.loop_temporaries());
        Self {
            draws,
            sums,
            temporaries: cursor.next,
            length: cursor.next + of_examples.max(task.step.loop_temporaries()),
        }
    }
}

impl ObservationColumns {
    pub(super) fn new(task: &Task) -> Self {
        let mut cursor = Cursor::default();
        let outputs = cursor.take(task.observe.output_count());
        let passes = task.data_passes.iter();
        let sums = (passes.clone())
            .map(|pass| cursor.sums(&pass.example_sum))
            .collect();
        let of_examples = passes.map(|pass| pass.example_sum.program.loop_temporaries());
        let most = of_examples.fold(task.observe.loop_temporaries(), usize::max);
        Self {
            outputs,
            sums,
            temporaries: cursor.next,
            length: cursor.next + most,
        }
    }
}
