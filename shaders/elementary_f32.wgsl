// Functions of single precision for loss programs, where WGSL has none, or inaccurate or loosely defined ones. src/loss/op.rs
// defines each; src/loss/elementary.rs has the same polynomials. Counterpart of elementary_f64.wgsl.

// WGSL leaves the power of a negative number and of zero undefined.
fn power(x: f32, y: f32) -> f32 {
  if (y == 0.0) {
    return 1.0;
  }
  if (x < 0.0) {
    return not_a_number();
  }
  if (x == 0.0) {
    if (y < 0.0) {
      return infinity();
    }
    return 0.0;
  }
  return pow(x, y);
}

fn exp_minus_one(x: f32) -> f32 {
  var p = 1.984127e-4;
  p = fma(p, x, 1.388889e-3);
  p = fma(p, x, 8.333334e-3);
  p = fma(p, x, 4.1666668e-2);
  p = fma(p, x, 0.16666667);
  p = fma(p, x, 0.5);
  let near = fma(p * x, x, x);
  return select(exp(x) - 1.0, near, abs(x) < 0.35);
}

// A Taylor series near zero and the logarithm elsewhere. A compiler that reassociates would break the usual correction for
// the rounding of 1 + x.
fn log_one_plus(x: f32) -> f32 {
  // log(1 + x) = 2 atanh(s) with s = x / (2 + x); |s| < 0.15 for the series below.
  let s = x / (2.0 + x);
  let z = s * s;
  var p = 0.11111111;
  p = fma(p, z, 0.14285714);
  p = fma(p, z, 0.2);
  p = fma(p, z, 0.33333334);
  let near = 2.0 * fma(p * z, s, s);
  return select(log(1.0 + x), near, abs(x) < 0.25);
}

// Written out because some drivers' tanh overflows to NaN.
fn hyperbolic_tangent(x: f32) -> f32 {
  let z = x * x;
  var p = -5.7049887e-3;
  p = fma(p, z, 2.0639089e-2);
  p = fma(p, z, -5.3739716e-2);
  p = fma(p, z, 0.13331442);
  p = fma(p, z, -0.33333282);
  let near = fma(p * z, x, x);
  // From 10 on the result rounds to 1, and exp is not needed.
  let size = 1.0 - 2.0 / (exp(2.0 * min(abs(x), 10.0)) + 1.0);
  let far = select(size, -size, x < 0.0);
  return select(select(far, near, abs(x) < 0.625), x, is_nan(x));
}

fn error_function(x: f32) -> f32 {
  let a = abs(x);
  let z = x * x;
  var series = 1.3122533e-8;
  series = fma(series, z, -1.4503852e-7);
  series = fma(series, z, 1.4589169e-6);
  series = fma(series, z, -1.3227513e-5);
  series = fma(series, z, 1.068376e-4);
  series = fma(series, z, -7.575758e-4);
  series = fma(series, z, 4.6296296e-3);
  series = fma(series, z, -2.3809524e-2);
  series = fma(series, z, 0.1);
  series = fma(series, z, -0.33333334);
  series = fma(series, z, 1.0);
  let near = x * (series * 1.1283792);
  let t = 1.0 / fma(0.5, a, 1.0);
  var p = 0.17087277;
  p = fma(p, t, -0.82215223);
  p = fma(p, t, 1.4885159);
  p = fma(p, t, -1.135204);
  p = fma(p, t, 0.27886807);
  p = fma(p, t, -0.18628806);
  p = fma(p, t, 9.678418e-2);
  p = fma(p, t, 0.37409196);
  p = fma(p, t, 1.0000237);
  p = fma(p, t, -1.2655122);
  let size = 1.0 - t * exp(fma(-a, a, p));
  let far = select(size, -size, x < 0.0);
  return select(far, near, a < 1.0);
}

