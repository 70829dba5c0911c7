// Partial sums of every observed quantity, as moments.wgsl gives them, kept in memory while they grow.

@group(0) @binding(6) var<storage, read_write> partials: array<f32>;

// Per invocation: count, then for each output origin, four sums of powers of (value - origin), least, greatest.
const PARTIAL: u32 = 1u + 7u * OUTPUTS;

fn load_sums(at: u32) -> Sums {
  return Sums(
    vec4<f32>(partials[at + 1u], partials[at + 2u], partials[at + 3u], partials[at + 4u]),
    partials[at],
    partials[at + 5u],
    partials[at + 6u],
  );
}

fn store_sums(at: u32, sum: Sums) {
  partials[at] = sum.origin;
  partials[at + 1u] = sum.powers.x;
  partials[at + 2u] = sum.powers.y;
  partials[at + 3u] = sum.powers.z;
  partials[at + 4u] = sum.powers.w;
  partials[at + 5u] = sum.least;
  partials[at + 6u] = sum.greatest;
}

fn whole(outputs: ptr<function, Outputs>) -> bool {
  var all = true;
  for (var k = 0u; k < CHECKED; k++) {
    all = all && finite(output(outputs, k));
  }
  return all;
}

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

  let at = (index * LANES + local.x) * PARTIAL;
  var count = 0u;
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
    let place = index * ensemble.block + within;
    if within < block.filled && departed[place] == STAYED {
      var outputs = observe(load_state(place), scales);
      if whole(&outputs) {
        for (var k = 0u; k < OUTPUTS; k++) {
          let to = at + 1u + 7u * k;
          store_sums(to, accumulate(load_sums(to), output(&outputs, k), count == 0u));
        }
        count++;
      } else {
        departed[place] = now;
      }
    }
  }
  partials[at] = f32(count);
}
