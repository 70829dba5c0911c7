// The double well with Philox4x32-10 and Box–Muller, the obvious first choice. WGSL has no high half of a product, so it is
// assembled from products of 16 bits.

struct Run {
  key: vec2<u32>,
  chains: u32,
  first_block: u32,
  blocks: u32,      // of four steps
  drift: f32,
  amplitude: f32,
  unused: u32,
}

@group(0) @binding(0) var<uniform> run: Run;
@group(0) @binding(1) var<storage, read_write> state: array<f32>;

fn high(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let one = (a & 0xffffu) * (b >> 16u);
  let two = (a >> 16u) * (b & 0xffffu);
  let middle = (low >> 16u) + (one & 0xffffu) + (two & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (one >> 16u) + (two >> 16u) + (middle >> 16u);
}

fn philox4x32(counter: vec4<u32>, key: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0u; round < 10u; round++) {
    c = vec4<u32>(
      high(0xcd9e8d57u, c.z) ^ c.y ^ k.x, 0xcd9e8d57u * c.z,
      high(0xd2511f53u, c.x) ^ c.w ^ k.y, 0xd2511f53u * c.x,
    );
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}

fn normals(words: vec2<u32>) -> vec2<f32> {
  let uniform_one = (f32(words.x >> 8u) + 0.5) * 0x1p-24f;
  let angle = f32(words.y) * (6.2831853 * 0x1p-32f);
  let radius = sqrt(-2.0 * log(uniform_one));
  return vec2<f32>(radius * cos(angle), radius * sin(angle));
}

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
    let words = philox4x32(vec4<u32>(block, 0u, chain, 0u), run.key);
    let one = normals(words.xy);
    let two = normals(words.zw);
    x = descend(x, one.x);
    x = descend(x, one.y);
    x = descend(x, two.x);
    x = descend(x, two.y);
  }
  state[chain] = x;
}
