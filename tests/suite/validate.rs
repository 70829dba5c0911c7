//! `etascope validate`: every rung holds, and a broken rung fails alone.

use crate::support::device;
use etascope::engine::gpu::Entry;
use etascope::validate::{self, Rung, Sabotage, Stage};

fn failed(stages: &[Stage]) -> Vec<Rung> {
    let mut rungs: Vec<Rung> = stages
        .iter()
        .filter(|stage| !stage.passed)
        .map(|stage| stage.rung)
        .collect();
    rungs.dedup();
    rungs
}

fn table(stages: &[Stage]) -> String {
    let row = |s: &Stage| {
        format!(
            "{:13} {:8} {:60} {:.2e} / {:.1e}  {}\n",
            s.rung.name(),
            s.backend,
            s.what,
            s.deviation,
            s.bound,
            s.note
        )
    };
    stages.iter().map(row).collect()
}

#[test]
fn every_rung_holds_on_the_cpu() {
    let stages = validate::cpu().expect("the CPU does not fail");
    println!("{}", table(&stages));
    assert_eq!(failed(&stages), [], "{}", table(&stages));
    assert!(
        Rung::ALL
            .iter()
            .all(|rung| stages.iter().any(|stage| stage.rung == *rung)),
        "no rung is left out"
    );
}

#[test]
fn every_rung_holds_on_the_device() {
    let stages = validate::gpu(&device(), None).expect("the device works");
    println!("{}", table(&stages));
    assert_eq!(failed(&stages), [], "{}", table(&stages));
    assert!(
        Rung::ALL
            .iter()
            .all(|rung| stages.iter().any(|stage| stage.rung == *rung)),
        "no rung is left out"
    );
}

/// What one changed constant makes of a shader; it must be there to be changed.
fn changed(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "nothing to break: {from}");
    source.replacen(from, to, 1)
}

/// For every rung, a constant of a shader that it runs and what it is changed into.
type Breakage = (Rung, fn(Entry, String) -> String);

/// Broken in the file that all rungs share: those above the broken rung take its output as they find it.
const SHARED: [Breakage; 5] = [
    (Rung::Bits, |entry, source| match entry {
        Entry::Draws | Entry::Advance => {
            changed(&source, "x, 6u, 20u), 17u, 11u", "x, 6u, 20u), 17u, 12u")
        }
        _ => source,
    }),
    (Rung::Uniforms, |entry, source| match entry {
        Entry::Draws => changed(&source, "(word >> 8u) | 1u", "(word >> 8u) | 0u"),
        _ => source,
    }),
    (Rung::Normals, |entry, source| match entry {
        Entry::Draws | Entry::Advance if source.contains("normal_table") => {
            changed(&source, "& 0x3fffu", "& 0x3fefu")
        }
        _ => source,
    }),
    (Rung::Moments, |entry, source| match entry {
        Entry::Moments => changed(&source, "d2 * d2", "d2 * d"),
        _ => source,
    }),
    (Rung::Histogram, |entry, source| match entry {
        Entry::Histogram => changed(
            &source,
            "position >= f32(bins)",
            "position > f32(bins - 1u)",
        ),
        _ => source,
    }),
];

/// Broken for one rung alone, because what it checks is part of what the rungs above it check as a whole.
const OWN: [Breakage; 5] = [
    (Rung::Normals, |entry, source| match entry {
        Entry::Draws if source.contains("natural_logarithm") => {
            changed(&source, "LN_0: f32 = 0.33333", "LN_0: f32 = 0.33343")
        }
        _ => source,
    }),
    (Rung::Gradient, |entry, source| match entry {
        Entry::Values => changed(&source, "fma(p, z, 0.13331442)", "fma(p, z, 0.13341442)"),
        _ => source,
    }),
    (Rung::OneStep, |entry, source| match entry {
        Entry::Advance => changed(&source, "coefficients[1]", "1.0001 * coefficients[1]"),
        _ => source,
    }),
    (Rung::HundredSteps, |entry, source| match entry {
        Entry::Advance => changed(
            &source,
            "add64((*stream).block, 1u)",
            "add64((*stream).block, 2u)",
        ),
        _ => source,
    }),
    (Rung::Distribution, |entry, source| match entry {
        // 1.2 % of the variance, and the smallest that the rung finds is 1 %.
        Entry::Advance => changed(&source, "0x1p-22f", "1.006 * 0x1p-22f"),
        _ => source,
    }),
];

fn fails_alone(rung: Rung, sabotage: Sabotage) {
    let stages = validate::gpu(&device(), Some(sabotage))
        .expect("a wrong constant is no failure of the device");
    assert_eq!(failed(&stages), [rung], "{}", table(&stages));
}

#[test]
fn a_broken_shader_fails_its_rung_and_no_other() {
    for (rung, alter) in SHARED {
        fails_alone(rung, Sabotage { rung: None, alter });
    }
}

#[test]
fn a_broken_rung_fails_alone() {
    for (rung, alter) in OWN {
        fails_alone(
            rung,
            Sabotage {
                rung: Some(rung),
                alter,
            },
        );
    }
}
