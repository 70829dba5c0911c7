// Numbers of chains in single precision. Counterpart of real_f64.wgsl.

alias Real = f32;
alias Bits = u32;  // as wide as a number

// Bits from a low and a high word.
fn bits(words: vec2<u32>) -> Bits {
  return words.x;
}

// Bits of |value|. They are ordered as the magnitudes, with infinity and NaN above every finite number.
fn magnitude(value: Real) -> Bits {
  return bitcast<u32>(value) & 0x7fffffffu;
}

fn finite(value: Real) -> bool {
  return magnitude(value) < 0x7f800000u;
}

// Tested on bits: a compiler may assume that no float is NaN.
fn is_nan(value: Real) -> bool {
  return magnitude(value) > 0x7f800000u;
}

fn infinity() -> Real {
  // A variable, because a constant expression must not be infinite.
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn not_a_number() -> Real {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

