//! Compiled entry points and their dispatches.

use super::buffers::Buffers;
use super::device::OpenDevice;
use super::entry::Entry;
use super::mirror::{Access, EXAMPLES, MEMORY};
use super::transfer::{fetch, wait};
use crate::engine::error::EngineError;
use bytemuck::Pod;
use wgpu::{BindingResource, Buffer};

/// A compiled entry point.
#[derive(Debug)]
pub(super) struct Pipeline {
    pipeline: wgpu::ComputePipeline,
    layout: wgpu::BindGroupLayout,
    /// Numbers of the bindings beyond the common ones.
    own: Vec<u32>,
}

impl Pipeline {
    /// Compiles an entry point.
    ///
    /// # Errors
    /// The device refuses the shader.
    pub(super) fn new(
        open: &OpenDevice,
        source: &str,
        entry: Entry,
        common: &[Access],
        extra: &[(u32, Access)],
    ) -> Result<Self, EngineError> {
        let device = &open.device;
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(entry.name()),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        let checks = wgpu::ShaderRuntimeChecks {
            // The host bounds every loop of shaders/.
            force_loop_bounding: false,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        // SAFETY: bounds checks stay on. Only the counters that stop endless loops are off, and no loop is endless.
        let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(entry.name()),
            entries: &layout_entries(common, extra),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry.name()),
            bind_group_layouts: &[Some(&layout)],
            ..Default::default()
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry.name()),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(entry.name()),
            compilation_options: Default::default(),
            cache: None,
        });
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(EngineError::Refused {
                what: format!("to compile \"{}\"", entry.name()),
                reason: error.to_string(),
            });
        }
        Ok(Self {
            pipeline,
            layout,
            own: extra.iter().map(|&(number, _)| number).collect(),
        })
    }

    /// Data sets and columns of memory, if the entry point binds them.
    fn shared<'a>(&self, buffers: &'a Buffers) -> impl Iterator<Item = (BindingResource<'a>, u32)> {
        [(&buffers.examples, EXAMPLES), (&buffers.memory, MEMORY)]
            .into_iter()
            .filter(|(_, number)| self.own.contains(number))
            .map(|(buffer, number)| (buffer.as_entire_binding(), number))
    }

    /// Dispatches workgroups in two dimensions and waits for them. `extra` are the entry point's own bindings in order; data
    /// sets and columns of memory are bound without being listed.
    pub(super) fn dispatch(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
        what: &str,
    ) -> Result<(), EngineError> {
        let commands = self.encode(open, buffers, extra, groups);
        wait(open, open.queue.submit([commands.finish()]), what)
    }

    /// As [`Self::dispatch`], then copies the first `bytes` of a buffer to the host. Waits once for both.
    pub(super) fn dispatch_and_read<T: Pod>(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
        (buffer, bytes): (&Buffer, u64),
        what: &str,
    ) -> Result<Vec<T>, EngineError> {
        let commands = self.encode(open, buffers, extra, groups);
        fetch(open, Some(commands), buffer, bytes, what)
    }

    fn encode(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
        groups: [u32; 2],
    ) -> wgpu::CommandEncoder {
        let mut encoder = open.device.create_command_encoder(&Default::default());
        self.bind(open, buffers, extra).encode(&mut encoder, groups);
        encoder
    }

    /// Creates the bind group.
    pub(super) fn bind(
        &self,
        open: &OpenDevice,
        buffers: &Buffers,
        extra: &[BindingResource<'_>],
    ) -> Bound {
        let entries: Vec<wgpu::BindGroupEntry<'_>> = (buffers.common().into_iter())
            .zip(0..)
            .chain(extra.iter().cloned().zip(self.own.iter().copied()))
            .chain(self.shared(buffers))
            .map(|(resource, binding)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let group = open.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.layout,
            entries: &entries,
        });
        Bound {
            pipeline: self.pipeline.clone(),
            group,
        }
    }
}

/// A compiled entry point and its bind group.
#[derive(Debug)]
pub(super) struct Bound {
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
}

impl Bound {
    /// Adds a dispatch of workgroups in two dimensions.
    pub(super) fn encode(&self, commands: &mut wgpu::CommandEncoder, [x, y]: [u32; 2]) {
        let mut pass = commands.begin_compute_pass(&Default::default());
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[]);
        pass.dispatch_workgroups(x, y, 1);
    }
}

fn layout_entries(common: &[Access], extra: &[(u32, Access)]) -> Vec<wgpu::BindGroupLayoutEntry> {
    ((0..).zip(common.iter().copied()))
        .chain(extra.iter().copied())
        .map(|(binding, access)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match access {
                    Access::Uniform => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::Write => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect()
}
