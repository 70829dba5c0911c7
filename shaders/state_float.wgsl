// The state of a chain in registers: parameters, then what the optimizer carries along.

alias State = array<Real, STATE>;

fn load_state(place: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values[k] = kept(k, place);
  }
  return values;
}

fn store_state(place: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < STATE; k++) {
    state[k * ensemble.places + place] = copy[k];
  }
}

fn clear_state(values: ptr<function, State>) {
  *values = State();
}

