//! Computation of the committed table, and the tests that it is the one computed here.
//!
//! To write a new table (for a new stream version): `cargo test --release --lib write_the_table -- --ignored`.

use super::{TABLE, TABLE_LENGTH, fall, magnitude};
use crate::random::tests::upper_quantile;

/// One unit of the table's 28 fractional bits.
const UNIT: f64 = (1u64 << 28) as f64;
/// Offsets per segment.
const OFFSETS: f64 = (1 << 18) as f64;
/// Intervals between the points at which the residual of a fit is evaluated; it has three extremes.
const PROBES: u32 = 96;

/// |z| at offset `t` of segment `index`.
///
/// Up to octave 6 several words share an offset; their mean lies half an offset above `t`.
fn truth(index: usize, t: f64) -> f64 {
    let (octave, segment) = (index / 64, index % 64);
    let middle = if octave < 7 { 0.5 } else { 0.0 };
    let normalized = 2f64.powi(31) + segment as f64 * 2f64.powi(25) + (t + middle) * 128.0;
    upper_quantile(normalized * 2f64.powi(-33 - octave as i32))
}

/// Offset `t` in the top 18 bits of a word, as [`fall`] and [`magnitude`] read it.
fn at(t: u32) -> u32 {
    t << 14
}

/// Table entry `[a, b]` of segment `index`.
///
/// A parabola through the Chebyshev nodes (its error is within a few percent of the best one) gives slope and curvature,
/// which are rounded. The start then balances the extremes of the error that the integer operations leave.
fn entry(index: usize) -> [u32; 2] {
    let node =
        |k: f64| (0.5 - 0.5 * (std::f64::consts::PI * (2.0 * k + 1.0) / 6.0).cos()) * OFFSETS;
    let [t0, t1, t2] = [0.0, 1.0, 2.0].map(node);
    let [z0, z1, z2] = [t0, t1, t2].map(|t| truth(index, t) * UNIT);
    let first = (z1 - z0) / (t1 - t0);
    let second = ((z2 - z1) / (t2 - t1) - first) / (t2 - t0);
    let curvature = (second * OFFSETS * OFFSETS).round();
    let slope = (second * (t0 + t1) - first) * OFFSETS;
    let curvature = curvature as u32;
    assert!(
        curvature < 1 << 14,
        "curvature of segment {index} needs 14 bits"
    );
    let shared = f64::from(curvature >> 10);
    let upper = ((slope - shared) / 16.0).round() as u32;
    assert!(upper < 1 << 18, "slope of segment {index} needs 18 bits");
    let b = (upper << 14) | curvature;

    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for probe in 0..=PROBES {
        let t = ((f64::from(probe) / f64::from(PROBES)) * (OFFSETS - 1.0)) as u32;
        let residual = truth(index, f64::from(t)) * UNIT + f64::from(fall(b, at(t)));
        low = low.min(residual);
        high = high.max(residual);
    }
    let start = (low + high) / 2.0;
    // Half a unit of the truncated bits: 6 of them, or 7 where the magnitude has only 21 fractional bits.
    let half = if truth(index, OFFSETS / 2.0) < 4.0 {
        32.0
    } else {
        64.0
    };
    [(start + half).round() as u32, b]
}

#[test]
fn the_committed_table_is_the_fit() {
    for (index, &[a, b]) in TABLE.iter().enumerate() {
        let [fit_a, fit_b] = entry(index);
        // exp and ln of another mathematical library may change a rounding by one unit. One unit of the slope's upper bits
        // is 16 units of the start (6e-8), and the balanced start moves by about half of that.
        assert!(
            a.abs_diff(fit_a) <= 17
                && (b >> 14).abs_diff(fit_b >> 14) <= 1
                && (b & 0x3FFF).abs_diff(fit_b & 0x3FFF) <= 1,
            "entry {index}"
        );
    }
}

#[test]
fn every_segment_stays_within_the_stated_error() {
    let (mut body, mut tail) = (0f64, 0f64);
    for (index, &[a, b]) in TABLE.iter().enumerate() {
        for probe in 0..=1000 {
            let t = (f64::from(probe) / 1000.0 * (OFFSETS - 1.0)) as u32;
            let q = magnitude(a, b, at(t));
            assert!(q < 1 << 25, "entry {index} at {t}: {q}");
            let z = truth(index, f64::from(t));
            let error = (f64::from(q) / 4_194_304.0 - z).abs();
            let worst = if z < 4.0 { &mut body } else { &mut tail };
            *worst = worst.max(error);
        }
    }
    println!("largest error below 4: {body:.3e}, from 4 on: {tail:.3e}");
    // A word lies up to half an offset from the middle of its offset: at most 2e-8 more.
    assert!(body <= 1.5e-7 && tail <= 3.6e-7, "{body:e} {tail:e}");
}

#[test]
#[ignore = "writes the table into the source tree"]
fn write_the_table() {
    let mut text = String::from("[\n");
    for index in 0..TABLE_LENGTH {
        let [a, b] = entry(index);
        text += &format!("    [{a:#010x}, {b:#010x}],\n");
    }
    text += "]\n";
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/random/normal_integer/table.in"
    );
    std::fs::write(path, text).expect("the source tree is writable");
}
