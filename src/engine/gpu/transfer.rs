//! Creation of buffers, and copies from the device to the host.

use super::device::OpenDevice;
use crate::engine::error::EngineError;
use bytemuck::Pod;
use std::sync::mpsc;
use std::time::Duration;
use wgpu::{Buffer, BufferUsages};

/// Longest time to wait for a submission. Dispatches are sized for a twentieth of a second, but a software rasterizer compiles
/// a shader at its first dispatch; one that measures hundreds of outputs took more than a minute on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Bytes in transit between host and device at a time. They exist on both sides.
pub(super) const PIECE: u64 = 1 << 22;

/// A buffer of zeros.
pub(super) fn empty(open: &OpenDevice, size: u64, usage: BufferUsages) -> Buffer {
    open.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size,
        usage,
        mapped_at_creation: false,
    })
}

/// A buffer with the given contents. They are written through the queue, because mapping a buffer of a lost device panics in
/// wgpu, and a failed write is reported to [`OpenDevice::check`].
pub(super) fn init(open: &OpenDevice, contents: &[u8], usage: BufferUsages) -> Buffer {
    let buffer = empty(open, contents.len() as u64, usage | BufferUsages::COPY_DST);
    open.queue.write_buffer(&buffer, 0, contents);
    buffer
}

/// Waits for a submission, at most [`PATIENCE`].
pub(super) fn wait(
    open: &OpenDevice,
    submission: wgpu::SubmissionIndex,
    what: &str,
) -> Result<(), EngineError> {
    let poll = wgpu::PollType::Wait {
        submission_index: Some(submission),
        timeout: Some(PATIENCE),
    };
    let outcome = open.device.poll(poll);
    open.check(what)?;
    outcome.map(|_| ()).map_err(|_| EngineError::Timeout {
        what: what.to_owned(),
        seconds: PATIENCE.as_secs(),
    })
}

/// A copy to the host that the device makes after all work submitted before.
#[derive(Debug)]
pub(super) struct PendingCopy {
    staging: Buffer,
    length: u64,
    submission: wgpu::SubmissionIndex,
    outcome: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
    what: String,
}

impl PendingCopy {
    /// Submits commands that fill the first `length` bytes of `staging`.
    pub(super) fn submit(
        open: &OpenDevice,
        commands: wgpu::CommandEncoder,
        staging: &Buffer,
        length: u64,
        what: &str,
    ) -> Self {
        let submission = open.queue.submit([commands.finish()]);
        let (sender, outcome) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, ..length, move |result| {
            // The receiver is gone only after a failure, which is reported where it happened.
            let _ = sender.send(result);
        });
        Self {
            staging: staging.clone(),
            length,
            submission,
            outcome,
            what: what.to_owned(),
        }
    }

    /// Waits for the copy and returns it.
    pub(super) fn wait<T: Pod>(self, open: &OpenDevice) -> Result<Vec<T>, EngineError> {
        let refused = |reason: String| EngineError::Refused {
            what: format!("to give back {}", self.what),
            reason,
        };
        wait(open, self.submission, &self.what)?;
        match self.outcome.try_recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(refused(error.to_string())),
            Err(_) => return Err(refused("the copy has not arrived".to_owned())),
        }
        let view = self
            .staging
            .get_mapped_range(..self.length)
            .map_err(|error| refused(error.to_string()))?;
        let all = bytemuck::pod_collect_to_vec::<u8, T>(&view);
        drop(view);
        self.staging.unmap();
        Ok(all)
    }
}

/// A buffer that receives copies for the host.
pub(super) fn staging(open: &OpenDevice, bytes: u64) -> Buffer {
    empty(open, bytes, BufferUsages::MAP_READ | BufferUsages::COPY_DST)
}

/// Submits commands, if any, then copies the first `bytes` of a buffer to the host.
pub(super) fn fetch<T: Pod>(
    open: &OpenDevice,
    mut commands: Option<wgpu::CommandEncoder>,
    buffer: &Buffer,
    bytes: u64,
    what: &str,
) -> Result<Vec<T>, EngineError> {
    let staging = staging(open, bytes.min(PIECE));
    let mut all = Vec::with_capacity(bytes as usize / size_of::<T>());
    for first in (0..bytes).step_by(PIECE as usize) {
        let length = PIECE.min(bytes - first);
        let mut commands = (commands.take())
            .unwrap_or_else(|| open.device.create_command_encoder(&Default::default()));
        commands.copy_buffer_to_buffer(buffer, first, &staging, 0, length);
        let piece = PendingCopy::submit(open, commands, &staging, length, what);
        all.extend(piece.wait::<T>(open)?);
    }
    Ok(all)
}
