// Sums over a range of the examples of one survey, which grow in memory from dispatch to dispatch.

@compute @workgroup_size(LANES)
fn survey(@builtin(global_invocation_id) id: vec3<u32>) {
  let place = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x < block.filled && departed[place] == STAYED {
    column = place;
    survey_examples(ensemble.survey, ensemble.first, ensemble.last);
  }
}
