// The data sets in 16 bits: example after example, training before validation, two numbers in a word.

@group(0) @binding(9) var<storage, read> examples: array<u32>;

// By integers, since no float conversion from 16 bits is promised to every device. Subnormal numbers are multiples of
// 2^-24, which f32 holds exactly.
fn number(at: u32) -> f32 {
  let bits = (examples[at / 2u] >> (16u * (at % 2u))) & 0xffffu;
  let sign = (bits & 0x8000u) << 16u;
  let rest = bits & 0x7fffu;
  let small = bitcast<u32>(f32(rest) * 0x1p-24f);
  return bitcast<f32>(sign | select((rest << 13u) + 0x38000000u, small, rest < 0x400u));
}
