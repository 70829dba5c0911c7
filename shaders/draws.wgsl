// What a chain would draw from the first blocks of its stream: raw words, uniforms and prepared words.

@group(0) @binding(6) var<storage, read_write> drawn: array<vec4<u32>>;

@compute @workgroup_size(LANES)
fn draws(@builtin(global_invocation_id) id: vec3<u32>) {
  let place = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  let segment = segments[point_of(block)];
  let chain = add64(block.chain, id.x);
  for (var k = 0u; k < segment.steps; k++) {
    let counter = vec4<u32>(add64(segment.block, k), chain);
    let words = threefry4x32(counter, ensemble.key);
    let at = 4u * (k * ensemble.places + place);
    drawn[at] = words;
    drawn[at + 1u] = bitcast<vec4<u32>>(vec4<f32>(uniform_open(words.x), uniform_open(words.y), uniform_open(words.z), uniform_open(words.w)));
    let prepared = halves(prepare(words));
    drawn[at + 2u] = prepared[0];
    drawn[at + 3u] = prepared[1];
  }
}
