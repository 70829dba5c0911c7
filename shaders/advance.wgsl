// Steps of every chain. The state is loaded once, stepped, and stored once.

// The step that each workgroup has reached. The host compares it, because a device may skip work silently.
@group(0) @binding(6) var<storage, read_write> clock: array<u32>;

@compute @workgroup_size(WORKGROUP)
fn advance(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let within = group.x * WORKGROUP + local.x;
  let slot = group.y * ensemble.block + within;
  // Read here what all invocations share: after a branch software rasterizers would read it once per invocation.
  let block = blocks[group.y];
  let point = point_of(block);
  let segment = segments[point];
  let coefficients = load_coefficients(point);
  let bound = bits(ensemble.bound);
  var stream = open_stream(segment, add64(block.chain, within));

  var undone = 0u;
  if within < block.filled && diverged[slot] == NOT_DIVERGED {
    var values = load_state(slot);
    let end = walk(&values, &stream, coefficients, segment, bound);
    undone = end.remaining;
    if end.has_diverged {
      diverged[slot] = reached(segment, segment.steps - undone);
      clear_state(&values);
      undone = 0u;
    }
    // A device that stops loops of long dispatches stops this one too, which is how the host finds out.
    var turns = 0u;
    for (var k = 0u; k < 2u + (segment.steps >> 31u); k++) {
      turns++;
    }
    if turns < 2u {
      undone = max(undone, 1u);
    }
    store_state(slot, values);
  }
  if local.x == 0u {
    clock[slot / WORKGROUP] = reached(segment, segment.steps - undone);
  }
}
