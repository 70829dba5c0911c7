// The stream of one chain, noise block by noise block.

struct Stream {
  key: vec4<u32>,     // a copy, because software rasterizers would load it from memory for every block
  block: vec2<u32>,
  chain: vec2<u32>,
  draws: Draws,
}

fn open_stream(segment: Segment, chain: vec2<u32>) -> Stream {
  return Stream(ensemble.key, segment.block, chain, Draws());
}

fn refill(stream: ptr<function, Stream>) {
  let counter = vec4<u32>((*stream).block, (*stream).chain);
  (*stream).draws = prepare(threefry4x32(counter, (*stream).key));
  (*stream).block = add64((*stream).block, 1u);
}

fn skip(stream: ptr<function, Stream>) {
  (*stream).draws = rest((*stream).draws);
}

fn take(stream: ptr<function, Stream>) -> Real {
  let value = Real(first((*stream).draws));
  skip(stream);
  return value;
}
