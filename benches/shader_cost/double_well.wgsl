// The double well by hand: one invocation steps one chain, without checks. It follows the constants, the generator and a
// transform of etascope::random. The step is repeated once per draw of a noise block, because the compiler would count a loop
// as eight turns.

struct Run {
  key: vec4<u32>,
  chains: u32,
  first_block: u32,
  blocks: u32,      // of four steps
  drift: f32,
  amplitude: f32,
  unused: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;

fn descend(x: f32, z: f32) -> f32 {
  let gradient = x * fma(x, x, -1.0);
  return fma(run.amplitude, z, fma(-run.drift, gradient, x));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let chain = id.x;
  if chain >= run.chains {
    return;
  }
  var x = state[chain];
  for (var block = run.first_block; block < run.first_block + run.blocks; block++) {
    var draws = prepare(threefry4x32(vec4<u32>(block, 0u, chain, 0u), run.key));
    x = descend(x, first(draws));
    draws = rest(draws);
  }
  state[chain] = x;
}
