// Every observed quantity of every chain, unreduced: for comparison with the CPU, chain by chain.

@group(0) @binding(6) var<storage, read_write> observed: array<Real>;

@compute @workgroup_size(LANES)
fn values(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let place = id.x + id.y * groups.x * LANES;
  if place >= ensemble.places {
    return;
  }
  let block = blocks[place / ensemble.block];
  if place % ensemble.block >= block.filled {
    return;
  }
  var outputs = observe(load_state(place), load_scales(block.point));
  for (var k = 0u; k < OUTPUTS; k++) {
    observed[k * ensemble.places + place] = output(&outputs, k);
  }
}
