//! Vector instructions, selected at run time.

use super::load;
use super::rows::LANES;
use crate::loss::{Program, Real, UnrolledSteps};
#[cfg(target_arch = "x86_64")]
use crate::random::Avx2;
use crate::random::Lookup;

/// A set of vector instructions.
///
/// All levels give the same bits: they run the same operations in the same order, and fused multiply-adds are fused on all
/// of them (slowly in software with [`SimdLevel::Portable`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimdLevel {
    /// Instructions that every processor of the target has.
    Portable,
    /// 256-bit vectors with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512-bit vectors.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl SimdLevel {
    /// Widest level of this processor.
    pub fn best() -> Self {
        Self::available().pop().unwrap_or(Self::Portable)
    }

    /// All levels of this processor, the widest last.
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

    /// Interpreter compiled for these instructions.
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

    /// Method of table lookup for normals. With AVX-512, shuffles of half vectors are slower than plain loads as compiled.
    pub fn lookup(self) -> Lookup {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().map_or(Lookup::Plain, Lookup::Shuffles),
            _ => Lookup::Plain,
        }
    }

    /// Loader of examples compiled for these instructions.
    pub(super) fn loader<T: Real>(self) -> Loader<T> {
        #[cfg(target_arch = "x86_64")]
        if matches!(self, Self::Avx2 | Self::Avx512) {
            // Shuffles exist for f32 only; the cast fails for f64.
            let by_shuffles: &dyn std::any::Any = &Loader(load::by_shuffles);
            if let Some(&loader) = by_shuffles.downcast_ref() {
                return loader;
            }
        }
        Loader(load::one_by_one)
    }

    /// Runs a program over one row of chains.
    pub fn run<T: Real>(self, program: &Program, rows: &mut [[T; LANES]]) {
        self.runner().run(program, rows);
    }
}

/// Interpreter of programs over one row of chains.
///
/// The interpreter is large, so there is one copy per level and precision, called through a pointer. The call costs nothing
/// next to the work of 128 chains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runner<T> {
    run: Run<T>,
    run_unrolled: RunUnrolled<T>,
}

type Run<T> = unsafe fn(&Program, &mut [[T; LANES]]);
type RunUnrolled<T> = unsafe fn(&UnrolledSteps, &mut [[T; LANES]], T) -> bool;

impl<T: Real> Runner<T> {
    #[inline(always)]
    pub(super) fn run(self, program: &Program, rows: &mut [[T; LANES]]) {
        // SAFETY: `SimdLevel::available` found the instructions of every level that is used.
        unsafe { (self.run)(program, rows) }
    }

    /// Runs unrolled steps; see [`UnrolledSteps::run`].
    #[inline(always)]
    pub(super) fn run_unrolled(
        self,
        steps: &UnrolledSteps,
        rows: &mut [[T; LANES]],
        bound: T,
    ) -> bool {
        // SAFETY: as in `run`.
        unsafe { (self.run_unrolled)(steps, rows, bound) }
    }
}

/// Loader of examples: `load(table, width, indices, rows)` writes the `width` numbers of example `indices[lane]` to that lane of
/// `width` rows.
///
/// Also one copy per level, called through a pointer, because the code is unrolled for many widths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loader<T>(Load<T>);

type Load<T> = unsafe fn(&[T], usize, &[u32; LANES], &mut [[T; LANES]]);

impl<T: Real> Loader<T> {
    #[inline(always)]
    pub(super) fn load(
        self,
        table: &[T],
        width: usize,
        indices: &[u32; LANES],
        rows: &mut [[T; LANES]],
    ) {
        // SAFETY: as in `Runner::run`.
        unsafe { (self.0)(table, width, indices, rows) }
    }
}

fn run_portable<T: Real>(program: &Program, rows: &mut [[T; LANES]]) {
    program.run(rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<T: Real>(program: &Program, rows: &mut [[T; LANES]]) {
    program.run(rows);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn run_avx512<T: Real>(program: &Program, rows: &mut [[T; LANES]]) {
    program.run(rows);
}

fn run_unrolled_portable<T: Real>(
    steps: &UnrolledSteps,
    rows: &mut [[T; LANES]],
    bound: T,
) -> bool {
    steps.run(rows, bound)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_unrolled_avx2<T: Real>(steps: &UnrolledSteps, rows: &mut [[T; LANES]], bound: T) -> bool {
    steps.run(rows, bound)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn run_unrolled_avx512<T: Real>(steps: &UnrolledSteps, rows: &mut [[T; LANES]], bound: T) -> bool {
    steps.run(rows, bound)
}
