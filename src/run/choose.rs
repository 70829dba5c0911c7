//! Which engine runs a problem, and in which tiles.

use super::options::Options;
use crate::compile::Problem;
use crate::engine::{Cpu, Engine, EngineError};
use crate::plan::{Tile, TileError, tiles};
use crate::spec::{Backend, Precision};

/// An engine with its name and its tiles.
pub struct Chosen {
    /// The engine.
    pub engine: Box<dyn Engine>,
    /// The pieces that it takes.
    pub tiles: Vec<Tile>,
    /// "cpu" or "gpu".
    pub backend: &'static str,
    /// The processor's or adapter's name.
    pub adapter: Option<String>,
    /// The adapter's driver.
    pub driver: Option<String>,
    /// Whether the adapter is a software rasteriser.
    pub software: bool,
    /// That of the command line.
    pub precision: Precision,
    /// What opening a device and compiling for it took, s.
    pub compile_seconds: Option<f64>,
}

impl std::fmt::Debug for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chosen")
            .field("backend", &self.backend)
            .field("adapter", &self.adapter)
            .finish_non_exhaustive()
    }
}

/// Memory for the chains of one tile; more would not be faster.
const TILE_BYTES: u64 = 2 << 30;

/// Why no engine can run a problem.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The device cannot.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The ensemble cannot be cut small enough.
    #[error("the ensemble cannot be cut small enough: {0}")]
    Tile(#[from] TileError),
    /// Only a GPU run has an adapter.
    #[error("--adapter chooses a GPU; leave it out with --backend cpu")]
    AdapterOfCpu,
    /// Built without the feature.
    #[error(
        "this program was built without GPU support; use --backend cpu, or build with the feature \"gpu\""
    )]
    NoGpuSupport,
}

/// Chooses by the command line: the adapter that was asked for, else a real GPU where there is one, else the CPU.
///
/// # Errors
/// The wanted backend does not exist or cannot hold the problem.
pub fn choose(problem: &Problem, options: &Options) -> Result<Chosen, ChoiceError> {
    let adapter = options.adapter.as_deref();
    match (options.backend, options.precision) {
        (Backend::Cpu, _) if adapter.is_some() => Err(ChoiceError::AdapterOfCpu),
        (Backend::Gpu, precision) => gpu(problem, adapter, precision),
        (Backend::Auto, precision) if adapter.is_some() => gpu(problem, adapter, precision),
        // Most GPUs have a few units for double precision, or none.
        (Backend::Cpu | Backend::Auto, precision @ Precision::F64) => {
            cpu::<f64>(problem, precision)
        }
        (Backend::Auto, precision) if real_gpu() => gpu(problem, adapter, precision),
        (Backend::Cpu | Backend::Auto, precision) => cpu::<f32>(problem, precision),
    }
}

fn cpu<T: crate::loss::Real + From<f32>>(
    problem: &Problem,
    precision: Precision,
) -> Result<Chosen, ChoiceError> {
    let task = &problem.task;
    let tiles = tiles(
        &task.layout,
        Cpu::<T>::bytes_per_chain(task),
        TILE_BYTES,
        u64::MAX,
    )?;
    let threads = rayon::current_num_threads();
    Ok(Chosen {
        tiles,
        engine: Box::new(Cpu::<T>::new(task.clone())),
        backend: "cpu",
        adapter: Some(
            format!(
                "{threads} threads, {:?} vectors",
                crate::engine::SimdLevel::best()
            )
            .to_lowercase(),
        ),
        driver: None,
        software: false,
        compile_seconds: None,
        precision,
    })
}

/// Whether there is an adapter that is not a software rasteriser.
#[cfg(feature = "gpu")]
fn real_gpu() -> bool {
    use crate::engine::gpu;
    gpu::adapters(None)
        .iter()
        .any(|adapter| adapter.chosen && !adapter.software)
}

#[cfg(not(feature = "gpu"))]
fn real_gpu() -> bool {
    false
}

#[cfg(feature = "gpu")]
fn gpu(
    problem: &Problem,
    wanted: Option<&str>,
    precision: Precision,
) -> Result<Chosen, ChoiceError> {
    use crate::engine::gpu::{self, Gpu};
    use std::time::Instant;
    let task = &problem.task;
    let started = Instant::now();
    let open = gpu::open(wanted)?;
    let most = Gpu::most_slots(task, &open);
    let bytes = Gpu::bytes_per_chain(task, open.target());
    let tiles = tiles(&task.layout, bytes, TILE_BYTES, most)?;
    let report = open.report.clone();
    Ok(Chosen {
        tiles,
        engine: Box::new(Gpu::new(task.clone(), open)?),
        compile_seconds: Some(started.elapsed().as_secs_f64()),
        backend: "gpu",
        adapter: Some(report.name),
        driver: Some(format!("{} {}", report.backend, report.driver)),
        software: report.software,
        precision,
    })
}

#[cfg(not(feature = "gpu"))]
fn gpu(_: &Problem, _: Option<&str>, _: Precision) -> Result<Chosen, ChoiceError> {
    Err(ChoiceError::NoGpuSupport)
}
