// Numbers as 64-bit integers of a common unit, 2^-FRACTION: low word, high word, two's complement. Twin of
// src/engine/fixed_point.rs, where the method is told. Floats are only taken apart and put together.

// What has left the range, and stays there.
fn fixed_is_lost(held: vec2<u32>) -> bool {
  return held.x == 0u && held.y == 0x80000000u;
}

fn fixed_negated(held: vec2<u32>) -> vec2<u32> {
  let low = ~held.x + 1u;
  return vec2<u32>(low, ~held.y + select(0u, 1u, low == 0u));
}

// The nearest float, halves to even; infinity for what is lost.
fn fixed_view(held: vec2<u32>) -> f32 {
  let sign = held.y & 0x80000000u;
  let size = select(held, fixed_negated(held), sign != 0u);
  // Moved to the left until the first digit is the topmost of 64.
  let short = size.y == 0u;
  let whole = select(size, vec2<u32>(0u, size.x), short);
  let zeros = countLeadingZeros(whole.y) & 31u;
  let top = (whole.y << zeros) | ((whole.x >> 1u) >> (31u - zeros));
  let below = (whole.x << zeros) != 0u;
  let kept = top >> 8u;
  let half = top & 0xffu;
  let up = half > 0x80u || (half == 0x80u && (below || (kept & 1u) == 1u));
  let first = select(63u, 31u, short) - zeros;
  // The first of the 24 digits adds 1 to the exponent, and so does a carry out of them.
  let bits = ((first + 126u - FRACTION) << 23u) + kept + select(0u, 1u, up);
  let found = sign | select(bits, 0u, top == 0u);
  return bitcast<f32>(select(found, 0x7f800000u, fixed_is_lost(held)));
}

// The number after a step by `increment`.
fn fixed_add(held: vec2<u32>, increment: f32) -> vec2<u32> {
  let bits = bitcast<u32>(increment);
  let exponent = (bits >> 23u) & 255u;
  let mantissa = select((bits & 0x7fffffu) | 0x800000u, 0u, exponent == 0u);
  let shift = i32(exponent) - 150 + i32(FRACTION);
  let right = u32(clamp(-shift, 0, 31));
  let left = u32(clamp(shift, 0, FIXED_MOST_LEFT));
  // Eight places to the left stay within a word.
  let near = min(left, 8u);
  let far = left - near;
  let shifted = ((mantissa << near) + ((1u << right) >> 1u)) >> right;
  let units = vec2<u32>(shifted << far, (shifted >> 1u) >> (31u - far));
  let change = select(units, fixed_negated(units), (bits >> 31u) != 0u);
  let low = held.x + change.x;
  let sum = vec2<u32>(low, held.y + change.y + select(0u, 1u, low < held.x));
  let overflow = (((held.y ^ sum.y) & (change.y ^ sum.y)) >> 31u) != 0u;
  return select(sum, vec2<u32>(0u, 0x80000000u), shift > FIXED_MOST_LEFT || overflow || fixed_is_lost(held));
}
