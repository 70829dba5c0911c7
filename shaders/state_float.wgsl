// The state of a chain in registers: parameters, then optimizer state.

alias State = array<Real, STATE>;

fn load_state(slot: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values[k] = stored(k, slot);
  }
  return values;
}

fn store_state(slot: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < STATE; k++) {
    state[k * ensemble.slots + slot] = copy[k];
  }
}

fn clear_state(values: ptr<function, State>) {
  *values = State();
}

