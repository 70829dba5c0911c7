// The state of a chain in registers, its parameters as integers too, to which steps add.

struct State {
  numbers: array<f32, STATE>,             // as programs read them
  held: array<vec2<u32>, PARAMETERS>,
}

fn load_state(place: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values.numbers[k] = kept(k, place);
  }
  for (var k = 0u; k < PARAMETERS; k++) {
    values.held[k] = held(k, place);
  }
  return values;
}

fn store_state(place: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < PARAMETERS; k++) {
    state[2u * k * ensemble.places + place] = copy.held[k].x;
    state[(2u * k + 1u) * ensemble.places + place] = copy.held[k].y;
  }
  for (var k = PARAMETERS; k < STATE; k++) {
    state[(PARAMETERS + k) * ensemble.places + place] = bitcast<u32>(copy.numbers[k]);
  }
}

fn clear_state(values: ptr<function, State>) {
  *values = State();
}

