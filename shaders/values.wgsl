// Outputs of every chain, for comparison with the CPU.

@group(0) @binding(6) var<storage, read_write> observed: array<Real>;

@compute @workgroup_size(LANES)
fn values(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  if id.x >= block.filled {
    return;
  }
  var outputs = observe(load_state(slot), load_observe_uniforms(point_of(block)));
  for (var k = 0u; k < OUTPUTS; k++) {
    observed[k * ensemble.slots + slot] = output(&outputs, k);
  }
}
