//! Timeline of a run: segments of steps, changes of the learning rate and measurements.

/// Consecutive steps of one sweep point at one learning rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Number of earlier steps.
    pub begin: u64,
    /// Number of steps.
    pub steps: u64,
}

/// A common stop of all sweep points, each after a segment of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Segment of each point that ends here.
    pub segments: Vec<Segment>,
    /// Phase of the schedule in which the segments lie.
    pub phase: usize,
    /// True when the ensemble is measured here.
    pub measured: bool,
}

/// Checkpoints of a run. They lie at the same fractions of the run for all sweep points.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Checkpoints in order. The first may have no steps: the start is measured too.
    pub checkpoints: Vec<Checkpoint>,
}

impl Timeline {
    /// Timeline of `steps[p]` steps for point p. Measurements are `measurements` + 1 times at equal distances, start and end
    /// included, and at the fractions `extra`; the learning rate changes at the fractions `changes`.
    pub fn new(steps: &[u64], measurements: u32, extra: &[f64], changes: &[f64]) -> Self {
        let regular = (0..=measurements).map(|k| f64::from(k) / f64::from(measurements.max(1)));
        let mut marks: Vec<(f64, bool)> = regular
            .chain(extra.iter().copied())
            .map(|f| (f, true))
            .collect();
        marks.extend(changes.iter().map(|&f| (f, false)));
        marks.push((1.0, true));
        marks.sort_by(|a, b| a.0.total_cmp(&b.0));

        let at = |fraction: f64, total: u64| (fraction * total as f64).round() as u64;
        let mut checkpoints: Vec<Checkpoint> = Vec::new();
        let mut done = vec![0u64; steps.len()];
        for (fraction, measured) in marks {
            let segments: Vec<Segment> = (done.iter().zip(steps))
                .map(|(&begin, &total)| Segment {
                    begin,
                    steps: at(fraction, total) - begin,
                })
                .collect();
            let phase = changes.iter().filter(|&&change| change < fraction).count();
            if let (Some(last), true) = (
                checkpoints.last_mut(),
                segments.iter().all(|segment| segment.steps == 0),
            ) {
                last.measured |= measured;
                continue;
            }
            for (done, segment) in done.iter_mut().zip(&segments) {
                *done += segment.steps;
            }
            checkpoints.push(Checkpoint {
                segments,
                phase,
                measured,
            });
        }
        Self { checkpoints }
    }

    /// Timeline without steps: a measurement of the start.
    pub fn start(points: usize) -> Self {
        let segment = Segment { begin: 0, steps: 0 };
        Self {
            checkpoints: vec![Checkpoint {
                segments: vec![segment; points],
                phase: 0,
                measured: true,
            }],
        }
    }

    /// Sum of the steps of all points.
    pub fn total_steps(&self) -> u64 {
        self.checkpoints
            .iter()
            .flat_map(|checkpoint| &checkpoint.segments)
            .map(|segment| segment.steps)
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_join_and_reach_the_end() {
        let steps = [1_000, 37, 1];
        let timeline = Timeline::new(&steps, 10, &[0.25], &[0.33, 0.5]);
        for (point, &total) in steps.iter().enumerate() {
            let mut done = 0;
            for checkpoint in &timeline.checkpoints {
                assert_eq!(checkpoint.segments[point].begin, done, "segments join");
                done += checkpoint.segments[point].steps;
            }
            assert_eq!(done, total, "all steps are done");
        }
        assert!(timeline.checkpoints[0].measured, "the start is measured");
        assert!(
            timeline
                .checkpoints
                .last()
                .is_some_and(|checkpoint| checkpoint.measured),
            "the end is measured"
        );
        assert_eq!(
            timeline
                .checkpoints
                .last()
                .map(|checkpoint| checkpoint.phase),
            Some(2),
            "both changes have happened"
        );
    }

    #[test]
    fn phases_change_exactly_at_their_fraction() {
        let timeline = Timeline::new(&[100], 4, &[], &[0.33]);
        let seen: Vec<_> = timeline
            .checkpoints
            .iter()
            .map(|e| {
                (
                    e.segments[0].begin,
                    e.segments[0].steps,
                    e.phase,
                    e.measured,
                )
            })
            .collect();
        assert_eq!(
            seen,
            vec![
                (0, 0, 0, true),
                (0, 25, 0, true),
                (25, 8, 0, false),
                (33, 17, 1, true),
                (50, 25, 1, true),
                (75, 25, 1, true)
            ],
            "0 → 25 → 33 (no measurement) → 50 → 75 → 100"
        );
    }
}
