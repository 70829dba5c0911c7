// Sums over a range of the examples of one data_pass, which grow in memory from dispatch to dispatch.

@compute @workgroup_size(LANES)
fn data_pass(@builtin(global_invocation_id) id: vec3<u32>) {
  let place = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x < block.filled && diverged[place] == NOT_DIVERGED {
    column = place;
    survey_examples(ensemble.data_pass, ensemble.first, ensemble.last);
  }
}
