// The double well by hand: one invocation takes one chain through all its steps, nothing is checked; and the noise alone.
// Follows the constants, the generator and a kind of noise of etascope::random, and `const DRAWS`, the draws of a block.

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

// The sum of all prepared words is what keeps them.
@compute @workgroup_size(64)
fn generate(@builtin(global_invocation_id) id: vec3<u32>) {
  let chain = id.x;
  if chain >= run.chains {
    return;
  }
  var sum = vec4<u32>(0u);
  for (var block = run.first_block; block < run.first_block + run.blocks; block++) {
    let prepared = halves(prepare(threefry4x32(vec4<u32>(block, 0u, chain, 0u), run.key)));
    sum += prepared[0] + prepared[1];
  }
  state[chain] = sum.x + sum.y + sum.z + sum.w;
}
