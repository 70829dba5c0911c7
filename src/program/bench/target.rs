//! Where workloads are timed: the processor at each of its vector widths, and every adapter.

use super::BenchError;
use crate::engine::{Cpu, Engine, SimdLevel, Task};
use crate::plan::{Checkpoint, Segment, Tile, tiles};
use crate::report::Venue;
use std::time::{Duration, Instant};

/// A processor or an adapter.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// The processor with these vector instructions.
    Cpu(SimdLevel),
    /// An adapter, opened.
    #[cfg(feature = "gpu")]
    Gpu(crate::engine::gpu::OpenDevice),
}

/// Bytes of a tile, as runs have it.
const TILE_BYTES: u64 = 2 << 30;

impl Target {
    /// The processor, its best instructions last, then every adapter, or those whose names contain `wanted`.
    ///
    /// # Errors
    /// An adapter was asked for by name and there is none, or one cannot be opened.
    pub(super) fn all(wanted: Option<&str>) -> Result<Vec<Self>, BenchError> {
        let levels = SimdLevel::available();
        // Without fused multiply-add in hardware the portable level calls a library for each: it is timed where there is
        // nothing else.
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
            // Opening says what there is.
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

    /// The vector instructions, on the processor.
    pub(super) fn level(&self) -> Option<SimdLevel> {
        match self {
            Self::Cpu(level) => Some(*level),
            #[cfg(feature = "gpu")]
            Self::Gpu(_) => None,
        }
    }

    /// Whether a run could go there: on the processor it takes the best instructions.
    pub(super) fn is_for_runs(&self) -> bool {
        self.level().is_none_or(|level| level == SimdLevel::best())
    }

    /// Its name for tables.
    pub(super) fn venue(&self) -> Venue {
        match self {
            Self::Cpu(level) => Venue {
                backend: "cpu".to_owned(),
                adapter: format!("{} threads, {level:?}", rayon::current_num_threads())
                    .to_lowercase(),
                driver: String::new(),
                software: false,
            },
            #[cfg(feature = "gpu")]
            Self::Gpu(open) => Venue {
                backend: "gpu".to_owned(),
                adapter: open.report.name.clone(),
                driver: format!("{} {}", open.report.backend, open.report.driver),
                software: open.report.software,
            },
        }
    }

    /// An engine for a task.
    ///
    /// # Errors
    /// The device refuses it.
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
                let most = Gpu::most_places(task, open);
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

/// An engine and the tiles in which it takes its ensemble.
pub(super) struct Loaded {
    pub(super) engine: Box<dyn Engine + Send>,
    pub(super) tiles: Vec<Tile>,
    points: usize,
}

impl Loaded {
    /// Advances all chains by so many steps from their start and says how long the stepping took.
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

    /// As [`Self::advance`], with the time to target the chains and to take their states back.
    pub(super) fn advance_and_fetch(&mut self, steps: u64) -> Result<Duration, BenchError> {
        let start = Instant::now();
        self.advance(steps)?;
        std::hint::black_box(self.engine.states()?);
        Ok(start.elapsed())
    }
}
