//! Backend under validation.

use super::check::{Check, Stage};
use crate::engine::{Engine, EngineError, Task};
use crate::plan::Tile;

type Make<'a> = dyn Fn(Task) -> Result<Box<dyn Engine>, EngineError> + 'a;

/// Backend under validation: its name and the constructor of its engines.
pub(super) struct Subject<'a> {
    backend: &'static str,
    make: Box<Make<'a>>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(
        backend: &'static str,
        make: impl Fn(Task) -> Result<Box<dyn Engine>, EngineError> + 'a,
    ) -> Self {
        Self {
            backend,
            make: Box::new(make),
        }
    }

    /// Engine with the whole ensemble of a task at its start.
    pub(super) fn engine(&self, task: &Task) -> Result<Box<dyn Engine>, EngineError> {
        let mut engine = (self.make)(task.clone())?;
        engine.init_tile(Tile {
            first_block: 0,
            blocks: task.layout.blocks(),
        })?;
        Ok(engine)
    }

    /// Check of this backend with its verdict.
    pub(super) fn check(
        &self,
        stage: Stage,
        what: &str,
        deviation: f64,
        bound: f64,
        note: &str,
    ) -> Check {
        Check {
            stage,
            what: what.to_owned(),
            backend: self.backend,
            deviation,
            bound,
            // NaN fails.
            passed: deviation <= bound,
            note: note.to_owned(),
        }
    }
}

/// Larger of two deviations. NaN becomes infinity, so that it cannot pass.
pub(super) fn worse(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::INFINITY
    } else {
        a.max(b)
    }
}
