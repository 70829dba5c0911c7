// Chains in memory: every number of the state a float.

@group(0) @binding(4) var<storage, read_write> state: array<Real>;

// Number k of a chain's state.
fn kept(k: u32, place: u32) -> Real {
  return state[k * ensemble.places + place];
}

