// Every observed quantity of every chain, left in memory. A chain whose loss or gradient is not finite leaves.

@compute @workgroup_size(LANES)
fn observe(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let place = id.x + id.y * groups.x * LANES;
  if place >= ensemble.places {
    return;
  }
  let block = blocks[place / ensemble.block];
  if place % ensemble.block < block.filled && departed[place] == STAYED {
    column = place;
    point_of_column = block.point;
    observe_chain();
    var all = true;
    for (var k = 0u; k < CHECKED; k++) {
      all = all && finite(memory[(OUTPUTS_AT + k) * ensemble.places + column]);
    }
    if !all {
      departed[place] = legs[block.point].begin;
    }
  }
}
