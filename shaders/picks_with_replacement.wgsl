// Examples picked with replacement: each random word is a pick.

fn prepare(words: vec4<u32>) -> vec4<u32> {
  return words;
}

fn draw(word: u32) -> f32 {
  return bitcast<f32>(word);
}

fn shift(word: u32) -> u32 {
  return 0u;
}
