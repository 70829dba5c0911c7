// Partial sums of every observed quantity: one invocation sums at most 128 chains, the host merges in f64.

@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

// Per invocation: count, then for each output shift, four sums of powers of (value - shift), least, greatest.
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
  // The first value of each output: sums of differences from it keep their digits where the mean is far from zero.
  var origin: Outputs;
  var powers: array<vec4<f32>, OUTPUTS>;
  var least: Outputs;
  var greatest: Outputs;
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
    let place = index * ensemble.block + within;
    if within >= block.filled || departed[place] != STAYED {
      continue;
    }
    var values = observe(load_state(place), scales);
    var whole = true;
    for (var k = 0u; k < CHECKED; k++) {
      whole = whole && finite(values[k]);
    }
    if !whole {
      departed[place] = now;
      continue;
    }
    if count == 0u {
      origin = values;
      least = values;
      greatest = values;
    }
    count++;
    for (var k = 0u; k < OUTPUTS; k++) {
      let d = values[k] - origin[k];
      let d2 = d * d;
      powers[k] += vec4<f32>(d, d2, d2 * d, d2 * d2);
      least[k] = min(least[k], values[k]);
      greatest[k] = max(greatest[k], values[k]);
    }
  }

  let at = (index * LANES + local.x) * PARTIAL;
  partials[at] = f32(count);
  for (var k = 0u; k < OUTPUTS; k++) {
    let to = at + 1u + 7u * k;
    partials[to] = origin[k];
    partials[to + 1u] = powers[k].x;
    partials[to + 2u] = powers[k].y;
    partials[to + 3u] = powers[k].z;
    partials[to + 4u] = powers[k].w;
    partials[to + 5u] = least[k];
    partials[to + 6u] = greatest[k];
  }
}
