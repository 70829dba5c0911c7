// Chains in memory: parameters as 16-bit floats, two to a word, then optimizer state as floats.

@group(0) @binding(4) var<storage, read_write> state: array<u32>;

const PAIRS: u32 = (PARAMETERS + 1u) / 2u;

// Number k of a chain's state.
fn stored(k: u32, slot: u32) -> f32 {
  if k < PARAMETERS {
    return from_half((state[k / 2u * ensemble.slots + slot] >> (16u * (k % 2u))) & 0xffffu);
  }
  return bitcast<f32>(state[(PAIRS + k - PARAMETERS) * ensemble.slots + slot]);
}

