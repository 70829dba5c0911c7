//! Which adapter, and how to ask it for a device.

use super::compose::Target;
use crate::engine::EngineError;
use std::sync::{Arc, Mutex};
use wgpu::{Adapter, Backends, Device, DeviceType, Features, Instance, Queue};

/// What is known of an adapter without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterReport {
    /// The adapter's name.
    pub name: String,
    /// Vulkan, Metal or Dx12.
    pub backend: String,
    /// Driver and its version.
    pub driver: String,
    /// Discrete, integrated, virtual or cpu.
    pub kind: String,
    /// Whether this is a software rasteriser, which runs on the CPU.
    pub software: bool,
    /// Whether its shaders have floats of 64 bits, and integers as wide to take them apart.
    pub doubles: bool,
    /// Whether a run would choose it.
    pub chosen: bool,
    /// Why, in words.
    pub why: String,
    /// The limits that matter here, with their values.
    pub limits: Vec<(String, String)>,
}

/// An opened device.
#[derive(Debug, Clone)]
pub struct OpenDevice {
    pub(super) device: Device,
    pub(super) queue: Queue,
    /// What it is.
    pub report: AdapterReport,
    failure: Arc<Mutex<Option<String>>>,
}

/// What shaders of double precision need.
const DOUBLES: Features = Features::SHADER_F64.union(Features::SHADER_INT64);

/// All adapters of this machine, the one that a run would choose marked.
pub fn adapters(wanted: Option<&str>) -> Vec<AdapterReport> {
    let all = enumerate();
    let chosen = choose(&all, wanted);
    (all.iter().enumerate())
        .map(|(i, adapter)| report(adapter, chosen == Some(i), wanted))
        .collect()
}

/// Opens the adapter whose name contains `wanted` (without regard to case), else the fastest kind.
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
        note(
            &lost,
            format!("the device was lost ({reason:?}): {message}"),
        );
    });
    device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
        note(&uncaptured, error.to_string());
    }));
    Ok(OpenDevice {
        device,
        queue,
        report: report(adapter, true, wanted),
        failure,
    })
}

/// Keeps the first failure: later ones are mostly its consequences.
fn note(failure: &Mutex<Option<String>>, message: String) {
    if let Ok(mut first) = failure.lock() {
        first.get_or_insert(message);
    }
}

impl OpenDevice {
    /// What shaders for it are written for. Software rasterisers with little workgroup memory take what any hardware takes.
    pub fn target(&self) -> Target {
        let bytes = self.device.limits().max_compute_workgroup_storage_size;
        if self.report.software && bytes >= Target::Software.workgroup_bytes() {
            Target::Software
        } else {
            Target::Hardware
        }
    }

    /// The first error that the device reported since it was opened, if any.
    ///
    /// # Errors
    /// That error, as the reason why it refused `what`.
    pub fn check(&self, what: &str) -> Result<(), EngineError> {
        match self.failure.lock().ok().and_then(|failure| failure.clone()) {
            None => Ok(()),
            Some(reason) => Err(EngineError::Refused {
                what: what.to_owned(),
                reason,
            }),
        }
    }

    /// Destroys the device, as a driver reset would: for tests of what happens then.
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
    let why = match (chosen, wanted) {
        (true, Some(name)) => format!("its name contains \"{name}\""),
        (true, None) if software => {
            "the only kind there is: a software rasteriser, which runs on the CPU".to_owned()
        }
        (true, None) => "the fastest kind there is".to_owned(),
        (false, Some(name)) if !fits(adapter, wanted) => {
            format!("its name does not contain \"{name}\"")
        }
        (false, _) => "another of its kind or a faster kind comes first".to_owned(),
    };
    let mebibytes = |bytes: u64| format!("{} MiB", bytes >> 20);
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
        limits: vec![
            (
                "storage binding".to_owned(),
                mebibytes(limits.max_storage_buffer_binding_size),
            ),
            ("buffer".to_owned(), mebibytes(limits.max_buffer_size)),
            (
                "workgroup size".to_owned(),
                limits.max_compute_invocations_per_workgroup.to_string(),
            ),
            (
                "subgroup size".to_owned(),
                format!("{}–{}", info.subgroup_min_size, info.subgroup_max_size),
            ),
            (
                "64-bit floats".to_owned(),
                if doubles { "yes" } else { "no" }.to_owned(),
            ),
        ],
    }
}
