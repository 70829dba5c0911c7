// The state of a chain in memory. Steps change it in place, so nothing is stored at the end.

fn store_state(slot: u32, values: State) {}

fn clear_state(values: ptr<function, State>) {
  for (var k = 0u; k < STATE; k++) {
    state[k * ensemble.slots + column] = 0.0;
  }
}

