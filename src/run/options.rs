//! Where and how an experiment runs, and who is told about it.

use super::progress::Progress;
use crate::measure::Estimate;
use crate::spec::{Backend, Precision};
use std::fmt;
use std::sync::Arc;

/// A caller's function that is told of progress.
pub(super) type ProgressCallback = dyn Fn(Progress) + Send + Sync;

/// A caller's function that is told of measurements.
pub(super) type MeasureCallback = dyn Fn(&Measurement) + Send + Sync;

/// Where and how an experiment runs.
///
/// The default takes a GPU if there is a real one, otherwise the CPU, computes in single precision, and reports nothing
/// on the way. Each method changes one choice:
///
/// ```
/// use etascope::{Backend, Options, Precision};
///
/// let options = Options::default()
///     .backend(Backend::Cpu)
///     .precision(Precision::F64)
///     .on_progress(|progress| eprintln!("{} chain-steps", progress.chain_steps));
/// ```
#[derive(Clone, Default)]
pub struct Options {
    pub(super) backend: Backend,
    pub(super) adapter: Option<String>,
    pub(super) precision: Precision,
    pub(super) on_progress: Option<Arc<ProgressCallback>>,
    pub(super) on_measure: Option<Arc<MeasureCallback>>,
}

impl Options {
    /// Runs on this backend; the default is [`Backend::Auto`].
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Runs on the GPU whose name contains this text. `etascope devices` lists the names.
    #[must_use]
    pub fn adapter(mut self, name: impl Into<String>) -> Self {
        self.adapter = Some(name.into());
        self
    }

    /// Computes in this precision; the default is [`Precision::F32`].
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Calls `callback` when a run starts, at most twenty times a second while it goes on, and when it ends.
    ///
    /// Any thread may call it, so the callback must not block.
    #[must_use]
    pub fn on_progress(mut self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(callback));
        self
    }

    /// Calls `callback` at each measurement of each learning rate, in the order in which they are made.
    ///
    /// The run waits for the callback to return.
    #[must_use]
    pub fn on_measure(mut self, callback: impl Fn(&Measurement) + Send + Sync + 'static) -> Self {
        self.on_measure = Some(Arc::new(callback));
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("backend", &self.backend)
            .field("adapter", &self.adapter)
            .field("precision", &self.precision)
            .field("on_progress", &self.on_progress.is_some())
            .field("on_measure", &self.on_measure.is_some())
            .finish()
    }
}

/// The loss at one learning rate and one time, as [`Options::on_measure`] reports it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// Index of the learning rate in the sweep.
    pub point: usize,
    /// The learning rate at the start of its schedule.
    pub eta: f64,
    /// Steps done.
    pub step: u64,
    /// Time t = Σ η (or Σ dt).
    pub time: f64,
    /// Chains that were measured and have not diverged. An ensemble that does not fit into memory runs in several
    /// tiles; each reports the same steps again, with the chains of the earlier tiles included.
    pub chains: u64,
    /// Mean loss over these chains.
    pub loss: Estimate,
}
