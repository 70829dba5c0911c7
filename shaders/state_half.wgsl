// The state of a chain in registers. Each step rounds its parameters stochastically to 16-bit floats.

struct State {
  numbers: array<f32, STATE>,
  block: vec2<u32>,                       // next block of random words to round by: low word, high word
  chain: vec2<u32>,                       // number of the chain in the whole sweep
}

fn load_state(slot: u32) -> State {
  var values: State;
  for (var k = 0u; k < STATE; k++) {
    values.numbers[k] = stored(k, slot);
  }
  let block = blocks[slot / ensemble.block];
  values.block = segments[block.point].rounding;
  values.chain = add64(block.chain, slot % ensemble.block);
  return values;
}

fn store_state(slot: u32, values: State) {
  var copy = values;
  for (var k = 0u; k < PARAMETERS; k += 2u) {
    var word = to_half(copy.numbers[k]);
    if k + 1u < PARAMETERS {
      word |= to_half(copy.numbers[k + 1u]) << 16u;
    }
    state[k / 2u * ensemble.slots + slot] = word;
  }
  for (var k = PARAMETERS; k < STATE; k++) {
    state[(PAIRS + k - PARAMETERS) * ensemble.slots + slot] = bitcast<u32>(copy.numbers[k]);
  }
}

fn clear_state(values: ptr<function, State>) {
  (*values).numbers = array<f32, STATE>();
}

