//! Hand-written WGSL kernels and the minimal wgpu code that runs them.

use super::by_hand::Well;
use crate::random::{NORMAL_TABLE, WGSL_THREEFRY, wgsl_constants, wgsl_noise};
use crate::spec::{NoiseKind, NormalTransform};
use std::fmt::Write as _;
use std::ops::Range;
use wgpu::util::{BufferInitDescriptor, DeviceExt};
use wgpu::{Buffer, BufferUsages};

const KERNEL: &str = include_str!("kernel.wgsl");

/// Binding of the table of the integer transform: on hardware, and on a software rasterizer, as in
/// the engine.
const TABLE: [&str; 2] = [
    "@group(0) @binding(2) var<storage, read> normal_coefficients: array<vec4<u32>, 1024>;\n",
    "@group(0) @binding(2) var<uniform> normal_coefficients: array<vec4<u32>, 1024>;\n",
];

/// Most blocks in one dispatch. This keeps each dispatch below a driver's time limit of some
/// seconds; some software rasterizers also end a loop after 65 535 iterations.
const DISPATCH: u64 = 1024;

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Run {
    key: [u32; 4],
    chains: u32,
    first_block: u32,
    blocks: u32,
    drift: f32,
    amplitude: f32,
    unused: [u32; 3],
}

/// Work of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kernel {
    /// Steps of the double well.
    Advance,
    /// Variates; each chain stores their sum.
    Generate,
}

/// Kernel with its chains on a device of its own.
#[derive(Debug)]
pub(super) struct GpuKernel {
    well: Well,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: wgpu::ComputePipeline,
    group: wgpu::BindGroup,
    run: Buffer,
    state: Buffer,
    chains: u32,
}

impl GpuKernel {
    /// Opens the adapter `adapter` and creates `chains` chains, all at 1.
    ///
    /// # Panics
    /// No adapter has this name. The engine must have opened it before.
    pub(super) fn new(well: Well, kernel: Kernel, adapter: &str, chains: u32) -> Self {
        let (device, queue, software) = open(adapter);
        let integer = well.noise == NoiseKind::Gaussian(NormalTransform::Integer);
        let pipeline = pipeline(&device, &source(well.noise, software), kernel);
        let run = init(
            &device,
            &[0; size_of::<Run>()],
            BufferUsages::UNIFORM | BufferUsages::COPY_DST,
        );
        let state = init(
            &device,
            bytemuck::cast_slice(&vec![1f32; chains as usize]),
            BufferUsages::STORAGE | BufferUsages::COPY_SRC,
        );
        let usage = if software {
            BufferUsages::UNIFORM
        } else {
            BufferUsages::STORAGE
        };
        let table = init(&device, bytemuck::cast_slice(&NORMAL_TABLE), usage);
        let mut buffers = vec![&run, &state];
        if integer {
            buffers.push(&table);
        }
        let group = bind_group(&device, &pipeline, &buffers);
        Self {
            well,
            device,
            queue,
            pipeline,
            group,
            run,
            state,
            chains,
        }
    }

    /// Runs the kernel over `blocks` and waits until it is done.
    pub(super) fn run(&self, blocks: Range<u64>) {
        for first in blocks.clone().step_by(DISPATCH as usize) {
            self.dispatch(first..blocks.end.min(first + DISPATCH));
        }
    }

    fn dispatch(&self, blocks: Range<u64>) {
        let run = Run {
            key: self.well.stream.key(),
            chains: self.chains,
            first_block: blocks.start as u32,
            blocks: (blocks.end - blocks.start) as u32,
            drift: self.well.drift,
            amplitude: self.well.amplitude,
            unused: [0; 3],
        };
        self.queue
            .write_buffer(&self.run, 0, bytemuck::bytes_of(&run));
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &self.group, &[]);
            pass.dispatch_workgroups(self.chains.div_ceil(64), 1, 1);
        }
        self.queue.submit([encoder.finish()]);
        self.wait();
    }

    /// Stored word of every chain.
    pub(super) fn state(&self) -> Vec<u32> {
        let bytes = u64::from(self.chains) * 4;
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes,
            usage: BufferUsages::MAP_READ | BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.state, 0, &staging, 0, bytes);
        self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |result| {
            result.expect("a fresh buffer maps");
        });
        self.wait();
        let view = staging.get_mapped_range(..).expect("mapped above");
        bytemuck::pod_collect_to_vec(&view)
    }

    fn wait(&self) {
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .expect("the device answers");
    }
}

fn pipeline(device: &wgpu::Device, source: &str, kernel: Kernel) -> wgpu::ComputePipeline {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    };
    // SAFETY: the only index is below the number of chains, and all loops are bounded.
    let module = unsafe {
        device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
    };
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some(match kernel {
            Kernel::Advance => "advance",
            Kernel::Generate => "generate",
        }),
        compilation_options: Default::default(),
        cache: None,
    })
}

/// Bind group with `buffers` at bindings 0, 1, ….
fn bind_group(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: &[&Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (buffers.iter().zip(0..))
        .map(|(buffer, binding)| wgpu::BindGroupEntry {
            binding,
            resource: buffer.as_entire_binding(),
        })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

fn source(noise: NoiseKind, software: bool) -> String {
    let mut source = wgsl_constants();
    let _ = writeln!(source, "const DRAWS = {}u;", noise.draws_per_block());
    source.push_str(WGSL_THREEFRY);
    if noise == NoiseKind::Gaussian(NormalTransform::Integer) {
        source.push_str(TABLE[usize::from(software)]);
    }
    for file in wgsl_noise(noise) {
        source.push_str(file);
    }
    source.push_str(KERNEL);
    source
}

fn open(name: &str) -> (wgpu::Device, wgpu::Queue, bool) {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let adapter = adapters
        .iter()
        .find(|adapter| adapter.get_info().name == name);
    let adapter = adapter.expect("the engine has opened the adapter of this name");
    let request = adapter.request_device(&wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    });
    let (device, queue) = pollster::block_on(request).expect("the engine has opened such a device");
    let software = adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    (device, queue, software)
}

fn init(device: &wgpu::Device, contents: &[u8], usage: BufferUsages) -> Buffer {
    device.create_buffer_init(&BufferInitDescriptor {
        label: None,
        contents,
        usage,
    })
}
