// Numbers of chains in double precision, on devices with 64-bit floats and integers. Counterpart of real_f32.wgsl.

alias Real = f64;
alias Bits = u64;  // as wide as a number

// Bits from a low and a high word.
fn bits(words: vec2<u32>) -> Bits {
  return u64(words.x) | (u64(words.y) << 32u);
}

// Bits of |value|. They are ordered as the magnitudes, with infinity and NaN above every finite number.
fn magnitude(value: Real) -> Bits {
  return bitcast<u64>(value) & 0x7ffffffffffffffflu;
}

fn finite(value: Real) -> bool {
  return magnitude(value) < 0x7ff0000000000000lu;
}

// Tested on bits: a compiler may assume that no float is NaN.
fn is_nan(value: Real) -> bool {
  return magnitude(value) > 0x7ff0000000000000lu;
}

fn infinity() -> Real {
  // A variable, because a constant expression must not be infinite.
  var bits = 0x7ff0000000000000lu;
  return bitcast<f64>(bits);
}

fn not_a_number() -> Real {
  var bits = 0x7ff8000000000000lu;
  return bitcast<f64>(bits);
}

