// Functions of double precision for loss programs: neither WGSL nor Vulkan has exponentials, logarithms or sines in double
// precision. src/loss/op.rs defines each. Methods and coefficients are those of FreeBSD's msun, taken from Sun Microsystems'
// fdlibm (e_exp.c, e_log.c, e_pow.c, k_sin.c, k_cos.c, e_rem_pio2.c, s_expm1.c, s_erf.c), with errors of one or two ulp. Unlike
// in fdlibm, no result depends on the rounding error of a sum, because compilers may reassociate; numbers are split by their
// bits. Counterpart of elementary_f32.wgsl.

// 2^k, a normal number.
fn power_of_two(k: i32) -> f64 {
  return bitcast<f64>(u64(k + 1023) << 52u);
}

// x 2^k, where 2^k alone may lie outside the range.
fn scaled(x: f64, k: i32) -> f64 {
  let half = k / 2;
  return x * power_of_two(half) * power_of_two(k - half);
}

// The number without the lower half of its bits.
fn upper(x: f64) -> f64 {
  return bitcast<f64>(bitcast<u64>(x) & 0xffffffff00000000lu);
}

fn with_sign(size: f64, x: f64) -> f64 {
  return bitcast<f64>(magnitude(size) | (bitcast<u64>(x) & 0x8000000000000000lu));
}

// x = n log(2) + high − low. Its first product is exact, with and without fma.
struct Reduced {
  n: f64,
  high: f64,
  low: f64,
}

fn reduced(x: f64) -> Reduced {
  let n = round(x * 1.4426950408889634);
  return Reduced(n, fma(-n, 0.6931471803691238, x), n * 1.9082149292705877e-10);
}

// Replaces WGSL's function, which has no double precision.
fn exp(x: f64) -> f64 {
  // Outside this range the result is zero or infinity.
  let at = reduced(clamp(x, -750.0, 710.0));
  let r = at.high - at.low;
  let t = r * r;
  var p = 4.1381367970572385e-08lf;
  p = fma(p, t, -1.6533902205465252e-06);
  p = fma(p, t, 6.613756321437934e-05);
  p = fma(p, t, -0.0027777777777015593);
  p = fma(p, t, 0.16666666666666602);
  let c = r - t * p;
  let y = 1.0 + ((r * c / (2.0 - c) - at.low) + at.high);
  return select(scaled(y, i32(at.n)), x, is_nan(x));
}

fn exp_minus_one(x: f64) -> f64 {
  // 56 log(2): beyond it, 1 or exp(x) is below the rounding error of the other.
  if abs(x) > 38.8 {
    return exp(x) - 1.0;
  }
  let at = reduced(x);
  let r = at.high - at.low;
  let half = 0.5 * r;
  let h = r * half;
  var p = -2.0109921818362437e-07lf;
  p = fma(p, h, 4.008217827329362e-06);
  p = fma(p, h, -7.93650757867488e-05);
  p = fma(p, h, 0.0015873015872548146);
  p = fma(p, h, -0.03333333333333313);
  p = fma(p, h, 1.0);
  let t = 3.0 - p * half;
  let e = h * ((p - t) / (6.0 - r * t));
  if at.n == 0.0 {
    return r - (r * e - h);
  }
  let c = (at.high - r) - at.low;
  let rest = (r * (e - c) - c) - h;
  let n = i32(at.n);
  return ((r - rest) + (1.0 - power_of_two(-n))) * power_of_two(n);
}

// log(1 + f) − f from 1 + f = √½ to √2.
fn log_tail(f: f64) -> f64 {
  let half = 0.5 * f * f;
  let s = f / (2.0 + f);
  let z = s * s;
  var p = 0.14798198605116586lf;
  p = fma(p, z, 0.15313837699209373);
  p = fma(p, z, 0.1818357216161805);
  p = fma(p, z, 0.22222198432149784);
  p = fma(p, z, 0.2857142874366239);
  p = fma(p, z, 0.3999999999940942);
  p = fma(p, z, 0.6666666666666735);
  return s * (half + z * p) - half;
}

// Replaces WGSL's function.
fn log(x: f64) -> f64 {
  if x < 0.0 {
    return not_a_number();
  }
  if x == 0.0 {
    return -infinity();
  }
  if !finite(x) {
    return x;
  }
  let small = x < 2.2250738585072014e-308;
  let words = bitcast<u64>(select(x, x * 18014398509481984.0, small)) + 0x00095f6200000000lu;
  let n = f64(i32(words >> 52u) - select(1023, 1077, small));
  let f = bitcast<f64>((words & 0x000ffffffffffffflu) + 0x3fe6a09e00000000lu) - 1.0;
  return ((log_tail(f) + n * 1.9082149292705877e-10) + f) + n * 0.6931471803691238;
}

fn log_one_plus(x: f64) -> f64 {
  if x > -0.29 && x < 0.41 {
    return x + log_tail(x);
  }
  return log(1.0 + x);
}

// Uses the logarithm to base 2 as a sum of two numbers, which keeps large exponents accurate.
fn power(x: f64, y: f64) -> f64 {
  if y == 0.0 || x == 1.0 {
    return 1.0;
  }
  if is_nan(x) || is_nan(y) || x < 0.0 {
    return not_a_number();
  }
  let grows = (x > 1.0) == (y > 0.0);
  // For exponents above 2^64 every other power is zero or infinite.
  if x == 0.0 || !finite(x) || abs(y) > 1.8446744073709552e19 {
    return select(0.0, infinity(), grows);
  }
  let small = x < 2.2250738585072014e-308;
  let words = bitcast<u64>(select(x, x * 9007199254740992.0, small));
  var n = i32(words >> 52u) - select(1023, 1076, small);
  let fraction = u32(words >> 32u) & 0xfffffu;
  var head = fraction | 0x3ff00000u;
  let middle = fraction > 0x3988eu && fraction < 0xbb67au;
  if fraction >= 0xbb67au {
    n += 1;
    head -= 0x100000u;
  }
  // 2^n base s, with the logarithm of the base in two numbers.
  let base = select(1.0lf, 1.5lf, middle);
  let base_high = select(0.0lf, 0.5849624872207642lf, middle);
  let base_low = select(0.0lf, 1.350039202129749e-08lf, middle);
  let m = bitcast<f64>((words & 0xfffffffflu) | (u64(head) << 32u));
  let u = m - base;
  let v = 1.0 / (m + base);
  let s = u * v;
  let s_high = upper(s);
  let sum_high = bitcast<f64>(u64(((head >> 1u) | 0x20000000u) + 0x80000u + select(0u, 0x40000u, middle)) << 32u);
  let sum_low = m - (sum_high - base);
  let s_low = v * ((u - s_high * sum_high) - s_high * sum_low);
  let z = s * s;
  var p = 0.20697501780033842lf;
  p = fma(p, z, 0.23066074577556175);
  p = fma(p, z, 0.272728123808534);
  p = fma(p, z, 0.33333332981837743);
  p = fma(p, z, 0.4285714285785502);
  p = fma(p, z, 0.5999999999999946);
  let r = z * z * p + s_low * (s_high + s);
  let square = s_high * s_high;
  let t_high = upper(3.0 + square + r);
  let t_low = r - ((t_high - 3.0) - square);
  let product = s_high * t_high;
  let rest = s_low * t_high + t_low * s;
  let p_high = upper(product + rest);
  let p_low = rest - (p_high - product);
  let z_high = 0.9617967009544373 * p_high;
  let z_low = -7.028461650952758e-09 * p_high + p_low * 0.9617966939259756 + base_low;
  let log_high = upper(((z_high + z_low) + base_high) + f64(n));
  let log_low = z_low - (((log_high - f64(n)) - base_high) - z_high);
  let y_high = upper(y);
  let low = (y - y_high) * log_high + y * log_low;
  let high = y_high * log_high;
  let whole = round(low + high);
  if !(abs(low + high) < 1075.0) {
    return select(0.0, infinity(), grows);
  }
  let above = high - whole;
  let t = upper(low + above);
  let g = t * 0.6931471824645996 + ((low - (t - above)) * 0.6931471805599453 + t * -1.904654299957768e-09);
  let gg = g * g;
  var q = 4.1381367970572385e-08lf;
  q = fma(q, gg, -1.6533902205465252e-06);
  q = fma(q, gg, 6.613756321437934e-05);
  q = fma(q, gg, -0.0027777777777015593);
  q = fma(q, gg, 0.16666666666666602);
  let c = g - gg * q;
  return scaled(1.0 - ((g * c) / (c - 2.0) - g), i32(whole));
}

// An angle as quarter turns and a rest of at most an eighth of a turn. The products are exact for angles up to 10^6.
struct Angle {
  quarters: i32,
  rest: f64,
}

fn angle(x: f64) -> Angle {
  let n = round(x * 0.6366197723675814);
  var rest = fma(-n, 1.5707963267341256, x);
  rest = fma(-n, 6.077100506303966e-11, rest);
  rest = fma(-n, 2.0222662487111665e-21, rest);
  return Angle(i32(n), fma(-n, 8.4784276603689e-32, rest));
}

fn sine_or_cosine(rest: f64, quarters: i32) -> f64 {
  let z = rest * rest;
  var s = 1.58969099521155e-10lf;
  s = fma(s, z, -2.5050760253406863e-08);
  s = fma(s, z, 2.7557313707070068e-06);
  s = fma(s, z, -0.0001984126982985795);
  s = fma(s, z, 0.00833333333332249);
  s = fma(s, z, -0.16666666666666632);
  var c = -1.1359647557788195e-11lf;
  c = fma(c, z, 2.087572321298175e-09);
  c = fma(c, z, -2.7557314351390663e-07);
  c = fma(c, z, 2.480158728947673e-05);
  c = fma(c, z, -0.001388888888887411);
  c = fma(c, z, 0.0416666666666666);
  let sine = rest + z * rest * s;
  let cosine = 1.0 - (0.5 * z - z * z * c);
  let size = select(sine, cosine, (quarters & 1) == 1);
  return select(size, -size, (quarters & 2) == 2);
}

// Replaces WGSL's function.
fn sin(x: f64) -> f64 {
  let at = angle(x);
  return sine_or_cosine(at.rest, at.quarters);
}

// Replaces WGSL's function.
fn cos(x: f64) -> f64 {
  let at = angle(x);
  return sine_or_cosine(at.rest, at.quarters + 1);
}

fn hyperbolic_tangent(x: f64) -> f64 {
  // From 22 on the result rounds to 1.
  let a = min(abs(x), 22.0);
  if is_nan(x) {
    return x;
  }
  // Near zero this sign avoids cancellation.
  let t = exp_minus_one(select(2.0 * a, -2.0 * a, a < 0.25));
  let near = select(t, -t, a < 0.25) / (t + 2.0);
  return with_sign(select(near, 1.0 - 2.0 / (t + 2.0), a > 0.55), x);
}

fn error_function(x: f64) -> f64 {
  let a = abs(x);
  if is_nan(x) {
    return x;
  }
  if a < 0.84375 {
    let z = x * x;
    var p = -2.3763016656650163e-05lf;
    p = fma(p, z, -0.005770270296489442);
    p = fma(p, z, -0.02848174957559851);
    p = fma(p, z, -0.3250421072470015);
    p = fma(p, z, 0.12837916709551256);
    var q = -3.960228278775368e-06lf;
    q = fma(q, z, 0.00013249473800432164);
    q = fma(q, z, 0.005081306281875766);
    q = fma(q, z, 0.0650222499887673);
    q = fma(q, z, 0.39791722395915535);
    q = fma(q, z, 1.0);
    return x + x * (p / q);
  }
  if a < 1.25 {
    let s = a - 1.0;
    var p = -0.002166375594868791lf;
    p = fma(p, s, 0.035478304325618236);
    p = fma(p, s, -0.11089469428239668);
    p = fma(p, s, 0.31834661990116175);
    p = fma(p, s, -0.3722078760357013);
    p = fma(p, s, 0.41485611868374833);
    p = fma(p, s, -0.0023621185607526594);
    var q = 0.011984499846799107lf;
    q = fma(q, s, 0.01363708391202905);
    q = fma(q, s, 0.12617121980876164);
    q = fma(q, s, 0.07182865441419627);
    q = fma(q, s, 0.540397917702171);
    q = fma(q, s, 0.10642088040084423);
    q = fma(q, s, 1.0);
    return with_sign(0.8450629115104675 + p / q, x);
  }
  if a >= 6.0 {
    return with_sign(1.0, x);
  }
  let s = 1.0 / (a * a);
  var fraction = 0.0lf;
  if a < 2.857142857142857 {
    var p = -9.814329344169145lf;
    p = fma(p, s, -81.2874355063066);
    p = fma(p, s, -184.60509290671104);
    p = fma(p, s, -162.39666946257347);
    p = fma(p, s, -62.375332450326006);
    p = fma(p, s, -10.558626225323291);
    p = fma(p, s, -0.6938585727071818);
    p = fma(p, s, -0.009864944034847148);
    var q = -0.0604244152148581lf;
    q = fma(q, s, 6.570249770319282);
    q = fma(q, s, 108.63500554177944);
    q = fma(q, s, 429.00814002756783);
    q = fma(q, s, 645.3872717332679);
    q = fma(q, s, 434.56587747522923);
    q = fma(q, s, 137.65775414351904);
    q = fma(q, s, 19.651271667439257);
    q = fma(q, s, 1.0);
    fraction = p / q;
  } else {
    var p = -483.5191916086514lf;
    p = fma(p, s, -1025.0951316110772);
    p = fma(p, s, -637.5664433683896);
    p = fma(p, s, -160.63638485582192);
    p = fma(p, s, -17.757954917754752);
    p = fma(p, s, -0.799283237680523);
    p = fma(p, s, -0.0098649429247001);
    var q = -22.44095244658582lf;
    q = fma(q, s, 474.52854120695537);
    q = fma(q, s, 2553.0504064331644);
    q = fma(q, s, 3199.8582195085955);
    q = fma(q, s, 1536.729586084437);
    q = fma(q, s, 325.7925129965739);
    q = fma(q, s, 30.33806074348246);
    q = fma(q, s, 1.0);
    fraction = p / q;
  }
  // a² = z² + (a − z)(a + z), where z² is exact.
  let z = upper(a);
  let complement = exp(-z * z - 0.5625) * exp((z - a) * (z + a) + fraction) / a;
  return with_sign(1.0 - complement, x);
}

