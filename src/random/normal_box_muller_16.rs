//! Box–Muller transform in `f32`: one random word to two normals, half the words of [`super::normal_box_muller`].
//!
//! 31 bits of the word give the radius, so that |z| reaches 6.66 as with two words; the top bit is the sign of both normals.
//! The angle reuses the lower 24 bits with their bytes in another order: bits that change the radius most change the angle
//! least, so radius and angle are nearly uncorrelated (the tests state the bounds). The polynomials are least-squares fits
//! under the constraint that radius and angle have no error in the second and the fourth moment. So errors of up to 10⁻⁵
//! in a normal leave its variance and its fourth moment unchanged. GPU counterpart: `shaders/normal_box_muller_16.wgsl`.

/// Coefficients of −2 ln(1 + x) on [−¼, ½], from the first power up.
pub(super) const RADIUS: [f32; 6] = [
    -1.999_980_2,
    0.999_762_95,
    -0.667_964_34,
    0.512_527_2,
    -0.399_564_68,
    0.196_796_39,
];
/// Coefficients of sin(πx/2)/x in powers of x² on [−1, 1].
pub(super) const HALF_SIN: [f32; 4] = [1.570_792_4, -0.645_906_1, 0.079_464_92, -0.004_352_830_4];
/// Coefficients of cos(πx/2) in powers of x² on [−1, 1].
pub(super) const HALF_COS: [f32; 5] = [
    0.999_999_94,
    -1.233_698_7,
    0.253_653_82,
    -0.020_816_213,
    0.000_861_293_75,
];

/// Two normals from one word: radius · (cos, sin) of the angle.
#[inline(always)]
pub fn normal_pair_16(word: u32) -> [f32; 2] {
    let radius = radius(word & 0x7FFF_FFFF);
    let radius = f32::from_bits(radius.to_bits() | (word & 0x8000_0000));
    let [cosine, sine] = cosine_sine((word << 8).wrapping_add(word << 24));
    [radius * cosine, radius * sine]
}

/// √(−2 ln u) with u = (`bits` + ½)/2³¹; 0 if u rounds to 1.
#[inline(always)]
fn radius(bits: u32) -> f32 {
    let u = (bits as i32 as f32 + 0.5) * (1.0 / 2_147_483_648.0);
    // Exponent for a mantissa in [¾, 1½): near u = 1 it is 0, so no digits cancel.
    let exponent = (u.to_bits().wrapping_sub(0x3F40_0000) as i32) >> 23;
    let x = f32::from_bits(u.to_bits().wrapping_sub((exponent as u32) << 23)) - 1.0;
    let mut p = RADIUS[5];
    p = p.mul_add(x, RADIUS[4]);
    p = p.mul_add(x, RADIUS[3]);
    p = p.mul_add(x, RADIUS[2]);
    p = p.mul_add(x, RADIUS[1]);
    p = p.mul_add(x, RADIUS[0]);
    (exponent as f32)
        .mul_add(-2.0 * std::f32::consts::LN_2, p * x)
        .sqrt()
}

/// Cosine and sine of π · `word`/2³² with `word` as a signed integer: angles in [−π/2, π/2).
#[inline(always)]
fn cosine_sine(word: u32) -> [f32; 2] {
    let x = word as i32 as f32 * (1.0 / 2_147_483_648.0);
    let square = x * x;
    let sine = HALF_SIN[3]
        .mul_add(square, HALF_SIN[2])
        .mul_add(square, HALF_SIN[1])
        .mul_add(square, HALF_SIN[0])
        * x;
    let cosine = HALF_COS[4]
        .mul_add(square, HALF_COS[3])
        .mul_add(square, HALF_COS[2])
        .mul_add(square, HALF_COS[1])
        .mul_add(square, HALF_COS[0]);
    [cosine, sine]
}
