//! Starts of the chains.

use crate::random::{Purpose, Stream, normal_integer, uniform};
use crate::spec::Start;

/// The start of every chain: computed on the host for both backends, so that both begin with the same bits.
#[derive(Debug, Clone)]
pub struct Starts {
    /// Consecutive chains of one sweep point that share a start: 1 without superchains.
    pub chains_per_start: u64,
    /// The distribution of each parameter's start.
    parameters: Vec<Start>,
    /// Parameter and entry within it of each flattened parameter.
    entries: Vec<(usize, usize)>,
    stream: Stream,
}

impl Starts {
    /// Starts drawn from the stream of `seed`; each parameter is given with its number of entries.
    pub fn new(parameters: Vec<(Start, usize)>, chains_per_start: u64, seed: u64) -> Self {
        let entries = (parameters.iter().enumerate())
            .flat_map(|(parameter, &(_, length))| (0..length).map(move |entry| (parameter, entry)))
            .collect();
        Self {
            chains_per_start,
            parameters: parameters.into_iter().map(|(start, _)| start).collect(),
            entries,
            stream: Stream::new(seed, Purpose::Start),
        }
    }

    /// The mean of every flattened parameter's start.
    pub fn center(&self) -> Vec<f64> {
        (self.entries.iter())
            .map(|&(parameter, entry)| match &self.parameters[parameter] {
                Start::Values(values) => values[entry],
                &Start::Normal { mean, .. } => mean,
                &Start::Uniform { from, to } => 0.5 * (from + to),
            })
            .collect()
    }

    /// Number `k` of the state of chain `chain` of the sweep: a flattened parameter, or one of the zeros of the
    /// optimizer state after them.
    #[inline]
    pub fn value(&self, k: usize, chain: u64) -> f64 {
        let Some(&(parameter, entry)) = self.entries.get(k) else {
            return 0.0;
        };
        match &self.parameters[parameter] {
            Start::Values(values) => values[entry],
            // The integer transform, whatever transform the noise uses.
            &Start::Normal { mean, sd } => {
                mean + sd * f64::from(f32::from_bits(normal_integer(self.word(k, chain))))
            }
            &Start::Uniform { from, to } => {
                from + (to - from) * f64::from(uniform(self.word(k, chain)))
            }
        }
    }

    fn word(&self, k: usize, chain: u64) -> u32 {
        let words = self
            .stream
            .block((k / 4) as u64, chain / self.chains_per_start);
        words[k % 4]
    }
}
