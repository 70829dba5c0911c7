//! Chooses the engine of a run and cuts the ensemble into tiles.

use super::options::Options;
use crate::compile::Problem;
use crate::engine::{Cpu, Engine, EngineError};
use crate::plan::{Tile, TileError, tiles};
use crate::spec::{Backend, Precision};

/// An engine and the tiles that it runs one after the other.
pub struct Chosen {
    /// The engine.
    pub engine: Box<dyn Engine>,
    /// Pieces of the ensemble, each small enough for the engine's memory.
    pub tiles: Vec<Tile>,
    /// Memory that one chain takes on the engine.
    pub bytes_per_chain: u64,
    /// "cpu" or "gpu".
    pub backend: &'static str,
    /// Reason for this backend.
    pub reason: &'static str,
    /// Name of the processor or adapter.
    pub adapter: Option<String>,
    /// Driver of the adapter.
    pub driver: Option<String>,
    /// True if the adapter is a software rasterizer.
    pub software: bool,
    /// Arithmetic of the chains.
    pub precision: Precision,
    /// Time in seconds to open the device and compile its programs.
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

/// Most memory for the chains of one tile; more would not be faster.
const TILE_BYTES: u64 = 2 << 30;

/// Reason why no engine can run a problem.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// The device cannot run it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A single block of chains does not fit into memory.
    #[error("the ensemble cannot be cut small enough: {0}")]
    Tile(#[from] TileError),
    /// An adapter was named for a run on the CPU.
    #[error("--adapter chooses a GPU; leave it out with --backend cpu")]
    AdapterOfCpu,
    /// The feature `gpu` is off.
    #[error(
        "this program was built without GPU support; use --backend cpu, or build with the feature \"gpu\""
    )]
    NoGpuSupport,
}

/// Chooses an engine: the adapter that the options name, else a real GPU if there is one, else the CPU.
///
/// # Errors
/// The wanted backend does not exist or cannot hold the problem.
pub fn choose(problem: &Problem, options: &Options) -> Result<Chosen, ChoiceError> {
    let adapter = options.adapter.as_deref();
    let gpu = |reason| gpu(problem, adapter, options.precision, reason);
    match (options.backend, options.precision) {
        (Backend::Cpu, _) if adapter.is_some() => Err(ChoiceError::AdapterOfCpu),
        (Backend::Gpu, _) => gpu("it was asked for"),
        (Backend::Auto, _) if adapter.is_some() => gpu("an adapter was named"),
        (Backend::Cpu, Precision::F64) => {
            cpu::<f64>(problem, options.precision, "it was asked for")
        }
        (Backend::Auto, Precision::F64) => cpu::<f64>(
            problem,
            options.precision,
            "most GPUs have few units for double precision, or none",
        ),
        (Backend::Cpu, precision) => cpu::<f32>(problem, precision, "it was asked for"),
        (Backend::Auto, _) if real_gpu() => gpu("there is a GPU"),
        (Backend::Auto, precision) => cpu::<f32>(problem, precision, "there is no hardware GPU"),
    }
}

fn cpu<T: crate::loss::Real + From<f32>>(
    problem: &Problem,
    precision: Precision,
    reason: &'static str,
) -> Result<Chosen, ChoiceError> {
    let task = &problem.task;
    let bytes_per_chain = Cpu::<T>::bytes_per_chain(task);
    let tiles = tiles(&task.layout, bytes_per_chain, TILE_BYTES, u64::MAX)?;
    let threads = rayon::current_num_threads();
    Ok(Chosen {
        tiles,
        engine: Box::new(Cpu::<T>::new(task.clone())),
        bytes_per_chain,
        backend: "cpu",
        reason,
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

/// Returns true if there is an adapter that is not a software rasterizer.
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
    reason: &'static str,
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
        bytes_per_chain: bytes,
        backend: "gpu",
        reason,
        adapter: Some(report.name),
        driver: Some(format!("{} {}", report.backend, report.driver)),
        software: report.software,
        precision,
    })
}

#[cfg(not(feature = "gpu"))]
fn gpu(_: &Problem, _: Option<&str>, _: Precision, _: &'static str) -> Result<Chosen, ChoiceError> {
    Err(ChoiceError::NoGpuSupport)
}
