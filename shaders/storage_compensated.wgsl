// Chains in memory: parameters as integers of two words, low and high, then floats that the optimizer carries along.

@group(0) @binding(4) var<storage, read_write> state: array<u32>;

fn held(k: u32, place: u32) -> vec2<u32> {
  return vec2<u32>(state[2u * k * ensemble.places + place], state[(2u * k + 1u) * ensemble.places + place]);
}

// Number k of a chain's state, as programs read it.
fn kept(k: u32, place: u32) -> f32 {
  if k < PARAMETERS {
    return fixed_view(held(k, place));
  }
  return bitcast<f32>(state[(PARAMETERS + k) * ensemble.places + place]);
}

