//! Where chains begin.

use crate::random::{Purpose, Stream, normal_integer, uniform};

/// The law of one parameter's start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// The same value for every chain.
    Value(f64),
    /// N(mean, sd²), drawn by the integer transform whatever transform the noise uses.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        sd: f64,
    },
    /// Uniform on (from, to).
    Uniform {
        /// Lower end.
        from: f64,
        /// Upper end.
        to: f64,
    },
}

/// The start of every chain: computed on the host for both backends, so that both begin with the same bits.
#[derive(Debug, Clone)]
pub struct Start {
    /// One law per flattened parameter.
    pub laws: Vec<Law>,
    /// Consecutive chains of one point that begin at the same place: 1 without superchains.
    pub together: u64,
    stream: Stream,
}

impl Start {
    /// Starts drawn from the stream of `seed`.
    pub fn new(laws: Vec<Law>, together: u64, seed: u64) -> Self {
        Self {
            laws,
            together,
            stream: Stream::new(seed, Purpose::Start),
        }
    }

    /// Number `k` of the state of chain number `chain` of the sweep: a flattened parameter, or one of the zeros after them.
    #[inline]
    pub fn value(&self, k: usize, chain: u64) -> f64 {
        let Some(law) = self.laws.get(k) else {
            return 0.0;
        };
        match *law {
            Law::Value(value) => value,
            Law::Normal { mean, sd } => {
                mean + sd * f64::from(f32::from_bits(normal_integer(self.word(k, chain))))
            }
            Law::Uniform { from, to } => {
                from + (to - from) * f64::from(uniform(self.word(k, chain)))
            }
        }
    }

    fn word(&self, k: usize, chain: u64) -> u32 {
        let words = self.stream.block((k / 4) as u64, chain / self.together);
        words[k % 4]
    }
}
