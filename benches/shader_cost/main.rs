//! What the shaders cost on a real chip, without one: Mesa's RADV compiles them for an AMD Navi 21 that is not there.
//!
//! `cargo bench --bench shader_cost` prints a table and writes it to `results/shader-cost.md`. Without `--bench`, as under
//! `cargo test`, it checks that no shader of a loss of up to 32 parameters runs out of registers, and that the compiled double
//! well costs little more than the kernel written by hand and, with its fastest normals, little beside one with Philox.

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
    // SAFETY: nothing has started a thread.
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
         Written by `cargo bench --bench shader_cost`: Mesa's RADV compiles every composed shader for a {CHIP} that is not there and \
         tells what it costs.\n\
         Cycles are the compiler's *inverse throughput*: how long a wave of 32 or 64 chains occupies the busiest unit, with every \
         loop counted as eight turns and branches by a part. Cycles per chain-step are what one block of steps more in a turn of the loop \
         add, with that weight taken out. Rows with them are compiled with nothing but the loop over whole blocks of random words.\n\n\
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

/// Cycles of a wave for one step of each of its chains: what a second block in each turn of the loop adds.
///
/// The compiler weighs what is in loops and branches by guesses that differ from shader to shader. A probe in the loop shows
/// the weight: what it costs there over what it costs alone. Two sizes of the probe, so that both are bound by the same unit.
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

/// Cycles of a step that a compiled loss may take for each of the kernel by hand.
const ALLOWED: f64 = 1.1;

/// Cycles of a step with the fastest normals for each of the kernel with Philox.
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
                "{}, {}: registers do not suffice: {cost:?}",
                shader.name, shader.entry
            ));
        }
    }
    // Constants of 64 bits fill scalar registers, whose overflow goes to vector registers and not to memory.
    for (shader, cost) in costs(device, in_double_precision())? {
        if cost.scratch > 0 {
            return Err(format!(
                "{}, {}: in memory: {cost:?}",
                shader.name, shader.entry
            ));
        }
    }
    Ok(())
}
