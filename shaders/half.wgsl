// 16-bit floats by integers, because not every device can convert them.

// Subnormal numbers are multiples of 2^-24, which f32 holds exactly.
fn from_half(bits: u32) -> f32 {
  let sign = (bits & 0x8000u) << 16u;
  let rest = bits & 0x7fffu;
  let small = bitcast<u32>(f32(rest) * 0x1p-24f);
  return bitcast<f32>(sign | select((rest << 13u) + 0x38000000u, small, rest < 0x400u));
}

// Bits of a number that a 16-bit float holds exactly.
fn to_half(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let small = u32(bitcast<f32>(size) * 0x1p24f);
  return ((bits >> 16u) & 0x8000u) | select((size - 0x38000000u) >> 13u, small, size < 0x38800000u);
}

