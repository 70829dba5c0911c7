// Rounding at random to 16-bit floats, in integers. CPU counterpart: src/random/rounding.rs.

fn round_half(x: f32, word: u32) -> f32 {
  let bits = bitcast<u32>(x);
  let size = bits & 0x7fffffffu;
  let rounded = (size + (word & 0x1fffu)) & 0xffffe000u;
  // Units of 2^-24 with 16 digits after the point; the product is exact.
  let small = min(size, HALF_LEAST_NORMAL);
  let units = u32(i32(bitcast<f32>(small) * 0x1p40f));
  let even = f32(i32((units + (word & 0xffffu)) >> 16u)) * 0x1p-24f;
  let large = select(rounded, 0x7f800000u, rounded >= HALF_BEYOND);
  return bitcast<f32>((bits & 0x80000000u) | select(large, bitcast<u32>(even), size < HALF_LEAST_NORMAL));
}
