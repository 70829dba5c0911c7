// Partial sums of every observed quantity: one invocation sums at most 128 chains, the host merges in f64.
// Several workgroups share a block, so that few chains keep more than one processor busy.

@compute @workgroup_size(SUMMING)
fn moments(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let lane = group.x * SUMMING + local.x;
  let block = blocks[group.y];
  let point = point_of(block);
  let segment = segments[point];
  let now = reached(segment, segment.steps);
  let scales = load_scales(point);

  let at = (group.y * LANES + lane) * PARTIAL;
  var count = 0u;
  var sums = no_sums(at);
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + lane;
    let place = group.y * ensemble.block + within;
    if within >= block.filled || diverged[place] != NOT_DIVERGED {
      continue;
    }
    let values = observe(load_state(place), scales);
    if !whole(values) {
      diverged[place] = now;
      continue;
    }
    accumulate_all(&sums, values, count == 0u);
    count++;
  }

  partials[at] = Real(count);
  put_all(at, sums);
}
