//! Cost of the shaders on an AMD Navi 21. No chip is needed: Mesa's RADV compiles for it and reports statistics.
//!
//! `cargo bench --bench shader_cost` prints a table and writes it to `results/shader-cost.md`. Without `--bench`, as under
//! `cargo test`, it checks that no shader of a loss of up to 32 parameters spills registers, that the compiled double well costs
//! little more than a kernel written by hand, and with its fastest normals less than a kernel with Philox.

mod radv;
mod shaders;

use radv::{CHIP, Cost, NullHardware};
use shaders::{
    NORMALS, Shader, bare_probe, double_wells, examples, in_double_precision, up_to_32_parameters,
};
use std::fmt::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let report = std::env::args().any(|argument| argument == "--bench");
    // SAFETY: no thread has been started.
    let outcome = unsafe { radv::choose() }.and_then(|()| {
        let device = NullHardware::open()?;
        if report {
            tabulate(&device)
        } else {
            check(&device)
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("shader_cost: {why}");
            ExitCode::FAILURE
        }
    }
}

fn costs(device: &NullHardware, shaders: Vec<Shader>) -> Result<Vec<(Shader, Cost)>, String> {
    (shaders.into_iter())
        .map(|shader| {
            let cost = device.cost(&shader.source, shader.entry);
            let cost = cost.map_err(|why| format!("{}, {}: {why}", shader.name, shader.entry))?;
            Ok((shader, cost))
        })
        .collect()
}

fn tabulate(device: &NullHardware) -> Result<(), String> {
    let all = [
        double_wells(),
        examples(),
        up_to_32_parameters(),
        in_double_precision(),
    ];
    let costs = costs(device, all.into_iter().flatten().collect())?;
    let mut table = format!(
        "# Cost of shaders on {}\n\n\
         Written by `cargo bench --bench shader_cost`: Mesa's RADV compiles every composed shader for a {CHIP}, without \
         hardware, and reports its cost.\n\
         Cycles are the compiler's *inverse throughput*: the time for which a wave of 32 or 64 chains occupies the busiest unit, \
         with every loop counted as eight turns and branches in part. Cycles per chain-step are the cost that another noise block adds \
         to a turn of the loop, with that weight removed; their shaders consist of the loop over whole noise blocks.\n\n\
         | shader | entry point | instructions | VGPRs | SGPRs | spilled VGPRs | spilled SGPRs | scratch bytes | waves | cycles | \
         cycles per chain-step |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
        device.name
    );
    for (shader, cost) in &costs {
        let step =
            per_step(device, shader, cost)?.map_or(String::new(), |cycles| format!("{cycles:.1}"));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {step} |",
            shader.name,
            shader.entry,
            cost.instructions,
            cost.registers[0],
            cost.registers[1],
            cost.spills[0],
            cost.spills[1],
            cost.scratch,
            cost.waves,
            cost.inverse_throughput,
        );
    }
    print!("{table}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/results/shader-cost.md");
    std::fs::write(path, table).map_err(|error| format!("{path}: {error}"))
}

/// Cycles of a wave for one step of each of its chains, measured as the cost that a second block in each turn adds.
///
/// The compiler weights loops and branches by guesses that differ between shaders. A probe in the loop shows the weight: its
/// cost there divided by its cost alone. Each is the difference of two sizes of the probe, so that both are limited by the same
/// unit.
fn per_step(device: &NullHardware, shader: &Shader, cost: &Cost) -> Result<Option<f64>, String> {
    const ROUNDS: [usize; 2] = [100, 200];
    let cycles = |source: &str, entry: &str| {
        let cost = device.cost(source, entry)?;
        Ok::<_, String>(cost.inverse_throughput as f64)
    };
    let (Some(doubled), Some(block), [Some(few), Some(many)]) = (
        shader.doubled(),
        shader.block,
        ROUNDS.map(|rounds| shader.probed(rounds)),
    ) else {
        return Ok(None);
    };
    let within = cycles(&many, shader.entry)? - cycles(&few, shader.entry)?;
    let [few, many] = ROUNDS.map(bare_probe);
    let alone = cycles(&many, "main")? - cycles(&few, "main")?;
    let added = cycles(&doubled, shader.entry)? - cost.inverse_throughput as f64;
    Ok(Some(added * alone / within / f64::from(block.steps)))
}

/// Largest ratio of the cycles of a compiled step to those of the kernel by hand.
const ALLOWED: f64 = 1.1;

/// Largest ratio of the cycles of a step with the fastest normals to those of the kernel with Philox.
const BESIDE_PHILOX: f64 = 0.6;

fn check(device: &NullHardware) -> Result<(), String> {
    let cycles = |shader: &Shader| {
        let cost = device.cost(&shader.source, shader.entry)?;
        Ok::<_, String>(per_step(device, shader, &cost)?.expect("a loop over blocks"))
    };
    let wells = double_wells();
    let [philox, wells @ ..] = &wells[..1 + 2 * NORMALS.len()] else {
        unreachable!("Philox, then by hand and compiled with each kind of normals")
    };
    let philox = cycles(philox)?;
    let mut least = f64::INFINITY;
    for pair in wells.chunks(2) {
        let (by_hand, compiled) = (cycles(&pair[0])?, cycles(&pair[1])?);
        println!(
            "{}: {compiled:.1} cycles for each step, {by_hand:.1} by hand, {philox:.1} with Philox",
            pair[1].name
        );
        if compiled > ALLOWED * by_hand {
            return Err(format!("more than {ALLOWED} times the kernel by hand"));
        }
        least = least.min(compiled);
    }
    if least > BESIDE_PHILOX * philox {
        return Err(format!(
            "more than {BESIDE_PHILOX} times the kernel with Philox"
        ));
    }
    let shaders = [examples(), up_to_32_parameters()].into_iter().flatten();
    for (shader, cost) in costs(device, shaders.collect())? {
        if cost.spills != [0, 0] || cost.scratch > 0 {
            return Err(format!(
                "{}, {}: registers are spilled: {cost:?}",
                shader.name, shader.entry
            ));
        }
    }
    // 64-bit constants fill the scalar registers, which spill to vector registers, not to memory.
    for (shader, cost) in costs(device, in_double_precision())? {
        if cost.scratch > 0 {
            return Err(format!(
                "{}, {}: scratch memory is used: {cost:?}",
                shader.name, shader.entry
            ));
        }
    }
    Ok(())
}
