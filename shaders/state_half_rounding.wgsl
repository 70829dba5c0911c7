// Random words of the next roundings.

fn rounding_words(values: ptr<function, State>) -> vec4<u32> {
  let key = vec4<u32>(ensemble.key.xy, ROUNDING_PURPOSE, ensemble.key.w);
  let words = threefry4x32(vec4<u32>((*values).block, (*values).chain), key);
  (*values).block = add64((*values).block, 1u);
  return words;
}

