// Partial sums of every observed quantity: one invocation sums at most 128 chains, the host merges in f64.

@group(0) @binding(6) var<storage, read_write> partials: array<Real>;

// Per invocation: count, then for each output origin, four sums of powers of (value - origin), least, greatest.
const PARTIAL: u32 = 1u + 7u * OUTPUTS;

@compute @workgroup_size(LANES)
fn moments(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let index = group.x + group.y * groups.x;
  if index >= ensemble.blocks {
    return;
  }
  let block = blocks[index];
  let now = legs[block.point].begin;
  let scales = load_scales(block.point);

  var count = 0u;
  var sums: AllSums;
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
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

  let at = (index * LANES + local.x) * PARTIAL;
  partials[at] = Real(count);
  for (var k = 0u; k < OUTPUTS; k++) {
    let sum = sums[k];
    let to = at + 1u + 7u * k;
    partials[to] = sum.origin;
    partials[to + 1u] = sum.powers.x;
    partials[to + 2u] = sum.powers.y;
    partials[to + 3u] = sum.powers.z;
    partials[to + 4u] = sum.powers.w;
    partials[to + 5u] = sum.least;
    partials[to + 6u] = sum.greatest;
  }
}
