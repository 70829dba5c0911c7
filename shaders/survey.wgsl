// Sums over a range of the examples of one survey, which grow in memory from dispatch to dispatch.

@compute @workgroup_size(LANES)
fn survey(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let place = id.x + id.y * groups.x * LANES;
  if place >= ensemble.places {
    return;
  }
  let block = blocks[place / ensemble.block];
  if place % ensemble.block < block.filled && departed[place] == STAYED {
    column = place;
    survey_examples(ensemble.survey, ensemble.first, ensemble.last);
  }
}
