// Every observed quantity of every chain, left in memory. A chain whose loss or gradient is not finite leaves.

@compute @workgroup_size(LANES)
fn observe(@builtin(global_invocation_id) id: vec3<u32>) {
  let place = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x < block.filled && diverged[place] == NOT_DIVERGED {
    column = place;
    point_of_column = point_of(block);
    observe_chain();
    var all = true;
    for (var k = 0u; k < CHECKED; k++) {
      all = all && finite(memory[(OUTPUTS_AT + k) * ensemble.places + column]);
    }
    if !all {
      diverged[place] = segments[point_of(block)].begin;
    }
  }
}
