// What a chain would draw from the first blocks of its stream: raw words, uniforms and prepared words.

@group(0) @binding(6) var<storage, read_write> drawn: array<vec4<u32>>;

@compute @workgroup_size(LANES)
fn draws(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let place = id.x + id.y * groups.x * LANES;
  if place >= ensemble.places {
    return;
  }
  let block = blocks[place / ensemble.block];
  let leg = legs[block.point];
  let chain = add64(block.chain, place % ensemble.block);
  for (var k = 0u; k < leg.steps; k++) {
    let counter = vec4<u32>(add64(leg.block, k), chain);
    let words = threefry4x32(counter, ensemble.key);
    let at = 4u * (k * ensemble.places + place);
    drawn[at] = words;
    drawn[at + 1u] = bitcast<vec4<u32>>(vec4<f32>(uniform_open(words.x), uniform_open(words.y), uniform_open(words.z), uniform_open(words.w)));
    let prepared = halves(prepare(words));
    drawn[at + 2u] = prepared[0];
    drawn[at + 3u] = prepared[1];
  }
}
