// Partial sums of outputs that `observe` has stored in memory, laid out as by moments.wgsl. Each row of workgroups sums one
// output.

@compute @workgroup_size(LANES)
fn moments(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let block = blocks[group.x];
  let output = group.y;

  var count = 0u;
  var sum: Sums;
  for (var row = 0u; row < ensemble.rows; row++) {
    let within = row * LANES + local.x;
    let slot = group.x * ensemble.block + within;
    if within < block.filled && diverged[slot] == NOT_DIVERGED {
      let value = memory[(OUTPUTS_AT + output) * ensemble.slots + slot];
      sum = accumulate(sum, value, count == 0u);
      count++;
    }
  }

  let at = (group.x * LANES + local.x) * PARTIAL;
  if output == 0u {
    partials[at] = Real(count);
  }
  put_sums(at, output, sum);
}
