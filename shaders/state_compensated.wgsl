// The state of a chain in registers. Parameters are also stored as integers, to which steps add.

struct State {
  numbers: array<f32, STATE>,             // as programs read them
  integers: array<vec2<u32>, PARAMETERS>,
}

fn load_state(slot: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values.numbers[k] = stored(k, slot);
  }
  for (var k = 0u; k < PARAMETERS; k++) {
    values.integers[k] = integer(k, slot);
  }
  return values;
}

fn store_state(slot: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < PARAMETERS; k++) {
    state[2u * k * ensemble.slots + slot] = copy.integers[k].x;
    state[(2u * k + 1u) * ensemble.slots + slot] = copy.integers[k].y;
  }
  for (var k = PARAMETERS; k < STATE; k++) {
    state[(PARAMETERS + k) * ensemble.slots + slot] = bitcast<u32>(copy.numbers[k]);
  }
}

fn clear_state(values: ptr<function, State>) {
  *values = State();
}

