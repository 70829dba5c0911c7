//! Colors of the pictures, distinguishable for color-blind readers and in grayscale prints.

/// Color of axes, labels and titles.
pub(super) const INK: &str = "#222222";
/// Color of secondary text.
pub(super) const FAINT: &str = "#666666";
/// Color of grid lines.
pub(super) const GRID: &str = "#e6e6e6";
/// Color of measurements.
pub(super) const MEASURED: &str = "#0072b2";
/// Color of measurements as an area under a curve.
pub(super) const MEASURED_AREA: &str = "#cfe4f2";
/// Color of theory.
pub(super) const THEORY: &str = "#d55e00";
/// Color of bands of uncertainty.
pub(super) const BAND: &str = "#eeeeee";

/// Color of the i-th unordered category (Okabe & Ito 2008); repeats after seven.
pub(super) fn category(i: usize) -> &'static str {
    [
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222",
    ][i % 7]
}

/// The i-th of n ordered colors, from dark to light: viridis (van der Walt & Smith 2015) without its
/// yellow end, which is hardly visible on white.
pub(super) fn sequence(i: usize, n: usize) -> String {
    const VIRIDIS: [[u8; 3]; 5] = [
        [68, 1, 84],
        [65, 68, 135],
        [42, 120, 142],
        [34, 168, 132],
        [122, 209, 81],
    ];
    let share = if n < 2 {
        0.35
    } else {
        i as f64 / (n - 1) as f64
    };
    mixed(&VIRIDIS, share)
}

/// Color of a density as a share of the highest: white at 0, dark blue at 1.
pub(super) fn intensity(share: f64) -> String {
    const BLUES: [[u8; 3]; 6] = [
        [255, 255, 255],
        [222, 235, 247],
        [158, 202, 225],
        [66, 146, 198],
        [8, 81, 156],
        [8, 36, 84],
    ];
    mixed(&BLUES, share)
}

/// Mixes a color, written `#rrggbb`, with three parts of white.
pub(super) fn pale(color: &str) -> String {
    let channel =
        |i: usize| u8::from_str_radix(&color[i..i + 2], 16).expect("colors are written #rrggbb");
    let [r, g, b] = [channel(1), channel(3), channel(5)].map(|c| c / 4 + 191);
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Interpolates linearly between equidistant anchor colors, in RGB.
fn mixed(anchors: &[[u8; 3]], share: f64) -> String {
    let position = share.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
    let left = (position as usize).min(anchors.len() - 2);
    let weight = position - left as f64;
    let mix = |k: usize| {
        let (a, b) = (f64::from(anchors[left][k]), f64::from(anchors[left + 1][k]));
        (a + (b - a) * weight).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}
