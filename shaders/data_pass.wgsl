// Sums over a range of the examples of one data pass. They stay in memory and grow from dispatch to dispatch.

@compute @workgroup_size(LANES)
fn data_pass(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x < block.filled && diverged[slot] == NOT_DIVERGED {
    column = slot;
    sum_examples(ensemble.data_pass, ensemble.first, ensemble.last);
  }
}
