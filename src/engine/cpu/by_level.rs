//! Stepping and measuring one row of chains with given vector instructions.

use super::examples::Tables;
use super::measure::{self, Sample};
use super::simd::SimdLevel;
use super::step::{self, Row};
use super::workspace::Workspace;
use crate::engine::task::Task;
use crate::loss::Real;
use crate::measure::Moments;
use crate::plan::Segment;

impl SimdLevel {
    /// Runs the steps of a segment on one row of chains.
    pub(super) fn run_segment<T: Real + From<f32>>(
        self,
        task: &Task,
        tables: &Tables<T>,
        space: &mut Workspace<T>,
        row: Row<'_>,
        segment: Segment,
    ) {
        match self {
            Self::Portable => step::run_segment(task, tables, space, row, segment),
            // SAFETY: `available` found these instructions on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { run_segment_avx2(task, tables, space, row, segment) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { run_segment_avx512(task, tables, space, row, segment) },
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
            Self::Portable => measure::measure(task, tables, space, sample, moments),
            // SAFETY: `available` found these instructions on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { measure_avx2(task, tables, space, sample, moments) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { measure_avx512(task, tables, space, sample, moments) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_segment_avx2<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    step::run_segment(task, tables, space, row, segment);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512cd,avx512dq,avx512bw,avx512vl")]
fn run_segment_avx512<T: Real + From<f32>>(
    task: &Task,
    tables: &Tables<T>,
    space: &mut Workspace<T>,
    row: Row<'_>,
    segment: Segment,
) {
    step::run_segment(task, tables, space, row, segment);
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
    measure::measure(task, tables, space, sample, moments);
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
    measure::measure(task, tables, space, sample, moments);
}
