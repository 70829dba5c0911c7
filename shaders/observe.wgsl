// Outputs of every chain, stored in memory. A chain whose loss or gradient is not finite is marked as diverged.

@compute @workgroup_size(LANES)
fn observe(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x < block.filled && diverged[slot] == NOT_DIVERGED {
    column = slot;
    point_of_column = point_of(block);
    observe_chain();
    var all = true;
    for (var k = 0u; k < CHECKED; k++) {
      all = all && finite(memory[(OUTPUTS_AT + k) * ensemble.slots + column]);
    }
    if !all {
      diverged[slot] = segments[point_of(block)].begin;
    }
  }
}
