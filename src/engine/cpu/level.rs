//! Choosing vector instructions at run time.

use super::examples::Tables;
use super::load;
use super::row::{self, Row, Sample, Workspace};
use crate::engine::Task;
use crate::loss::{Program, Real, UnrolledSteps};
use crate::measure::Moments;
use crate::plan::Segment;
#[cfg(target_arch = "x86_64")]
use crate::random::Avx2;
use crate::random::Lookup;

/// Which vector instructions the processor has. All levels give the same bits: they run the same operations in the
/// same order, and fused multiply-adds are fused on all of them (in software on [`SimdLevel::Portable`], slowly).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimdLevel {
    /// What every processor of the target has.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl SimdLevel {
    /// The best level of this processor.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Portable)
    }

    /// All levels of this processor, the best last.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "only one architecture has more")]
        let mut levels = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            if avx2 {
                levels.push(Self::Avx2);
            }
            let wide = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            if avx2 && wide {
                levels.push(Self::Avx512);
            }
        }
        levels
    }

    /// Runs programs with these instructions.
    pub(super) fn runner<T: Real>(self) -> Runner<T> {
        let (run, run_unrolled): (Run<T>, RunUnrolled<T>) = match self {
            Self::Portable => (run_portable, run_unrolled_portable),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => (run_avx2, run_unrolled_avx2),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => (run_avx512, run_unrolled_avx512),
        };
        Runner { run, run_unrolled }
    }

    /// How normals are looked up with these instructions. With AVX-512 shuffles of half its vectors are slower than what compilers
    /// make of plain loads.
    pub fn lookup(self) -> Lookup {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().map_or(Lookup::Plain, Lookup::Shuffles),
            _ => Lookup::Plain,
        }
    }

    /// Loads examples with these instructions.
    pub(super) fn loader<T: Real>(self) -> Loader<T> {
        #[cfg(target_arch = "x86_64")]
        if matches!(self, Self::Avx2 | Self::Avx512) {
            // There are shuffles for one precision.
            let by_shuffles: &dyn std::any::Any = &Loader(load::by_shuffles);
            if let Some(&loader) = by_shuffles.downcast_ref() {
                return loader;
            }
        }
        Loader(load::one_by_one)
    }

    /// Runs a program over one row of chains.
    pub fn run<T: Real>(self, program: &Program, rows: &mut [[T; row::LANES]]) {
        self.runner().run(program, rows);
    }

    /// Advances one row of chains.
    pub(super) fn advance<T: Real + From<f32>>(
        self,
        task: &Task,
        tables: &Tables<T>,
        space: &mut Workspace<T>,
        row: Row<'_>,
        segment: Segment,
    ) {
        match self {
            Self::Portable => row::advance(task, tables, space, row, segment),
            // SAFETY: `available` found these instructions on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { advance_avx2(task, tables, space, row, segment) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { advance_avx512(task, tables, space, row, segment) },
        }
    }

    /// Measures one row of chains.
    pub(super) fn measure<T: Real + From<f32>>(
        self,
        task: &Task,
        tables: &Tables<T>,
        space: &mut Workspace<T>,
        sample: Sample<'_>,
        moments: &mut [Moments],
    ) {
        match self {
            Self::Portable => row::measure(task, tables, space, sample, moments),
            // SAFETY: `available` found these instructions on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { measure_avx2(task, tables, space, sample, moments) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { measure_avx512(task, tables, space, sample, moments) },
        }
    }
}

/// Runs a program over one row of chains. The interpreter is large, so that there is one copy of it for each level and
/// precision, behind a pointer: a call costs nothing beside 128 chains of work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runner<T> {
    run: Run<T>,
    run_unrolled: RunUnrolled<T>,
}

type Run<T> = unsafe fn(&Program, &mut [[T; row::LANES]]);
type RunUnrolled<T> = unsafe fn(&UnrolledSteps, &mut [[T; row::LANES]], T) -> bool;

impl<T: Real> Runner<T> {
    #[inline(always)]
    pub(super) fn run(self, program: &Program, rows: &mut [[T; row::LANES]]) {
        // SAFETY: `SimdLevel::available` found the instructions of every level that is used.
        unsafe { (self.run)(program, rows) }
    }

    /// Makes several steps; see [`UnrolledSteps::run`].
    #[inline(always)]
    pub(super) fn run_unrolled(
        self,
        steps: &UnrolledSteps,
        rows: &mut [[T; row::LANES]],
        bound: T,
    ) -> bool {
        // SAFETY: as in `run`.
        unsafe { (self.run_unrolled)(steps, rows, bound) }
    }
}

/// Loads the examples of given indices, of so many numbers each, from a table into as many rows. Behind a pointer too: one copy of
/// what is written out for many widths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loader<T>(Load<T>);

type Load<T> = unsafe fn(&[T], usize, &[u32; row::LANES], &mut [[T; row::LANES]]);

impl<T: Real> Loader<T> {
    #[inline(always)]
    pub(super) fn load(
        self,
        table: &[T],
        width: usize,
        indices: &[u32; row::LANES],
        rows: &mut [[T; row::LANES]],
    ) {
        // SAFETY: as in `Runner::run`.
        unsafe { (self.0)(table, width, indices, rows) }
    }
}

fn run_portable<T: Real>(program: &Program, rows: &mut [[T; row::LANES]]) {
    program.run(rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Real>(program: &Program, rows: &mut [[T; row::LANES]]) {
    program.run(rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn run_avx512<T: Real>(program: &Program, rows: &mut [[T; row::LANES]]) {
    program.run(rows);
}

fn run_unrolled_portable<T: Real>(
    steps: &UnrolledSteps,
    rows: &mut [[T; row::LANES]],
    bound: T,
) -> bool {
    steps.run(rows, bound)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_unrolled_avx2<T: Real>(
    steps: &UnrolledSteps,
    rows: &mut [[T; row::LANES]],
    bound: T,
) -> bool {
    steps.run(rows, bound)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn run_unrolled_avx512<T: Real>(
    steps: &UnrolledSteps,
    rows: &mut [[T; row::LANES]],
    bound: T,
) -> bool {
    steps.run(rows, bound)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn advance_avx2<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    row::advance(task, tables, space, row, segment);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn advance_avx512<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    row::advance(task, tables, space, row, segment);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn measure_avx2<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    sample: Sample<'_>,
    moments: &mut [Moments],
) {
    row::measure(task, tables, space, sample, moments);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn measure_avx512<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    sample: Sample<'_>,
    moments: &mut [Moments],
) {
    row::measure(task, tables, space, sample, moments);
}
