//! Runs shaders of the tests on a device without the engine: words in, words out.

use etascope::random::NORMAL_TABLE;
use wgpu::util::{BufferInitDescriptor, DeviceExt};
use wgpu::{BufferUsages, Device, Queue};

/// An opened device.
pub(crate) struct Probe {
    device: Device,
    queue: Queue,
}

impl Probe {
    /// Opens the first Vulkan, Metal or DX12 adapter. The test fails if there is none.
    pub(crate) fn open() -> Self {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = wgpu::Backends::VULKAN | wgpu::Backends::METAL | wgpu::Backends::DX12;
        let instance = wgpu::Instance::new(descriptor);
        let adapter =
            pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))
                .expect("GPU tests need an adapter");
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))
                .expect("the adapter opens");
        Self { device, queue }
    }

    /// Runs the entry point `probe` with workgroups of 128 over `input` (binding 0, read). It writes `output` words to
    /// binding 1. If the source names it, the table of normals is uniform at binding 7.
    pub(crate) fn run(
        &self,
        source: &str,
        input: &[u32],
        invocations: usize,
        output: usize,
    ) -> Vec<u32> {
        let device = &self.device;
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        let checks = wgpu::ShaderRuntimeChecks {
            force_loop_bounding: false,
            ..wgpu::ShaderRuntimeChecks::checked()
        };
        // SAFETY: as in the engine, bounds checks stay on, and every loop of a test ends.
        let module = unsafe { device.create_shader_module_trusted(descriptor, checks) };
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: Some("probe"),
            compilation_options: Default::default(),
            cache: None,
        });
        let filled = |contents: &[u8], usage| {
            device.create_buffer_init(&BufferInitDescriptor {
                label: None,
                contents,
                usage,
            })
        };
        let empty = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: output as u64 * 4,
                usage,
                mapped_at_creation: false,
            })
        };
        let words = filled(bytemuck::cast_slice(input), BufferUsages::STORAGE);
        let table = filled(bytemuck::cast_slice(&NORMAL_TABLE), BufferUsages::UNIFORM);
        let results = empty(BufferUsages::STORAGE | BufferUsages::COPY_SRC);
        let staging = empty(BufferUsages::MAP_READ | BufferUsages::COPY_DST);
        let mut bound = vec![(0, &words), (1, &results)];
        if source.contains("normal_coefficients") {
            bound.push((7, &table));
        }
        let entries: Vec<_> = (bound.iter())
            .map(|&(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(invocations.div_ceil(128) as u32, 1, 1);
        }
        encoder.copy_buffer_to_buffer(&results, 0, &staging, 0, output as u64 * 4);
        self.queue.submit([encoder.finish()]);
        staging.map_async(wgpu::MapMode::Read, .., |result| {
            result.expect("the results can be mapped");
        });
        device
            .poll(wgpu::PollType::wait_indefinitely())
            .expect("the device answers");
        let view = staging
            .get_mapped_range(..)
            .expect("the results are mapped");
        bytemuck::pod_collect_to_vec(&view)
    }
}
