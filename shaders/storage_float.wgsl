// Chains in memory: every number of the state is a float.

@group(0) @binding(4) var<storage, read_write> state: array<Real>;

// Number k of a chain's state.
fn stored(k: u32, slot: u32) -> Real {
  return state[k * ensemble.slots + slot];
}

