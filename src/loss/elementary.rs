//! Elementary functions in `f32` without branches or calls, so that loops over chains vectorize.
//!
//! Each function is a range reduction and a polynomial, with the coefficients of Cephes' single-precision functions unless
//! stated otherwise. NaN arguments give NaN. The tests of the operation table check the error bounds.

/// `1.5 · 2²³`: adding it rounds a small number to an integer in the low bits of the sum.
const ROUNDER: f32 = 12_582_912.0;
/// The same for `f64`: `1.5 · 2⁵²`.
const ROUNDER_WIDE: f64 = 6_755_399_441_055_744.0;

/// Natural exponential, within 2 ulp; overflows to infinity and underflows gradually to zero.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let bounded = if x > 89.0 { 89.0 } else { x };
    let bounded = if bounded < -104.0 { -104.0 } else { bounded };
    let shifted = bounded.mul_add(std::f32::consts::LOG2_E, ROUNDER);
    let whole = shifted - ROUNDER;
    let r = (-whole).mul_add(LN_2_LOW, (-whole).mul_add(LN_2_HIGH, bounded));
    let mut p = 1.987_569_1e-4_f32;
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_65,
        0.5,
    ] {
        p = p.mul_add(r, c);
    }
    let y = (p * r).mul_add(r, r) + 1.0;
    // 2^whole in two factors, because `whole` may exceed the exponents of normal numbers.
    let n = shifted
        .to_bits()
        .wrapping_sub(ROUNDER.to_bits())
        .cast_signed();
    let half = n >> 1;
    y * power_of_two(half) * power_of_two(n - half)
}

#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127).cast_unsigned()) << 23)
}

/// `exp(x) - 1` within 4 ulp.
#[inline(always)]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let far = exp(x) - 1.0;
    // Taylor series. The first omitted term is below x⁷/40320 of the value: under half an ulp for |x| < 0.35.
    let mut p = 1.984_127e-4_f32;
    for c in [
        1.388_889e-3,
        8.333_334e-3,
        4.166_666_8e-2,
        0.166_666_67,
        0.5,
    ] {
        p = p.mul_add(x, c);
    }
    let near = (p * x).mul_add(x, x);
    if x.abs() < 0.35 { near } else { far }
}

/// Natural logarithm within 2 ulp; −∞ at zero, NaN below zero.
#[inline(always)]
pub(crate) fn ln(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let tiny = x < f32::MIN_POSITIVE;
    let scaled = if tiny { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits();
    // Exponent such that the mantissa lies in [√½, √2).
    let e = bits.wrapping_sub(0x3f35_04f3).cast_signed() >> 23;
    let m = f32::from_bits(bits.wrapping_sub((e << 23).cast_unsigned())) - 1.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "an exponent below 2^10 is exact in f32"
    )]
    let exponent = e as f32 - if tiny { 23.0 } else { 0.0 };
    let mut p = 7.037_683_6e-2_f32;
    for c in [
        -0.115_146_1,
        0.116_769_99,
        -0.124_201_41,
        0.142_493_23,
        -0.166_680_57,
        0.200_007_14,
        -0.249_999_94,
        0.333_333_3,
    ] {
        p = p.mul_add(m, c);
    }
    let z = m * m;
    let low = exponent.mul_add(LN_2_LOW, (p * m) * z);
    let y = exponent.mul_add(LN_2_HIGH, m + (-0.5_f32).mul_add(z, low));
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    let y = if x < 0.0 { f32::NAN } else { y };
    // Infinity and NaN are their own logarithms; the polynomial is wrong for them.
    if x < f32::INFINITY { y } else { x }
}

/// `ln(1 + x)` within 4 ulp. A first-order correction removes the rounding error of `1 + x`.
#[inline(always)]
pub(crate) fn ln_1p(x: f32) -> f32 {
    let u = 1.0 + x;
    let corrected = ln(u) + (x - (u - 1.0)) / u;
    if u > 0.0 && u < f32::INFINITY {
        corrected
    } else {
        ln(u)
    }
}

/// Sine and cosine, absolute error below 1.5e-7 for |x| ≤ 10⁶; the reduction is in `f64`.
#[inline(always)]
pub(crate) fn sin_cos(x: f32) -> (f32, f32) {
    let wide = f64::from(x);
    let shifted = wide * std::f64::consts::FRAC_2_PI + ROUNDER_WIDE;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the remainder needs no more than f32"
    )]
    let r = (wide - (shifted - ROUNDER_WIDE) * std::f64::consts::FRAC_PI_2) as f32;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only the two low bits, the quadrant, are used"
    )]
    let quadrant = shifted.to_bits() as u32;
    let z = r * r;
    let sine = ((-1.951_529_6e-4_f32)
        .mul_add(z, 8.332_161e-3)
        .mul_add(z, -0.166_666_55)
        * z)
        .mul_add(r, r);
    let cosine = (2.443_315_7e-5_f32)
        .mul_add(z, -1.388_731_6e-3)
        .mul_add(z, 4.166_664_6e-2);
    let cosine = (cosine * z).mul_add(z, (-0.5_f32).mul_add(z, 1.0));
    let swap = quadrant & 1 != 0;
    let (s, c) = (
        if swap { cosine } else { sine },
        if swap { sine } else { cosine },
    );
    let s = if quadrant & 2 != 0 { -s } else { s };
    let c = if quadrant.wrapping_add(1) & 2 != 0 {
        -c
    } else {
        c
    };
    (s, c)
}

/// Hyperbolic tangent within 3 ulp; exactly ±1 from |x| = 9.1 on.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut p = -5.704_988_7e-3_f32;
    for c in [2.063_909e-2, -5.373_971_5e-2, 0.133_314_42, -0.333_332_8] {
        p = p.mul_add(z, c);
    }
    let near = (p * z).mul_add(x, x);
    let far = (1.0 - 2.0 / (exp(2.0 * a) + 1.0)).copysign(x);
    if a < 0.625 { near } else { far }
}

/// Error function within 4 ulp: its Taylor series below 1, and above the Chebyshev fit of the complementary function
/// by Press et al., Numerical Recipes, `erfcc` (relative error 1.2e-7 of a number below 0.16).
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let z = x * x;
    let mut series = 1.312_253_3e-8_f32;
    for c in [
        -1.450_385_2e-7,
        1.458_916_9e-6,
        -1.322_751_3e-5,
        1.068_376e-4,
        -7.575_758e-4,
        4.629_629_6e-3,
        -2.380_952_4e-2,
        0.1,
        -0.333_333_34,
        1.0,
    ] {
        series = series.mul_add(z, c);
    }
    let near = x * (series * std::f32::consts::FRAC_2_SQRT_PI);
    let t = 1.0 / 0.5_f32.mul_add(a, 1.0);
    let mut p = 0.170_872_77_f32;
    for c in [
        -0.822_152_23,
        1.488_515_9,
        -1.135_204,
        0.278_868_07,
        -0.186_288_06,
        9.678_418e-2,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ] {
        p = p.mul_add(t, c);
    }
    let far = (1.0 - t * exp((-a).mul_add(a, p))).copysign(x);
    if a < 1.0 { near } else { far }
}

/// Error function in `f64` within 1e-15: below 3 the series of positive terms
/// `2x/√π · exp(-x²) · Σ (2x²)ⁿ / (2n+1)!!`, above it the continued fraction of the complementary function
/// (Abramowitz and Stegun 7.1.6 and 7.1.14). Not vectorized: `f64` runs are for reference.
#[inline]
pub(crate) fn erf_f64(x: f64) -> f64 {
    let z = x * x;
    if x.abs() < 3.0 {
        let (mut term, mut sum, mut odd) = (1.0, 1.0, 1.0);
        while term > 1e-17 * sum {
            odd += 2.0;
            term *= 2.0 * z / odd;
            sum += term;
        }
        return x * std::f64::consts::FRAC_2_SQRT_PI * (-z).exp() * sum;
    }
    if x.abs() > 6.0 {
        return x.signum();
    }
    let a = x.abs();
    let tail = (1..=60)
        .rev()
        .fold(a, |below, k| a + 0.5 * f64::from(k) / below);
    let complement = (-z).exp() * 0.5 * std::f64::consts::FRAC_2_SQRT_PI / tail;
    (1.0 - complement).copysign(x)
}

#[cfg(test)]
mod tests {
    #[test]
    fn error_function_has_its_tabulated_values() {
        // Abramowitz and Stegun, table 7.1, continued with 50-digit arithmetic.
        for (x, expected) in [
            (0.1, 0.112_462_916_018_284_9),
            (0.5, 0.520_499_877_813_046_5),
            (1.0, 0.842_700_792_949_714_9),
            (2.0, 0.995_322_265_018_952_7),
            (3.0, 0.999_977_909_503_001_4),
            (4.0, 0.999_999_984_582_742_1),
        ] {
            assert!((super::erf_f64(x) - expected).abs() < 1e-15, "erf({x})");
            assert!((super::erf_f64(-x) + expected).abs() < 1e-15, "erf(-{x})");
        }
        assert!(super::erf_f64(f64::NAN).is_nan());
    }
}
