// Partial sums of every observed quantity: one invocation sums at most 128 chains, the host merges in f64.
// Several workgroups share a block, so that few chains keep more than one processor busy.

@compute @workgroup_size(SUMMING)
fn moments(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let share = group.x + group.y * groups.x;
  let index = share / (LANES / SUMMING);
  let lane = share % (LANES / SUMMING) * SUMMING + local.x;
  if index >= ensemble.blocks {
    return;
  }
  let block = blocks[index];
  let leg = legs[block.point];
  let now = reached(leg, leg.steps);
  let scales = load_scales(block.point);

  let at = (index * LANES + lane) * PARTIAL;
  var count = 0u;
  var sums = no_sums(at);
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + lane;
    let place = index * ensemble.block + within;
    if within >= block.filled || departed[place] != STAYED {
      continue;
    }
    let values = observe(load_state(place), scales);
    if !whole(values) {
      departed[place] = now;
      continue;
    }
    accumulate_all(&sums, values, count == 0u);
    count++;
  }

  partials[at] = Real(count);
  put_all(at, sums);
}
