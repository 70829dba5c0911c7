// Numbers as 64-bit integers of a common unit, 2^-FRACTION: low word, high word, two's complement. CPU
// counterpart: src/engine/fixed_point.rs, which explains the method. Floats are only split into bits and assembled.

// True for a number that has overflowed, and stays so.
fn fixed_is_lost(value: vec2<u32>) -> bool {
  return value.x == 0u && value.y == 0x80000000u;
}

fn fixed_negated(value: vec2<u32>) -> vec2<u32> {
  let low = ~value.x + 1u;
  return vec2<u32>(low, ~value.y + select(0u, 1u, low == 0u));
}

// The nearest float, ties to even; infinity for a number that has overflowed.
fn fixed_view(value: vec2<u32>) -> f32 {
  let sign = value.y & 0x80000000u;
  let size = select(value, fixed_negated(value), sign != 0u);
  // Shifted left until the first digit is the top one of 64.
  let short = size.y == 0u;
  let whole = select(size, vec2<u32>(0u, size.x), short);
  let zeros = countLeadingZeros(whole.y) & 31u;
  let top = (whole.y << zeros) | ((whole.x >> 1u) >> (31u - zeros));
  let below = (whole.x << zeros) != 0u;
  let digits = top >> 8u;
  let half = top & 0xffu;
  let up = half > 0x80u || (half == 0x80u && (below || (digits & 1u) == 1u));
  let first = select(63u, 31u, short) - zeros;
  // The first of the 24 digits adds 1 to the exponent, and so does a carry out of them.
  let bits = ((first + 126u - FRACTION) << 23u) + digits + select(0u, 1u, up);
  let found = sign | select(bits, 0u, top == 0u);
  return bitcast<f32>(select(found, 0x7f800000u, fixed_is_lost(value)));
}

// The number after a step by `increment`.
fn fixed_add(value: vec2<u32>, increment: f32) -> vec2<u32> {
  let bits = bitcast<u32>(increment);
  let exponent = (bits >> 23u) & 255u;
  let mantissa = select((bits & 0x7fffffu) | 0x800000u, 0u, exponent == 0u);
  let shift = i32(exponent) - 150 + i32(FRACTION);
  let right = u32(clamp(-shift, 0, 31));
  let left = u32(clamp(shift, 0, FIXED_MOST_LEFT));
  // A shift by eight stays within a word.
  let near = min(left, 8u);
  let far = left - near;
  let shifted = ((mantissa << near) + ((1u << right) >> 1u)) >> right;
  let units = vec2<u32>(shifted << far, (shifted >> 1u) >> (31u - far));
  let change = select(units, fixed_negated(units), (bits >> 31u) != 0u);
  let low = value.x + change.x;
  let sum = vec2<u32>(low, value.y + change.y + select(0u, 1u, low < value.x));
  let overflow = (((value.y ^ sum.y) & (change.y ^ sum.y)) >> 31u) != 0u;
  return select(sum, vec2<u32>(0u, 0x80000000u), shift > FIXED_MOST_LEFT || overflow || fixed_is_lost(value));
}
