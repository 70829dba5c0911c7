// Partial sums of every output. One invocation sums at most 128 chains; the host merges the sums in f64. Several workgroups
// share a block, so that a small ensemble keeps more than one processor busy.

@compute @workgroup_size(MOMENTS_WORKGROUP)
fn moments(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let lane = group.x * MOMENTS_WORKGROUP + local.x;
  let block = blocks[group.y];
  let point = point_of(block);
  let segment = segments[point];
  let now = reached(segment, segment.steps);
  let uniforms_of_point = load_observe_uniforms(point);

  let at = (group.y * LANES + lane) * PARTIAL;
  var count = 0u;
  var sums = no_sums(at);
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + lane;
    let slot = group.y * ensemble.block + within;
    if within >= block.filled || diverged[slot] != NOT_DIVERGED {
      continue;
    }
    let values = observe(load_state(slot), uniforms_of_point);
    if !all_finite(values) {
      diverged[slot] = now;
      continue;
    }
    accumulate_all(&sums, values, count == 0u);
    count++;
  }

  partials[at] = Real(count);
  put_all(at, sums);
}
