// Many steps of every chain, its state in registers throughout.

// The step that each workgroup has reached: a device that silently skipped work is found out by this.
@group(0) @binding(6) var<storage, read_write> clock: array<u32>;

// Gives the steps that it left undone: none, unless the device gave up its loops.
fn advance_chain(place: u32, within: u32, block: Block, leg: Leg) -> u32 {
  let coefficients = load_coefficients(block.point);
  var stream = open_stream(leg, add64(block.chain, within));
  var values = load_state(place);
  let bound = bits(ensemble.bound);

  // A chain that leaves goes on as garbage: a branch per step or block would cost every chain. `survived` counts the
  // steps before it left, so that the answer does not depend on where legs end.
  var stays = true;
  var survived = 0u;
  var phase = leg.phase;
  var remaining = leg.steps;
  while remaining > 0u {
    refill(&stream);
    // Nearly all blocks are whole, and a loop of constant length can be unrolled.
    if STEPS_PER_BLOCK == 1u || (phase == 0u && remaining >= STEPS_PER_BLOCK) {
      for (var k = 0u; k < STEPS_PER_BLOCK; k++) {
        step(&values, &stream, coefficients);
        stays = stays & (extent(&values) <= bound);
        survived += select(0u, 1u, stays);
      }
      remaining -= STEPS_PER_BLOCK;
      continue;
    }
    for (var k = 0u; k < phase * WIDTH; k++) {
      skip(&stream);
    }
    let count = min(STEPS_PER_BLOCK - phase, remaining);
    for (var k = 0u; k < count; k++) {
      step(&values, &stream, coefficients);
      stays = stays & (extent(&values) <= bound);
      survived += select(0u, 1u, stays);
    }
    remaining -= count;
    phase = 0u;
  }
  // A device that has given up its loops for having run too long leaves this one too early.
  var turns = 0u;
  for (var k = 0u; k < 2u + (leg.steps >> 31u); k++) {
    turns++;
  }
  if turns < 2u {
    remaining = max(remaining, 1u);
  }
  if !stays {
    departed[place] = min(leg.begin + survived + 1u, STAYED - 1u);
    clear_state(&values);
  }
  store_state(place, values);
  return remaining;
}

@compute @workgroup_size(WORKGROUP)
fn advance(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let index = group.x + group.y * groups.x;
  let place = index * WORKGROUP + local.x;
  if place >= ensemble.places {
    return;
  }
  let block = blocks[place / ensemble.block];
  let within = place % ensemble.block;
  let leg = legs[block.point];
  var undone = 0u;
  if within < block.filled && departed[place] == STAYED {
    undone = advance_chain(place, within, block, leg);
  }
  if local.x == 0u {
    clock[index] = leg.begin + leg.steps - undone;
  }
}
