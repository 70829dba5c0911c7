//! Mesa's RADV without hardware: compiles compute shaders for an AMD chip and reports their cost.

use ash::{khr::pipeline_executable_properties, vk};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module};
use std::ffi::CStr;
use std::path::{Path, PathBuf};

/// Chip for which RADV compiles: RDNA 2, Radeon RX 6800.
pub(crate) const CHIP: &str = "navi21";

/// Folders with the manifests of Vulkan drivers.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
];

/// Statistics that the compiler reports of a shader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// Vector and scalar registers.
    pub(crate) registers: [u64; 2],
    /// Spilled vector and scalar registers.
    pub(crate) spills: [u64; 2],
    /// Bytes of scratch memory of each invocation.
    pub(crate) scratch: u64,
    /// Waves that a SIMD unit runs at once.
    pub(crate) waves: u64,
    /// Cycles for which a wave occupies the busiest unit. The compiler counts every loop as eight turns, and part of the cost of
    /// a branch.
    pub(crate) inverse_throughput: u64,
}

/// The device without hardware.
pub(crate) struct NullHardware {
    device: ash::Device,
    statistics: pipeline_executable_properties::Device,
    instance: ash::Instance,
    _entry: ash::Entry,
    pub(crate) name: String,
}

/// Restricts the Vulkan loader to RADV, and RADV to the chip [`CHIP`].
///
/// # Safety
/// No other thread may run yet.
pub(crate) unsafe fn choose() -> Result<(), String> {
    let driver = driver().ok_or_else(|| {
        format!(
            "no radeon_icd*.json in {}: RADV comes with Mesa (Debian and Ubuntu: apt-get install mesa-vulkan-drivers)",
            DRIVERS.join(", ")
        )
    })?;
    for (key, value) in [
        ("VK_DRIVER_FILES", driver.as_os_str()),
        // For loaders older than 1.3.207.
        ("VK_ICD_FILENAMES", driver.as_os_str()),
        ("RADV_FORCE_FAMILY", CHIP.as_ref()),
    ] {
        // SAFETY: the caller's.
        unsafe { std::env::set_var(key, value) };
    }
    Ok(())
}

fn driver() -> Option<PathBuf> {
    let is_radv = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("radeon_icd") && name.ends_with(".json"))
    };
    let files = DRIVERS
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok());
    let mut paths = files.flatten().flatten().map(|entry| entry.path());
    paths.find(|path| is_radv(path))
}

impl NullHardware {
    /// Opens the only device.
    pub(crate) fn open() -> Result<Self, String> {
        let told = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
        // SAFETY: the loader is a sound library, and `drop` destroys all objects in order.
        unsafe {
            let entry = ash::Entry::load().map_err(|error| told("no Vulkan loader", &error))?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
            let info = vk::InstanceCreateInfo::default().application_info(&application);
            let instance = entry
                .create_instance(&info, None)
                .map_err(|error| told("no Vulkan instance", &error))?;
            let devices = instance
                .enumerate_physical_devices()
                .map_err(|error| told("no devices", &error))?;
            let &physical = devices.first().ok_or("RADV shows no device")?;
            let name = text(
                &instance
                    .get_physical_device_properties(physical)
                    .device_name,
            );
            let priorities = [1.0];
            let queues = [vk::DeviceQueueCreateInfo::default()
                .queue_family_index(0)
                .queue_priorities(&priorities)];
            let extensions = [pipeline_executable_properties::NAME.as_ptr()];
            // The features that wgpu enables: the hardware checks the bounds of buffers.
            let features = vk::PhysicalDeviceFeatures::default()
                .robust_buffer_access(true)
                .shader_float64(true)
                .shader_int64(true);
            let mut statistics =
                vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
                    .pipeline_executable_info(true);
            let mut memory = vk::PhysicalDeviceVulkanMemoryModelFeatures::default()
                .vulkan_memory_model(true)
                .vulkan_memory_model_device_scope(true);
            let info = vk::DeviceCreateInfo::default()
                .queue_create_infos(&queues)
                .enabled_extension_names(&extensions)
                .enabled_features(&features)
                .push_next(&mut statistics)
                .push_next(&mut memory);
            let device = instance
                .create_device(physical, &info, None)
                .map_err(|error| told("RADV's device does not open", &error))?;
            Ok(Self {
                statistics: pipeline_executable_properties::Device::new(&instance, &device),
                device,
                instance,
                _entry: entry,
                name,
            })
        }
    }

    /// Compiles the entry point of a WGSL source.
    ///
    /// # Panics
    /// The source is not valid WGSL.
    pub(crate) fn cost(&self, source: &str, entry: &str) -> Result<Cost, String> {
        let (module, words) = translated(source);
        let bindings = bindings(&module);
        let name = std::ffi::CString::new(entry).expect("a name without zeros");
        // SAFETY: naga wrote the SPIR-V, the layout has its bindings, and every object outlives its use.
        unsafe {
            let device = &self.device;
            let failed = |error: vk::Result| format!("RADV does not compile it: {error}");
            let info = vk::ShaderModuleCreateInfo::default().code(&words);
            let shader = device.create_shader_module(&info, None).map_err(failed)?;
            let info = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
            let sets = [device
                .create_descriptor_set_layout(&info, None)
                .map_err(failed)?];
            let info = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
            let layout = device.create_pipeline_layout(&info, None).map_err(failed)?;
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(shader)
                .name(&name);
            let info = vk::ComputePipelineCreateInfo::default()
                .stage(stage)
                .layout(layout)
                .flags(vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR);
            let pipelines = device
                .create_compute_pipelines(vk::PipelineCache::null(), &[info], None)
                .map_err(|(_, error)| failed(error))?;
            let info = vk::PipelineExecutableInfoKHR::default().pipeline(pipelines[0]);
            let statistics = self.statistics.get_pipeline_executable_statistics(&info);
            device.destroy_pipeline(pipelines[0], None);
            device.destroy_pipeline_layout(layout, None);
            device.destroy_descriptor_set_layout(sets[0], None);
            device.destroy_shader_module(shader, None);
            read(&statistics.map_err(failed)?)
        }
    }
}

impl Drop for NullHardware {
    fn drop(&mut self) {
        // SAFETY: all objects created from them are destroyed.
        unsafe {
            self.device.destroy_device(None);
            self.instance.destroy_instance(None);
        }
    }
}

/// SPIR-V with the options of wgpu and the engine: naga checks array indices, the hardware checks buffers, loops have no counters.
fn translated(source: &str) -> (Module, Vec<u32>) {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    // Capabilities of wgpu's features for double precision.
    let capabilities = Capabilities::FLOAT64 | Capabilities::SHADER_INT64;
    let info = Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}", error.emit_to_string(source)));
    let mut options = naga::back::spv::Options {
        lang_version: (1, 3),
        bounds_check_policies: BoundsCheckPolicies {
            index: BoundsCheckPolicy::Restrict,
            buffer: BoundsCheckPolicy::Unchecked,
            ..Default::default()
        },
        force_loop_bounding: false,
        ..Default::default()
    };
    options.flags.remove(naga::back::spv::WriterFlags::DEBUG);
    let words = naga::back::spv::write_vec(&module, &info, &options, None)
        .unwrap_or_else(|error| panic!("{error}"));
    (module, words)
}

fn bindings(module: &Module) -> Vec<vk::DescriptorSetLayoutBinding<'static>> {
    let globals = module.global_variables.iter();
    let bound = globals.filter_map(|(_, global)| Some((global.binding?.binding, global.space)));
    bound
        .map(|(binding, space)| {
            let kind = match space {
                AddressSpace::Uniform => vk::DescriptorType::UNIFORM_BUFFER,
                AddressSpace::Storage { .. } => vk::DescriptorType::STORAGE_BUFFER,
                other => panic!("no shader binds {other:?}"),
            };
            vk::DescriptorSetLayoutBinding::default()
                .binding(binding)
                .descriptor_count(1)
                .stage_flags(vk::ShaderStageFlags::COMPUTE)
                .descriptor_type(kind)
        })
        .collect()
}

fn read(statistics: &[vk::PipelineExecutableStatisticKHR<'_>]) -> Result<Cost, String> {
    let value = |name: &str| {
        let found = (statistics.iter()).find(|statistic| text(&statistic.name) == name);
        let known = || {
            statistics
                .iter()
                .map(|known| text(&known.name))
                .collect::<Vec<_>>()
        };
        let statistic =
            found.ok_or_else(|| format!("RADV reports no {name:?} but {:?}", known()))?;
        // SAFETY: all statistics of RADV are integers.
        Ok::<_, String>(unsafe { statistic.value.u64 })
    };
    Ok(Cost {
        instructions: value("Instructions")?,
        registers: [value("VGPRs")?, value("SGPRs")?],
        spills: [value("Spilled VGPRs")?, value("Spilled SGPRs")?],
        scratch: value("Scratch size")?,
        waves: value("Subgroups per SIMD")?,
        inverse_throughput: value("Inverse Throughput")?,
    })
}

fn text(characters: &[std::ffi::c_char]) -> String {
    // SAFETY: Vulkan's names end with a zero.
    unsafe { CStr::from_ptr(characters.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}
