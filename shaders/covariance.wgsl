// Central sums of products of two parameters, over the same chains as one invocation of `moments`.

@group(0) @binding(6) var<storage, read_write> products: array<Real>;
@group(0) @binding(7) var<storage, read> pairs: array<vec2<u32>>;

@compute @workgroup_size(LANES)
fn covariance(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let block = blocks[group.x];
  let pair = pairs[ensemble.pairs + group.y];

  var count = 0u;
  var origin = vec2<Real>();
  var sum = vec2<Real>();
  var product = Real();
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
    let slot = group.x * ensemble.block + within;
    if within >= block.filled || diverged[slot] != NOT_DIVERGED {
      continue;
    }
    let value = vec2<Real>(stored(pair.x, slot), stored(pair.y, slot));
    if count == 0u {
      origin = value;
    }
    count++;
    let d = value - origin;
    sum += d;
    product += d.x * d.y;
  }
  let central = product - sum.x * sum.y / max(Real(count), 1.0);
  products[(group.y * ensemble.blocks + group.x) * LANES + local.x] = central;
}
