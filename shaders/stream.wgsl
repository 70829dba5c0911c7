// The noise of one chain, block by block: draws come from the front of `words`, which turn like a wheel.

struct Stream {
  block: vec2<u32>,
  chain: vec2<u32>,
  words: vec4<u32>,
}

fn open_stream(leg: Leg, chain: vec2<u32>) -> Stream {
  return Stream(leg.block, chain, vec4<u32>());
}

fn refill(stream: ptr<function, Stream>) {
  let counter = vec4<u32>((*stream).block, (*stream).chain);
  (*stream).words = prepare(threefry4x32(counter, ensemble.key));
  (*stream).block = add64((*stream).block, 1u);
}

fn skip(stream: ptr<function, Stream>) {
  let words = (*stream).words;
  (*stream).words = vec4<u32>(words.y, words.z, words.w, shift(words.x));
}

fn take(stream: ptr<function, Stream>) -> Real {
  let value = Real(draw((*stream).words.x));
  skip(stream);
  return value;
}
