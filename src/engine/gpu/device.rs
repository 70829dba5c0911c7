//! Choice of an adapter, and its device.

use super::target::Target;
use crate::engine::error::EngineError;
use std::sync::{Arc, Mutex};
use wgpu::{Adapter, Backends, Device, DeviceType, Features, Instance, Queue};

/// Properties of an adapter that are known without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterReport {
    /// The adapter's name.
    pub name: String,
    /// Vulkan, Metal or Dx12.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// One of discrete, integrated, virtual, cpu and other.
    pub kind: String,
    /// True for software rasterizers, which run on the CPU.
    pub software: bool,
    /// True when its shaders have 64-bit floats and 64-bit integers.
    pub doubles: bool,
    /// True when a run would choose it.
    pub chosen: bool,
    /// Reason for or against its choice.
    pub why: String,
    /// Limits that matter here, with their values.
    pub limits: Vec<(String, String)>,
}

/// An opened device.
#[derive(Debug, Clone)]
pub struct OpenDevice {
    pub(super) device: Device,
    pub(super) queue: Queue,
    /// Properties of the adapter.
    pub report: AdapterReport,
    failure: Arc<Mutex<Option<String>>>,
}

/// Features that shaders of double precision need.
const DOUBLES: Features = Features::SHADER_F64.union(Features::SHADER_INT64);

/// All adapters of this machine; the one that a run would choose is marked.
pub fn adapters(wanted: Option<&str>) -> Vec<AdapterReport> {
    let all = enumerate();
    let chosen = choose(&all, wanted);
    (all.iter().enumerate())
        .map(|(i, adapter)| report(adapter, chosen == Some(i), wanted))
        .collect()
}

/// Opens the adapter whose name contains `wanted` (without regard to case), else one of the fastest kind.
///
/// # Errors
/// No adapter fits, or it refuses to open.
pub fn open(wanted: Option<&str>) -> Result<OpenDevice, EngineError> {
    let all = enumerate();
    let Some(index) = choose(&all, wanted) else {
        return Err(EngineError::NoAdapter {
            wanted: wanted.map_or("was found".to_owned(), |name| {
                format!("has a name with \"{name}\" in it")
            }),
            available: match all.as_slice() {
                [] => "none".to_owned(),
                all => all
                    .iter()
                    .map(|a| a.get_info().name)
                    .collect::<Vec<_>>()
                    .join(", "),
            },
        });
    };
    let adapter = &all[index];
    let request = wgpu::DeviceDescriptor {
        label: Some("etascope"),
        required_features: adapter.features() & DOUBLES,
        required_limits: adapter.limits(),
        ..Default::default()
    };
    let (device, queue) =
        pollster::block_on(adapter.request_device(&request)).map_err(|error| {
            EngineError::Refused {
                what: format!("to open {}", adapter.get_info().name),
                reason: error.to_string(),
            }
        })?;
    let failure = Arc::new(Mutex::new(None));
    let (lost, uncaptured) = (failure.clone(), failure.clone());
    device.set_device_lost_callback(move |reason, message| {
        keep_first(
            &lost,
            format!("the device was lost ({reason:?}): {message}"),
        );
    });
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        keep_first(&uncaptured, error.to_string());
    }));
    Ok(OpenDevice {
        device,
        queue,
        report: report(adapter, true, wanted),
        failure,
    })
}

/// Keeps the first failure. Later ones are mostly its consequences.
fn keep_first(failure: &Mutex<Option<String>>, message: String) {
    if let Ok(mut first) = failure.lock() {
        first.get_or_insert(message);
    }
}

impl OpenDevice {
    /// Kind of device that shaders are written for. Software rasterizers with little workgroup memory run the shaders for
    /// hardware.
    pub fn target(&self) -> Target {
        let bytes = self.device.limits().max_compute_workgroup_storage_size;
        if self.report.software && bytes >= Target::Software.workgroup_bytes() {
            Target::Software
        } else {
            Target::Hardware
        }
    }

    /// Fails if the device has reported an error since it was opened.
    ///
    /// # Errors
    /// The first error, as the reason why the device refused `what`.
    pub fn check(&self, what: &str) -> Result<(), EngineError> {
        match self.failure.lock().ok().and_then(|failure| failure.clone()) {
            None => Ok(()),
            Some(reason) => Err(EngineError::Refused {
                what: what.to_owned(),
                reason,
            }),
        }
    }

    /// Destroys the device as a driver reset would, for tests.
    pub fn destroy(&self) {
        self.device.destroy();
    }
}

fn enumerate() -> Vec<Adapter> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = Backends::VULKAN | Backends::METAL | Backends::DX12;
    let instance = Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(Backends::all()))
}

fn rank(kind: DeviceType) -> u32 {
    match kind {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        DeviceType::VirtualGpu => 2,
        DeviceType::Other => 3,
        DeviceType::Cpu => 4,
    }
}

fn fits(adapter: &Adapter, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|name| {
        adapter
            .get_info()
            .name
            .to_lowercase()
            .contains(&name.to_lowercase())
    })
}

fn choose(all: &[Adapter], wanted: Option<&str>) -> Option<usize> {
    (0..all.len())
        .filter(|&i| fits(&all[i], wanted))
        .min_by_key(|&i| rank(all[i].get_info().device_type))
}

fn report(adapter: &Adapter, chosen: bool, wanted: Option<&str>) -> AdapterReport {
    let info = adapter.get_info();
    let limits = adapter.limits();
    let software = info.device_type == DeviceType::Cpu;
    let doubles = adapter.features().contains(DOUBLES);
    let why = reason(adapter, chosen, wanted);
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
    let [fewest, most] = [info.subgroup_min_size, info.subgroup_max_size];
    let limits = [
        (
            "storage binding",
            mebibytes(limits.max_storage_buffer_binding_size),
        ),
        ("buffer", mebibytes(limits.max_buffer_size)),
        (
            "workgroup size",
            limits.max_compute_invocations_per_workgroup.to_string(),
        ),
        ("subgroup size", format!("{fewest}–{most}")),
        (
            "64-bit floats",
            if doubles { "yes" } else { "no" }.to_owned(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    AdapterReport {
        name: info.name,
        backend: format!("{:?}", info.backend),
        driver: format!("{} {}", info.driver, info.driver_info)
            .trim()
            .to_owned(),
        kind: match info.device_type {
            DeviceType::DiscreteGpu => "discrete",
            DeviceType::IntegratedGpu => "integrated",
            DeviceType::VirtualGpu => "virtual",
            DeviceType::Cpu => "cpu",
            DeviceType::Other => "other",
        }
        .to_owned(),
        software,
        doubles,
        chosen,
        why,
        limits,
    }
}

/// Reason for or against the choice of an adapter.
fn reason(adapter: &Adapter, chosen: bool, wanted: Option<&str>) -> String {
    let software = adapter.get_info().device_type == DeviceType::Cpu;
    match (chosen, wanted) {
        (true, Some(name)) => format!("its name contains \"{name}\""),
        (true, None) if software => {
            "the only kind there is: a software rasterizer, which runs on the CPU".to_owned()
        }
        (true, None) => "the fastest kind there is".to_owned(),
        (false, Some(name)) if !fits(adapter, wanted) => {
            format!("its name does not contain \"{name}\"")
        }
        (false, _) => "another of its kind or a faster kind comes first".to_owned(),
    }
}
