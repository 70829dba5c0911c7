// Hand-written double well, and the noise alone. One invocation advances one chain by all its steps, without checks.
// The host prepends the constants, the generator and the noise code of `etascope::random`, and `const DRAWS`, the number
// of draws per noise block.

struct Run {
  key: vec4<u32>,
  chains: u32,
  first_block: u32,
  blocks: u32,
  drift: f32,
  amplitude: f32,
  unused: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read_write> state: array<u32>;

fn descend(x: f32, z: f32) -> f32 {
  let gradient = x * fma(x, x, -1.0);
  return fma(run.amplitude, z, fma(-run.drift, gradient, x));
}

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3<u32>) {
  let chain = id.x;
  if chain >= run.chains {
    return;
  }
  var x = bitcast<f32>(state[chain]);
  for (var block = run.first_block; block < run.first_block + run.blocks; block++) {
    var draws = prepare(threefry4x32(vec4<u32>(block, 0u, chain, 0u), run.key));
    for (var k = 0u; k < DRAWS; k++) {
      x = descend(x, first(draws));
      draws = rest(draws);
    }
  }
  state[chain] = bitcast<u32>(x);
}

// The sum is stored so that the compiler cannot remove the work.
@compute @workgroup_size(64)
fn generate(@builtin(global_invocation_id) id: vec3<u32>) {
  let chain = id.x;
  if chain >= run.chains {
    return;
  }
  var sum = vec4<u32>(0u);
  for (var block = run.first_block; block < run.first_block + run.blocks; block++) {
    let variates = halves(prepare(threefry4x32(vec4<u32>(block, 0u, chain, 0u), run.key)));
    sum += variates[0] + variates[1];
  }
  state[chain] = sum.x + sum.y + sum.z + sum.w;
}
