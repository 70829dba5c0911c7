// The next example of a batch picked with replacement.

fn next_example(stream: ptr<function, Stream>) -> u32 {
  let example = pick((*stream).draws.x, EXAMPLES);
  skip(stream);
  return example;
}
