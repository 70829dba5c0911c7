// One random word to two normals by Box and Muller. CPU counterpart: src/random/normal_box_muller_16.rs, which explains the
// method.

// sqrt(-2 ln u) with u = (bits + 1/2) / 2^31.
fn radius_16(bits: u32) -> f32 {
    let u = (f32(i32(bits)) + 0.5) * 0x1p-31f;
    let exponent = bitcast<i32>(bitcast<u32>(u) - 0x3f400000u) >> 23u;
    let x = bitcast<f32>(bitcast<u32>(u) - (bitcast<u32>(exponent) << 23u)) - 1.0;
    var p = RADIUS_5;
    p = fma(p, x, RADIUS_4);
    p = fma(p, x, RADIUS_3);
    p = fma(p, x, RADIUS_2);
    p = fma(p, x, RADIUS_1);
    p = fma(p, x, RADIUS_0);
    return sqrt(fma(f32(exponent), MINUS_2_LN_2, p * x));
}

// (cos, sin) of word / 2^32 half turns, the word in two's complement.
fn cosine_sine_16(word: u32) -> vec2<f32> {
    let x = f32(bitcast<i32>(word)) * 0x1p-31f;
    let square = x * x;
    let sine = fma(fma(fma(HALF_SIN_3, square, HALF_SIN_2), square, HALF_SIN_1), square, HALF_SIN_0) * x;
    let cosine = fma(fma(fma(fma(HALF_COS_4, square, HALF_COS_3), square, HALF_COS_2), square, HALF_COS_1), square, HALF_COS_0);
    return vec2<f32>(cosine, sine);
}

fn normal_pair_16(word: u32) -> vec2<f32> {
    let radius = bitcast<f32>(bitcast<u32>(radius_16(word & 0x7fffffffu)) | (word & 0x80000000u));
    return radius * cosine_sine_16((word << 8u) + (word << 24u));
}
