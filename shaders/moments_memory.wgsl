// Partial sums of what `observe` has left in memory, as moments.wgsl gives them: one output for each row of workgroups.

@group(0) @binding(6) var<storage, read_write> partials: array<Real>;

// Per invocation: count, then for each output origin, four sums of powers of (value - origin), least, greatest.
const PARTIAL: u32 = 1u + 7u * OUTPUTS;

@compute @workgroup_size(LANES)
fn moments(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let block = blocks[group.x];
  let output = group.y;

  var count = 0u;
  var sum: Sums;
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
    let place = group.x * ensemble.block + within;
    if within < block.filled && departed[place] == STAYED {
      let value = memory[(OUTPUTS_AT + output) * ensemble.places + place];
      sum = accumulate(sum, value, count == 0u);
      count++;
    }
  }

  let at = (group.x * LANES + local.x) * PARTIAL;
  let to = at + 1u + 7u * output;
  if output == 0u {
    partials[at] = Real(count);
  }
  partials[to] = sum.origin;
  partials[to + 1u] = sum.powers.x;
  partials[to + 2u] = sum.powers.y;
  partials[to + 3u] = sum.powers.z;
  partials[to + 4u] = sum.powers.w;
  partials[to + 5u] = sum.least;
  partials[to + 6u] = sum.greatest;
}
