// The state of a chain in registers, its parameters rounded to 16 bits at random after each step.

struct State {
  numbers: array<f32, STATE>,
  block: vec2<u32>,                       // of the next words to round by: low word, high word
  chain: vec2<u32>,                       // number of the chain in the whole sweep
}

fn load_state(place: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values.numbers[k] = kept(k, place);
  }
  let block = blocks[place / ensemble.block];
  values.block = segments[block.point].rounding;
  values.chain = add64(block.chain, place % ensemble.block);
  return values;
}

fn store_state(place: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < PARAMETERS; k += 2u) {
    var word = to_half(copy.numbers[k]);
    if k + 1u < PARAMETERS {
      word |= to_half(copy.numbers[k + 1u]) << 16u;
    }
    state[k / 2u * ensemble.places + place] = word;
  }
  for (var k = PARAMETERS; k < STATE; k++) {
    state[(PAIRS + k - PARAMETERS) * ensemble.places + place] = bitcast<u32>(copy.numbers[k]);
  }
}

fn clear_state(values: ptr<function, State>) {
  (*values).numbers = array<f32, STATE>();
}

