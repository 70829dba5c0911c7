// Many steps of every chain, its state in registers throughout.

// The step that each workgroup has reached: a device that silently skipped work is found out by this.
@group(0) @binding(6) var<storage, read_write> clock: array<u32>;

// Gives the steps that it left undone: none, unless the device gave up its loops.
fn advance_chain(place: u32, within: u32, block: Block, leg: Leg) -> u32 {
  let coefficients = load_coefficients(block.point);
  var stream = open_stream(leg, add64(block.chain, within));
  var values = load_state(place);
  let bound = bits(ensemble.bound);

  var phase = leg.phase;
  var remaining = leg.steps;
  var left = false;
  loop {
    // Nearly all blocks are whole, and nearly no chain leaves: that is looked at once for all steps of a block, and at the
    // begin of the next turn. At the end of its own it would let processors begin no turn before the last is over.
    var values_before = values;
    var stream_before = stream;
    var doubtful = false;
    while TOGETHER > 1u && phase == 0u && remaining >= TOGETHER && !doubtful {
      values_before = values;
      stream_before = stream;
      refill(&stream);
      var most = Bits();
      for (var k = 0u; k < TOGETHER; k++) {
        step(&values, &stream, coefficients);
        most = max(most, extent(&values));
      }
      doubtful = most > bound;
      remaining -= TOGETHER;
    }
    // Taken back out here: within the loop software rasterisers would pay for it in every turn.
    if doubtful {
      values = values_before;
      stream = stream_before;
      remaining += TOGETHER;
    }
    // What is left of a block at the start and at the end, and the steps of one in which the chain leaves, one by one.
    if remaining > 0u {
      refill(&stream);
      var count = 1u;
      if STEPS_PER_BLOCK > 1u {
        for (var k = 0u; k < phase * WIDTH; k++) {
          skip(&stream);
        }
        count = min(STEPS_PER_BLOCK - phase, remaining);
        phase = 0u;
      }
      loop {
        step(&values, &stream, coefficients);
        left = extent(&values) > bound;
        count--;
        remaining--;
        if left || count == 0u {
          break;
        }
      }
    }
    if left || remaining == 0u {
      break;
    }
  }
  if left {
    departed[place] = reached(leg, leg.steps - remaining);
    clear_state(&values);
    remaining = 0u;
  }
  // A device that has given up its loops for having run too long leaves this one too early.
  var turns = 0u;
  for (var k = 0u; k < 2u + (leg.steps >> 31u); k++) {
    turns++;
  }
  if turns < 2u {
    remaining = max(remaining, 1u);
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
    clock[index] = reached(leg, leg.steps - undone);
  }
}
