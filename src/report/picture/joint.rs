//! Heat map of the joint distribution of two quantities.

use super::axis::{Axis, Scale};
use super::captions::ensemble;
use super::chart::{
    Frame, Heading, Key, Mark, Titled, WIDTH, draw_heading, draw_x_axis, draw_y_axis,
    heading_height, left_margin,
};
use super::palette::{INK, THEORY, intensity};
use super::svg::{Stroke, Svg, length};
use crate::report::summary::Summary;
use crate::report::table::HistogramTable;
use std::fmt::Write as _;
use std::ops::Range;

const FRAME_HEIGHT: f64 = 460.0;
const X_AXIS_HEIGHT: f64 = 58.0;
/// Width of the color scale at the right.
const SCALE_WIDTH: f64 = 96.0;
/// Greatest number of cells along an axis, each about four pixels wide. Finer bins are merged.
const CELLS: usize = 128;
/// Number of colors of the heat map.
const SHADES: usize = 32;
/// Greatest share of the chains beyond each edge of the picture. The outermost contour of a normal
/// distribution stays inside.
const CROPPED: f64 = 0.0002;
/// Approximate number of labels along the y axis, which is nearly as long as the x axis.
const Y_TICKS: usize = 8;
/// Shares of the probability that the contours enclose.
const ENCLOSED: [f64; 3] = [0.5, 0.9, 0.99];

/// A density on a rectangular grid; the index of the second axis runs fastest.
struct Grid {
    x: Vec<f64>,
    y: Vec<f64>,
    density: Vec<f64>,
}

/// A density over the bins of a histogram with two axes, drawn as contours that enclose 50 %, 90 % and
/// 99 % of its mass.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// Label in the legend.
    pub label: String,
    /// Density averaged over each bin, in the order of the histogram's counts.
    pub density: Vec<f64>,
}

/// Line width of contours that lie under others.
const WIDE: f64 = 4.0;

/// Colors of the contours of several densities.
const CONTOUR_COLORS: [&str; 3] = [THEORY, INK, "#009e73"];

/// Draws the heat map of a histogram with two axes, with contours if theory gives a density.
pub(super) fn joint(summary: &Summary, histogram: &HistogramTable) -> String {
    let [first, second] = [&histogram.axes[0], &histogram.axes[1]];
    let contours = histogram.theory.as_ref().map(|theory| Contours {
        label: "theory: contours around 50 %, 90 % and 99 % of the chains".into(),
        density: theory.clone(),
    });
    joint_with(
        format!("Where {} and {} settle together", first.name, second.name),
        vec![ensemble(summary, &summary.points[histogram.point])],
        histogram,
        contours.as_slice(),
    )
}

/// Draws the heat map of a histogram with two axes under the contours of up to three densities.
///
/// The contours of the first density are wide and lie under the others, so that both remain visible
/// where they coincide.
pub fn joint_with(
    title: String,
    subtitles: Vec<String>,
    histogram: &HistogramTable,
    contours: &[Contours],
) -> String {
    let [first, second] = [&histogram.axes[0], &histogram.axes[1]];
    let densities = histogram.densities();
    let window = [0, 1].map(|k| {
        let counts = occupied(histogram, k, |bin| histogram.counts[bin] as f64);
        contours.iter().fold(counts, |window, contours| {
            // All bins have the same area, so densities are proportional to masses.
            let more = occupied(histogram, k, |bin| contours.density[bin]);
            window.start.min(more.start)..window.end.max(more.end)
        })
    });
    let measured = Grid::coarse(histogram, &window, |i| densities[i].mean);
    let highest = measured
        .density
        .iter()
        .copied()
        .filter(|d| d.is_finite())
        .fold(0.0, f64::max);
    let highest = if highest > 0.0 { highest } else { 1.0 };
    let colored = || contours.iter().zip(CONTOUR_COLORS);
    let several = contours.len() > 1;
    let legend = colored()
        .enumerate()
        .map(|(i, (contours, color))| Key {
            label: contours.label.clone(),
            color: color.into(),
            mark: if i == 0 { Mark::Line } else { Mark::Thin },
        })
        .collect();
    let heading = Heading {
        title,
        subtitles,
        legend,
    };
    let axis = |edges: &[f64]| Axis::spanning(Scale::Linear, [edges[0], edges[edges.len() - 1]]);
    let x = Titled::new(axis(&measured.x), first.name.clone());
    let y = Titled::new(axis(&measured.y), second.name.clone());
    let (top, left) = (heading_height(&heading), left_margin(&y, Y_TICKS));
    let frame = Frame::new(
        [left, top, WIDTH - left - SCALE_WIDTH - 24.0, FRAME_HEIGHT],
        x.axis,
        y.axis,
    );

    let mut svg = Svg::new(WIDTH, frame.bottom() + X_AXIS_HEIGHT);
    draw_heading(&mut svg, &heading);
    draw_y_axis(&mut svg, frame, &y, Y_TICKS);
    draw_x_axis(&mut svg, frame, &x);
    svg.clipped(frame.area(), |svg| {
        draw_cells(svg, frame, &measured, highest);
        for (i, (contours, color)) in colored().enumerate() {
            let grid = Grid::coarse(histogram, &window, |i| contours.density[i]);
            for level in grid.levels() {
                let path = grid.contour(frame, level);
                let width = if i == 0 && several { WIDE } else { 1.4 };
                svg.path(&path, "none", Some(Stroke::solid(color, width)));
            }
        }
    });
    // Cells overlap the axes by half a pixel, so the axes are drawn over them.
    svg.line(
        (frame.left, frame.top),
        (frame.left, frame.bottom()),
        Stroke::solid(INK, 1.0),
    );
    svg.line(
        (frame.left, frame.bottom()),
        (frame.right(), frame.bottom()),
        Stroke::solid(INK, 1.0),
    );
    draw_scale(&mut svg, frame, highest);
    svg.finish(&heading.title)
}

/// The range of bins of axis `k` that leaves out at most [`CROPPED`] of the mass at each end, so that
/// sparse tails do not shrink the rest of the picture.
fn occupied(histogram: &HistogramTable, k: usize, mass: impl Fn(usize) -> f64) -> Range<usize> {
    let (bins, columns) = (
        histogram.axes[k].edges.len() - 1,
        histogram.axes[1].edges.len() - 1,
    );
    let mut marginal = vec![0.0; bins];
    for bin in 0..histogram.counts.len() {
        let index = if k == 0 { bin / columns } else { bin % columns };
        marginal[index] += mass(bin);
    }
    let allowed = CROPPED * marginal.iter().sum::<f64>();
    let beyond = |masses: &mut dyn Iterator<Item = &f64>| {
        let mut sum = 0.0;
        masses
            .take_while(|mass| {
                sum += **mass;
                sum <= allowed
            })
            .count()
    };
    let (below, above) = (
        beyond(&mut marginal.iter()),
        beyond(&mut marginal.iter().rev()),
    );
    if below + above < bins {
        below..bins - above
    } else {
        0..bins
    }
}

impl Grid {
    /// Merges neighboring bins within the window, so that neither axis has more than [`CELLS`] cells.
    fn coarse(
        histogram: &HistogramTable,
        window: &[Range<usize>; 2],
        density: impl Fn(usize) -> f64,
    ) -> Self {
        let edges = |k: usize| {
            let edges = &histogram.axes[k].edges[window[k].start..=window[k].end];
            let merged = (edges.len() - 1).div_ceil(CELLS);
            let mut coarse: Vec<f64> = edges.iter().copied().step_by(merged).collect();
            if !(edges.len() - 1).is_multiple_of(merged) {
                coarse.push(edges[edges.len() - 1]);
            }
            (coarse, merged)
        };
        let ((x, merged_x), (y, merged_y)) = (edges(0), edges(1));
        let columns = histogram.axes[1].edges.len() - 1;
        let cells = y.len() - 1;
        let mut mass = vec![0.0; (x.len() - 1) * cells];
        for i in window[0].clone() {
            for j in window[1].clone() {
                let bin = histogram.bin(i * columns + j);
                let area = (bin[0][1] - bin[0][0]) * (bin[1][1] - bin[1][0]);
                let (row, column) = (
                    (i - window[0].start) / merged_x,
                    (j - window[1].start) / merged_y,
                );
                mass[row * cells + column] += density(i * columns + j) * area;
            }
        }
        let mut grid = Self {
            x,
            y,
            density: mass,
        };
        for k in 0..grid.density.len() {
            grid.density[k] /= grid.cell_area(k);
        }
        grid
    }

    fn cell_area(&self, k: usize) -> f64 {
        let (i, j) = (k / (self.y.len() - 1), k % (self.y.len() - 1));
        (self.x[i + 1] - self.x[i]) * (self.y[j + 1] - self.y[j])
    }

    /// Density levels of the highest-density regions (Hyndman 1996) that hold the shares [`ENCLOSED`] of
    /// the probability.
    fn levels(&self) -> Vec<f64> {
        let mut order: Vec<usize> = (0..self.density.len())
            .filter(|&k| self.density[k] > 0.0)
            .collect();
        order.sort_by(|&a, &b| self.density[b].total_cmp(&self.density[a]));
        let mut levels = Vec::new();
        let mut enclosed = 0.0;
        for k in order {
            enclosed += self.density[k] * self.cell_area(k);
            while levels.len() < ENCLOSED.len() && enclosed >= ENCLOSED[levels.len()] {
                levels.push(self.density[k]);
            }
        }
        levels
    }

    /// SVG path of the contour at the given level: marching squares over the cell centers, with linear
    /// interpolation between them.
    fn contour(&self, frame: Frame, level: f64) -> String {
        let columns = self.y.len() - 1;
        let center = |edges: &[f64], i: usize| 0.5 * (edges[i] + edges[i + 1]);
        let corner = |i: usize, j: usize| {
            (
                center(&self.x, i),
                center(&self.y, j),
                self.density[i * columns + j],
            )
        };
        let mut path = String::new();
        for i in 0..self.x.len().saturating_sub(2) {
            for j in 0..columns.saturating_sub(1) {
                let corners = [
                    corner(i, j),
                    corner(i + 1, j),
                    corner(i + 1, j + 1),
                    corner(i, j + 1),
                ];
                let crossings: Vec<(f64, f64)> = (0..4)
                    .filter_map(|k| crossing(corners[k], corners[(k + 1) % 4], level))
                    .collect();
                // Four crossings are a saddle; both pairings are right to within a cell.
                for pair in crossings.chunks_exact(2) {
                    let [(x0, y0), (x1, y1)] = [pair[0], pair[1]].map(|(x, y)| frame.at(x, y));
                    let _ = write!(
                        path,
                        "M{} {}L{} {}",
                        length(x0),
                        length(y0),
                        length(x1),
                        length(y1)
                    );
                }
            }
        }
        path
    }
}

/// Point at which the density crosses the level between two corners (x, y, density), if it does.
fn crossing(a: (f64, f64, f64), b: (f64, f64, f64), level: f64) -> Option<(f64, f64)> {
    if (a.2 >= level) == (b.2 >= level) {
        return None;
    }
    let share = (level - a.2) / (b.2 - a.2);
    Some((a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1)))
}

/// Draws the cells with one path for each shade; neighbors of equal shade along the second axis are
/// merged, which keeps the file small.
fn draw_cells(svg: &mut Svg, frame: Frame, grid: &Grid, highest: f64) {
    let columns = grid.y.len() - 1;
    let shade = |i: usize, j: usize| match grid.density[i * columns + j] / highest {
        share if share > 0.0 => (share * (SHADES - 1) as f64)
            .ceil()
            .min((SHADES - 1) as f64) as usize,
        _ => 0,
    };
    let mut paths = vec![String::new(); SHADES];
    for i in 0..grid.x.len() - 1 {
        let mut j = 0;
        while j < columns {
            let (start, here) = (j, shade(i, j));
            while j < columns && shade(i, j) == here {
                j += 1;
            }
            let (left, bottom) = frame.at(grid.x[i], grid.y[start]);
            let (right, top) = frame.at(grid.x[i + 1], grid.y[j]);
            // An overlap of half a pixel hides the seams that antialiasing would show.
            let (width, height) = (length(right - left + 0.5), length(bottom - top + 0.5));
            let _ = write!(
                paths[here],
                "M{} {}h{width}v{height}h-{width}z",
                length(left),
                length(top - 0.5)
            );
        }
    }
    for (shade, path) in paths
        .iter()
        .enumerate()
        .skip(1)
        .filter(|(_, path)| !path.is_empty())
    {
        svg.path(path, &intensity(shade as f64 / (SHADES - 1) as f64), None);
    }
}

fn draw_scale(svg: &mut Svg, frame: Frame, highest: f64) {
    let y = Titled::new(Axis::spanning(Scale::Linear, [0.0, highest]), "density");
    let left = frame.right() + 78.0;
    // A color scale has no x axis; the range given for it is not used.
    let mut bar = Frame::new([left, frame.top, 18.0, frame.height], y.axis, y.axis);
    bar.y_title = left - 52.0;
    draw_y_axis(svg, bar, &y, 5);
    for shade in 0..SHADES {
        let (from, to) = (
            shade as f64 / SHADES as f64,
            (shade + 1) as f64 / SHADES as f64,
        );
        let [low, high] = [from, to].map(|share| bar.bottom() - share * bar.height);
        let fill = intensity(shade as f64 / (SHADES - 1) as f64);
        svg.area(
            [
                (left, low),
                (bar.right(), low),
                (bar.right(), high - 0.5),
                (left, high - 0.5),
            ],
            &fill,
        );
    }
}
