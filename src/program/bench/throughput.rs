//! Throughput of every workload on every target, compared with its random numbers alone and with
//! hand-written kernels.

use super::by_hand::{Well, generate};
use super::check::{check, with_chains};
use super::cost;
use super::error::BenchError;
use super::selection::Selection;
use super::target::{Loaded, Target};
use super::timing::{Candidate, Effort, Work, interleaved, ratio, timed};
use super::workload::Workload;
use crate::compile::Problem;
use crate::engine::{SimdLevel, Task};
use crate::program::output::{Spread, ThroughputRow};
use crate::random::{NoiseLayout, Purpose, Stream};
use crate::spec::Sampling;
use crate::spec::{NoiseKind, NormalTransform};

/// Number of chains for which random numbers alone are made; enough for every core of the target.
fn generated(target: &Target) -> u64 {
    match target {
        Target::Cpu(_) => 1 << 14,
        #[cfg(feature = "gpu")]
        Target::Gpu(open) if open.report.software => 1 << 14,
        #[cfg(feature = "gpu")]
        Target::Gpu(_) => 1 << 20,
    }
}

/// Chains and steps for which the hand-written kernel is compared with the engine.
const COMPARED: u64 = 1 << 12;
const COMPARED_STEPS: u64 = 128;

/// Timed runs of a workload with a prescribed number of steps.
const FIXED_TURNS: usize = 3;

const TRANSFORMS: [NormalTransform; 3] = [
    NormalTransform::Integer,
    NormalTransform::BoxMuller,
    NormalTransform::BoxMuller16,
];

/// Name of the measurement of normals alone.
fn normals_name(transform: NormalTransform) -> &'static str {
    match transform {
        NormalTransform::Integer => "normals alone, integer",
        NormalTransform::BoxMuller => "normals alone, Box–Muller",
        NormalTransform::BoxMuller16 => "normals alone, Box–Muller of 16 bits",
    }
}

/// Names of all measurements.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let workloads = Workload::all(false)
        .into_iter()
        .map(|workload| workload.name);
    TRANSFORMS.into_iter().map(normals_name).chain(workloads)
}

pub(super) fn measure(
    targets: &[Target],
    choice: Selection<'_>,
    effort: Effort,
    announce: &dyn Fn(&str),
) -> Result<Vec<ThroughputRow>, BenchError> {
    let mut rows = Vec::new();
    for transform in TRANSFORMS
        .into_iter()
        .filter(|t| choice.contains(normals_name(*t)))
    {
        for target in targets {
            announce(&format!("normals alone, {}", target.label()));
            rows.push(normals(transform, target, effort)?);
        }
    }
    let workloads = Workload::all(choice.quick).into_iter();
    for workload in workloads.filter(|workload| choice.contains(workload.name)) {
        let problem = workload.problem(workload.chains)?;
        for target in targets {
            announce(&format!("{}, {}", workload.name, target.label()));
            check(&workload, &problem.task, target)?;
            rows.push(row(&workload, &problem, target, effort)?);
        }
    }
    Ok(rows)
}

/// Random numbers that a task uses.
#[derive(Debug, Clone, Copy)]
struct Numbers {
    stream: Stream,
    noise: NoiseKind,
    addresses: NoiseLayout,
    per_step: u32,
}

impl Numbers {
    fn of(task: &Task) -> Self {
        let picks = task.sampling() == Some(Sampling::WithReplacement);
        Self {
            stream: task.stream,
            // A pick uses one raw word, as two-point noise does.
            noise: if picks {
                NoiseKind::TwoPoint
            } else {
                task.noise
            },
            addresses: task.addresses,
            per_step: if picks {
                task.batch.as_ref().map_or(0, |batch| batch.size)
            } else {
                task.draws
            },
        }
    }

    /// Granularity of the number of steps. A multiple fills complete noise blocks. It is at least
    /// 16, because the overhead would dominate a run of one or two steps.
    fn quantum(self) -> u64 {
        u64::from(self.addresses.steps_per_block).max(16)
    }

    fn blocks(self, steps: u64) -> std::ops::Range<u64> {
        let NoiseLayout {
            steps_per_block,
            blocks_per_step,
            ..
        } = self.addresses;
        0..steps.div_ceil(u64::from(steps_per_block)) * u64::from(blocks_per_step)
    }
}

/// Name of the draws of a task.
fn name(task: &Task) -> &'static str {
    if task.picks() {
        return "picks";
    }
    match task.noise {
        NoiseKind::Gaussian(transform) => of_transform(transform),
        NoiseKind::TwoPoint => "two-point",
        NoiseKind::ThreePoint => "three-point",
    }
}

/// Name of normals.
fn of_transform(transform: NormalTransform) -> &'static str {
    match transform {
        NormalTransform::Integer => "normals, integer",
        NormalTransform::BoxMuller => "normals, Box–Muller",
        NormalTransform::BoxMuller16 => "normals, Box–Muller of 16 bits",
    }
}

fn row(
    workload: &Workload,
    problem: &Problem,
    target: &Target,
    effort: Effort,
) -> Result<ThroughputRow, BenchError> {
    let task = &problem.task;
    let numbers = Numbers::of(task);
    let chains = workload.chains as f64;
    let mut loaded = target.engine(task)?;
    let stepping: Work<'_> = Box::new(move |steps| loaded.advance(steps));
    let stepping = match workload.steps {
        Some(steps) => Candidate::with_steps(chains, steps, stepping)?,
        None => Candidate::timed_for(chains, numbers.quantum(), effort, stepping)?,
    };
    let steps = stepping.steps();
    let mut candidates = vec![stepping, generator(target, numbers, effort)?];
    if workload.is_double_well {
        candidates.push(well_by_hand(workload, task, target, effort)?);
    }
    // Workloads with a prescribed number of steps may take minutes.
    let turns = match workload.steps {
        Some(_) => effort.turns.min(FIXED_TURNS),
        None => effort.turns,
    };
    let rates = interleaved(Effort { turns, ..effort }, &mut candidates)?;
    Ok(ThroughputRow {
        workload: workload.name.to_owned(),
        target: target.label(),
        parameters: task.parameters,
        examples: task.batch.as_ref().map(|batch| batch.table.count),
        chains: workload.chains,
        steps,
        repeats: turns,
        rate: Spread::of(rates[0].clone()),
        draws: name(task).to_owned(),
        draws_per_step: numbers.per_step,
        operations: cost::operations(task),
        bytes: cost::bytes(task),
        limit: Some(Spread::of(rates[1].clone())),
        share_of_limit: Some(ratio(&rates[0], &rates[1])),
        by_hand: rates.get(2).map(|rates| Spread::of(rates.clone())),
        share_of_hand: rates.get(2).map(|hand| ratio(&rates[0], hand)),
    })
}

/// Candidate that makes only the random numbers.
fn generator(
    target: &Target,
    numbers: Numbers,
    effort: Effort,
) -> Result<Candidate<'static>, BenchError> {
    let chains = generated(target);
    let work: Work<'static> = match target {
        Target::Cpu(level) => {
            let level = *level;
            Box::new(move |steps| {
                let blocks = numbers.blocks(steps);
                let made = || {
                    Ok(generate(
                        numbers.stream,
                        numbers.noise,
                        level,
                        chains,
                        &blocks,
                    ))
                };
                timed(made).map(|(sum, taken)| {
                    std::hint::black_box(sum);
                    taken
                })
            })
        }
        #[cfg(feature = "gpu")]
        Target::Gpu(open) => gpu_generator(target, &open.report.name, numbers, chains)?,
    };
    Candidate::timed_for(chains as f64, numbers.quantum(), effort, work)
}

/// Work of the WGSL kernel that makes only the random numbers. Checks their sum first.
#[cfg(feature = "gpu")]
fn gpu_generator(
    target: &Target,
    adapter: &str,
    numbers: Numbers,
    chains: u64,
) -> Result<Work<'static>, BenchError> {
    use super::gpu_kernel::{GpuKernel, Kernel};
    let well = Well {
        stream: numbers.stream,
        noise: numbers.noise,
        drift: 0.0,
        amplitude: 0.0,
    };
    let kernel = GpuKernel::new(well, Kernel::Generate, adapter, chains as u32);
    let few = 0..2;
    kernel.run(few.clone());
    let sum = kernel.state().into_iter().fold(0, u32::wrapping_add);
    let level = SimdLevel::best();
    let exact = !matches!(
        numbers.noise,
        NoiseKind::Gaussian(NormalTransform::BoxMuller | NormalTransform::BoxMuller16)
    );
    if exact && sum != generate(numbers.stream, numbers.noise, level, chains, &few) {
        return Err(BenchError::Differs {
            what: "random numbers",
            target: target.label().to_string(),
        });
    }
    Ok(Box::new(move |steps| {
        let ran = || {
            kernel.run(numbers.blocks(steps));
            Ok(())
        };
        timed(ran).map(|((), taken)| taken)
    }))
}

fn well(task: &Task) -> Well {
    let coefficients = &task.uniforms[0][0].step;
    Well {
        stream: task.stream,
        noise: task.noise,
        drift: coefficients[0] as f32,
        amplitude: coefficients[1] as f32,
    }
}

/// Candidate of the hand-written double well. Checks first that its states equal those of the
/// engine.
fn well_by_hand(
    workload: &Workload,
    task: &Task,
    target: &Target,
    effort: Effort,
) -> Result<Candidate<'static>, BenchError> {
    let well = well(task);
    let per_block = u64::from(task.addresses.steps_per_block);
    let quantum = Numbers::of(task).quantum();
    let mut engine = target.engine(&with_chains(task, COMPARED))?;
    engine.advance(COMPARED_STEPS)?;
    match target {
        Target::Cpu(level) => {
            let level = *level;
            let advance = move |chains: u64, steps: u64| {
                let mut states = vec![1.0; chains as usize];
                let ran = || -> Result<(), BenchError> {
                    well.advance(level, &mut states, 0..steps / per_block);
                    Ok(())
                };
                let taken = timed(ran).map(|((), taken)| taken);
                (states, taken)
            };
            same(&mut engine, &advance(COMPARED, COMPARED_STEPS).0, target)?;
            let chains = workload.chains;
            let work: Work<'static> = Box::new(move |steps| advance(chains, steps).1);
            Candidate::timed_for(chains as f64, quantum, effort, work)
        }
        #[cfg(feature = "gpu")]
        Target::Gpu(open) => {
            use super::gpu_kernel::{GpuKernel, Kernel};
            let device = |chains: u64| {
                GpuKernel::new(well, Kernel::Advance, &open.report.name, chains as u32)
            };
            let few = device(COMPARED);
            few.run(0..COMPARED_STEPS / per_block);
            let by_hand: Vec<f32> = few.state().into_iter().map(f32::from_bits).collect();
            same(&mut engine, &by_hand, target)?;
            let all = device(workload.chains);
            let work: Work<'static> = Box::new(move |steps| {
                let ran = || {
                    all.run(0..steps / per_block);
                    Ok(())
                };
                timed(ran).map(|((), taken)| taken)
            });
            Candidate::timed_for(workload.chains as f64, quantum, effort, work)
        }
    }
}

/// Checks that states agree to 1e-4. The top of the barrier amplifies a rounding error of 6e-8 by
/// e^1.3 in time 1.28.
fn same(engine: &mut Loaded, by_hand: &[f32], target: &Target) -> Result<(), BenchError> {
    let states = engine.engine.states()?;
    let near = |(a, b): (&f64, &f32)| (a - f64::from(*b)).abs() <= 1e-4;
    if states.len() != by_hand.len() || !states.iter().zip(by_hand).all(near) {
        return Err(BenchError::Differs {
            what: "the double well",
            target: target.label().to_string(),
        });
    }
    Ok(())
}

/// Times normals alone, compared with AVX2 intrinsics where available.
fn normals(
    transform: NormalTransform,
    target: &Target,
    effort: Effort,
) -> Result<ThroughputRow, BenchError> {
    let noise = NoiseKind::Gaussian(transform);
    let numbers = Numbers {
        stream: Stream::new(1, Purpose::Noise),
        noise,
        addresses: NoiseLayout::new(noise, 1),
        per_step: 1,
    };
    let mut candidates = vec![generator(target, numbers, effort)?];
    candidates.extend(normals_by_hand(transform, target, numbers, effort)?);
    let steps = candidates[0].steps();
    let rates = interleaved(effort, &mut candidates)?;
    Ok(ThroughputRow {
        workload: normals_name(transform).to_owned(),
        target: target.label(),
        parameters: 0,
        examples: None,
        chains: generated(target),
        steps,
        repeats: effort.turns,
        rate: Spread::of(rates[0].clone()),
        draws: of_transform(transform).to_owned(),
        draws_per_step: 1,
        operations: 0,
        bytes: 0,
        limit: None,
        share_of_limit: None,
        by_hand: rates.get(1).map(|rates| Spread::of(rates.clone())),
        share_of_hand: rates.get(1).map(|hand| ratio(&rates[0], hand)),
    })
}

#[cfg(target_arch = "x86_64")]
fn normals_by_hand(
    transform: NormalTransform,
    target: &Target,
    numbers: Numbers,
    effort: Effort,
) -> Result<Option<Candidate<'static>>, BenchError> {
    use super::avx2;
    if !matches!(target, Target::Cpu(SimdLevel::Avx2)) || transform != NormalTransform::Integer {
        return Ok(None);
    }
    let (few, chains) = (0..2, generated(target));
    let sum = avx2::generate(numbers.stream, chains, &few);
    if sum != generate(numbers.stream, numbers.noise, SimdLevel::Avx2, chains, &few) {
        return Err(BenchError::Differs {
            what: "normals",
            target: target.label().to_string(),
        });
    }
    let work: Work<'static> = Box::new(move |steps| {
        let made = || {
            Ok(avx2::generate(
                numbers.stream,
                chains,
                &numbers.blocks(steps),
            ))
        };
        timed(made).map(|(sum, taken)| {
            std::hint::black_box(sum);
            taken
        })
    });
    Candidate::timed_for(chains as f64, numbers.quantum(), effort, work).map(Some)
}

#[cfg(not(target_arch = "x86_64"))]
fn normals_by_hand(
    _: NormalTransform,
    _: &Target,
    _: Numbers,
    _: Effort,
) -> Result<Option<Candidate<'static>>, BenchError> {
    Ok(None)
}
