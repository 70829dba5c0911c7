// Examples in a random order, a new one for each chain and epoch. The stream is a position in that order.

struct Stream {
  epoch: vec2<u32>,
  chain: vec2<u32>,
  key: vec4<u32>,     // of the epoch's order
  position: u32,      // of the next example in it
}

fn open_stream(segment: Segment, chain: vec2<u32>) -> Stream {
  return Stream(segment.block, chain, threefry4x32(vec4<u32>(segment.block, chain), ensemble.key), segment.offset);
}

// Nothing to do in `refill` and `skip`: the stream is a position in an order, and holds no block of random words that
// could run out or have unused words at the end of a step.
fn refill(stream: ptr<function, Stream>) {}

fn skip(stream: ptr<function, Stream>) {}

fn next_example(stream: ptr<function, Stream>) -> u32 {
  if (*stream).position == EXAMPLES {
    (*stream).epoch = add64((*stream).epoch, 1u);
    (*stream).key = threefry4x32(vec4<u32>((*stream).epoch, (*stream).chain), ensemble.key);
    (*stream).position = 0u;
  }
  let example = permute((*stream).position, EXAMPLES, (*stream).key);
  (*stream).position += 1u;
  return example;
}
