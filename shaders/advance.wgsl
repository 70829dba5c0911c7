// Many steps of every chain, its state in registers throughout.

// The step that each workgroup has reached: a device that silently skipped work is found out by this.
@group(0) @binding(6) var<storage, read_write> clock: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn advance(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let within = group.x * WORKGROUP + local.x;
  let place = group.y * ensemble.block + within;
  // What invocations read together is read here: after a branch software rasterisers would read it for each.
  let block = blocks[group.y];
  let point = point_of(block);
  let segment = segments[point];
  let coefficients = load_coefficients(point);
  let bound = bits(ensemble.bound);
  var stream = open_stream(segment, add64(block.chain, within));

  var undone = 0u;
  if within < block.filled && diverged[place] == NOT_DIVERGED {
    var values = load_state(place);
    let end = walk(&values, &stream, coefficients, segment, bound);
    undone = end.remaining;
    if end.left {
      diverged[place] = reached(segment, segment.steps - undone);
      clear_state(&values);
      undone = 0u;
    }
    // A device that has given up its loops for having run too long leaves this one too early.
    var turns = 0u;
    for (var k = 0u; k < 2u + (segment.steps >> 31u); k++) {
      turns++;
    }
    if turns < 2u {
      undone = max(undone, 1u);
    }
    store_state(place, values);
  }
  if local.x == 0u {
    clock[place / WORKGROUP] = reached(segment, segment.steps - undone);
  }
}
