//! Targets of the benchmarks: the processor at each of its vector widths, and every adapter.

use super::error::BenchError;
use crate::engine::{Cpu, Engine, SimdLevel, Task};
use crate::plan::{Checkpoint, Segment, Tile, tiles};
use crate::program::output::TargetLabel;
use std::time::{Duration, Instant};

/// Processor or adapter.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// Processor with these vector instructions.
    Cpu(SimdLevel),
    /// Opened adapter.
    #[cfg(feature = "gpu")]
    Gpu(crate::engine::gpu::OpenDevice),
}

/// Bytes of a tile, as in normal runs.
const TILE_BYTES: u64 = 2 << 30;

impl Target {
    /// All targets: the processor with its best instructions last, then every adapter, or those
    /// whose names contain `wanted`.
    ///
    /// # Errors
    /// No adapter matches `wanted`, or one cannot be opened.
    pub(super) fn all(wanted: Option<&str>) -> Result<Vec<Self>, BenchError> {
        let levels = SimdLevel::available();
        // Without fused multiply-add in hardware the portable level calls a library function for
        // each, so it is timed only if there is no other level.
        let skipped = usize::from(levels.len() > 1);
        let mut targets: Vec<Self> = levels.into_iter().skip(skipped).map(Self::Cpu).collect();
        targets.extend(Self::adapters(wanted)?);
        Ok(targets)
    }

    #[cfg(feature = "gpu")]
    fn adapters(wanted: Option<&str>) -> Result<Vec<Self>, BenchError> {
        use crate::engine::gpu;
        let mut names: Vec<String> = (gpu::adapters(None).into_iter())
            .map(|adapter| adapter.name)
            .filter(|name| {
                wanted.is_none_or(|wanted| name.to_lowercase().contains(&wanted.to_lowercase()))
            })
            .collect();
        names.dedup();
        if let (true, Some(_)) = (names.is_empty(), wanted) {
            // Opening the adapter gives an error that lists the available adapters.
            names.push(wanted.unwrap_or_default().to_owned());
        }
        let open = |name: &String| Ok(Self::Gpu(gpu::open(Some(name))?));
        names.iter().map(open).collect()
    }

    #[cfg(not(feature = "gpu"))]
    fn adapters(wanted: Option<&str>) -> Result<Vec<Self>, BenchError> {
        match wanted {
            None => Ok(Vec::new()),
            Some(_) => Err(BenchError::NoGpuSupport),
        }
    }

    /// Vector instructions of a processor; `None` for an adapter.
    pub(super) fn level(&self) -> Option<SimdLevel> {
        match self {
            Self::Cpu(level) => Some(*level),
            #[cfg(feature = "gpu")]
            Self::Gpu(_) => None,
        }
    }

    /// Returns true if normal runs use this target. On the processor they use the best
    /// instructions.
    pub(super) fn is_for_runs(&self) -> bool {
        self.level().is_none_or(|level| level == SimdLevel::best())
    }

    /// Description for tables.
    pub(super) fn label(&self) -> TargetLabel {
        match self {
            Self::Cpu(level) => TargetLabel {
                backend: "cpu".to_owned(),
                adapter: format!("{} threads, {level:?}", rayon::current_num_threads())
                    .to_lowercase(),
                driver: String::new(),
                software: false,
            },
            #[cfg(feature = "gpu")]
            Self::Gpu(open) => TargetLabel {
                backend: "gpu".to_owned(),
                adapter: open.report.name.clone(),
                driver: format!("{} {}", open.report.backend, open.report.driver),
                software: open.report.software,
            },
        }
    }

    /// Creates an engine for a task.
    ///
    /// # Errors
    /// The device rejects the task.
    pub(super) fn engine(&self, task: &Task) -> Result<Loaded, BenchError> {
        let (engine, bytes, most): (Box<dyn Engine + Send>, _, _) = match self {
            Self::Cpu(level) => (
                Box::new(Cpu::<f32>::with_level(task.clone(), *level)),
                Cpu::<f32>::bytes_per_chain(task),
                u64::MAX,
            ),
            #[cfg(feature = "gpu")]
            Self::Gpu(open) => {
                use crate::engine::gpu::Gpu;
                let most = Gpu::most_slots(task, open);
                let bytes = Gpu::bytes_per_chain(task, open.target());
                (Box::new(Gpu::new(task.clone(), open.clone())?), bytes, most)
            }
        };
        Ok(Loaded {
            engine,
            tiles: tiles(&task.layout, bytes, TILE_BYTES, most)?,
            points: task.layout.points,
        })
    }
}

/// Engine with the tiles of its ensemble.
pub(super) struct Loaded {
    pub(super) engine: Box<dyn Engine + Send>,
    pub(super) tiles: Vec<Tile>,
    points: usize,
}

impl Loaded {
    /// Advances all chains by `steps` steps from their start. Returns the time of the stepping
    /// alone.
    pub(super) fn advance(&mut self, steps: u64) -> Result<Duration, BenchError> {
        let checkpoint = Checkpoint {
            segments: vec![Segment { begin: 0, steps }; self.points],
            phase: 0,
            measured: false,
        };
        let mut taken = Duration::ZERO;
        for &tile in &self.tiles {
            self.engine.init_tile(tile)?;
            let start = Instant::now();
            self.engine.step(&checkpoint, &|_| {})?;
            taken += start.elapsed();
        }
        Ok(taken)
    }

    /// Does the same as [`Self::advance`]. The time includes the start of the chains and reading
    /// their states.
    pub(super) fn advance_and_fetch(&mut self, steps: u64) -> Result<Duration, BenchError> {
        let start = Instant::now();
        self.advance(steps)?;
        std::hint::black_box(self.engine.states()?);
        Ok(start.elapsed())
    }
}
