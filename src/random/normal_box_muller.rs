//! Box–Muller transform in `f32`: two random words to two normals.
//!
//! Source: G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", Ann. Math. Statist. 29 (1958).
//! Logarithm, sine and cosine are polynomials in this file, so that loops over chains vectorize and CPU and GPU evaluate
//! the same formula. Devices may still differ in the last bits, because the shader compiler decides on fused multiply-add.
//! Largest absolute error against the `f64` transform of the same words: 1.3·10⁻⁶.
//! GPU counterpart: `shaders/normal_box_muller.wgsl`.

/// Coefficients of (ln(1+m) − m + m²/2)/m³ on [√½ − 1, √2 − 1], lowest power first. Source: Cephes `logf`, shortened.
pub(super) const LN: [f32; 9] = [
    0.333_333_3,
    -0.249_999_94,
    0.200_007_15,
    -0.166_680_57,
    0.142_493_23,
    -0.124_201_41,
    0.116_769_98,
    -0.115_146_1,
    0.070_376_8,
];
/// Upper bits of ln 2, few enough that the product with any exponent is exact.
pub(super) const LN_2_HIGH: f32 = 355.0 / 512.0;
/// ln 2 − [`LN_2_HIGH`].
pub(super) const LN_2_LOW: f32 = -2.121_944_4e-4;
/// Coefficients of (sin r − r)/r³ in powers of r² on [−π/4, π/4]. Source: Cephes `sinf`.
pub(super) const SIN: [f32; 3] = [-1.666_665_5e-1, 8.332_161e-3, -1.951_529_6e-4];
/// Coefficients of (cos r − 1 + r²/2)/r⁴ in powers of r² on [−π/4, π/4]. Source: Cephes `cosf`.
pub(super) const COS: [f32; 3] = [4.166_664_6e-2, -1.388_731_6e-3, 2.443_315_7e-5];
/// Radians per unit of a 32-bit angle: 2π/2³².
pub(super) const TURN: f32 = std::f32::consts::TAU / 4_294_967_296.0;

/// Two independent standard normals: `radius_word` gives the radius, `angle_word` the angle.
///
/// The radius uses 31 bits, offset by a half, so that |z| reaches 6.66; the angle uses 32.
#[inline(always)]
pub fn normal_pair(radius_word: u32, angle_word: u32) -> [f32; 2] {
    // 31 bits, because CPU vector instructions convert only signed integers. u may round to 1, whose logarithm is 0.
    let u = ((radius_word >> 1) as i32 as f32 + 0.5) * (1.0 / 2_147_483_648.0);
    let radius = (-2.0 * natural_logarithm(u)).max(0.0).sqrt();
    let [cosine, sine] = cosine_sine(angle_word);
    [radius * cosine, radius * sine]
}

/// ln `x` for a positive normal float `x`.
#[inline(always)]
fn natural_logarithm(x: f32) -> f32 {
    let bits = x.to_bits();
    // Exponent for a mantissa in [√½, √2).
    let exponent = (bits.wrapping_sub(0x3F35_04F3) as i32) >> 23;
    let m = f32::from_bits(bits.wrapping_sub((exponent as u32) << 23)) - 1.0;
    let e = exponent as f32;
    let mut p = LN[8];
    p = p.mul_add(m, LN[7]);
    p = p.mul_add(m, LN[6]);
    p = p.mul_add(m, LN[5]);
    p = p.mul_add(m, LN[4]);
    p = p.mul_add(m, LN[3]);
    p = p.mul_add(m, LN[2]);
    p = p.mul_add(m, LN[1]);
    p = p.mul_add(m, LN[0]);
    let square = m * m;
    let rest = square.mul_add(-0.5, e.mul_add(LN_2_LOW, p * m * square));
    e.mul_add(LN_2_HIGH, m + rest)
}

/// Cosine and sine of `word`/2³² turns.
#[inline(always)]
fn cosine_sine(word: u32) -> [f32; 2] {
    let quadrant = word.wrapping_add(0x2000_0000) >> 30;
    let r = word.wrapping_sub(quadrant << 30) as i32 as f32 * TURN;
    let square = r * r;
    let sine = (SIN[2].mul_add(square, SIN[1]).mul_add(square, SIN[0]) * square).mul_add(r, r);
    let cosine = COS[2]
        .mul_add(square, COS[1])
        .mul_add(square, COS[0])
        .mul_add(square, -0.5)
        .mul_add(square, 1.0);
    let swap = quadrant & 1 != 0;
    let (x, y) = if swap { (sine, cosine) } else { (cosine, sine) };
    [
        f32::from_bits(x.to_bits() ^ ((quadrant.wrapping_add(1) & 2) << 30)),
        f32::from_bits(y.to_bits() ^ ((quadrant & 2) << 30)),
    ]
}
