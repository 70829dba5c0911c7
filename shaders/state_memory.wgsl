// The state of a chain that steps work on in memory, where it is all the time.

fn store_state(place: u32, values: State) {}

fn clear_state(values: ptr<function, State>) {
  for (var k = 0u; k < STATE; k++) {
    state[k * ensemble.places + column] = 0.0;
  }
}

