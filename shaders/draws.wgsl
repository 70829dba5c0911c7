// The first noise blocks of each chain's stream: random words, uniforms and variates, for comparison with the CPU.

@group(0) @binding(6) var<storage, read_write> drawn: array<vec4<u32>>;

@compute @workgroup_size(LANES)
fn draws(@builtin(global_invocation_id) id: vec3<u32>) {
  let slot = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  let segment = segments[point_of(block)];
  let chain = add64(block.chain, id.x);
  for (var k = 0u; k < segment.steps; k++) {
    let counter = vec4<u32>(add64(segment.block, k), chain);
    let words = threefry4x32(counter, ensemble.key);
    let at = 4u * (k * ensemble.slots + slot);
    drawn[at] = words;
    drawn[at + 1u] = bitcast<vec4<u32>>(vec4<f32>(uniform_open(words.x), uniform_open(words.y), uniform_open(words.z), uniform_open(words.w)));
    let variates = halves(prepare(words));
    drawn[at + 2u] = variates[0];
    drawn[at + 3u] = variates[1];
  }
}
