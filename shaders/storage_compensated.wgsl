// Chains in memory: parameters as integers of two words, low and high, then optimizer state as floats.

@group(0) @binding(4) var<storage, read_write> state: array<u32>;

fn integer(k: u32, slot: u32) -> vec2<u32> {
  return vec2<u32>(state[2u * k * ensemble.slots + slot], state[(2u * k + 1u) * ensemble.slots + slot]);
}

// Number k of a chain's state, as programs read it.
fn stored(k: u32, slot: u32) -> f32 {
  if k < PARAMETERS {
    return fixed_view(integer(k, slot));
  }
  return bitcast<f32>(state[(PARAMETERS + k) * ensemble.slots + slot]);
}

