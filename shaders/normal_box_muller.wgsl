// Random words to normals by Box and Muller. CPU counterpart: src/random/normal_box_muller.rs, with the same polynomials. The
// accuracy that WGSL guarantees for sin and cos (2^-11) would bias the variance.

fn natural_logarithm(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let exponent = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
    let m = bitcast<f32>(bits - (bitcast<u32>(exponent) << 23u)) - 1.0;
    let e = f32(exponent);
    var p = LN_8;
    p = fma(p, m, LN_7);
    p = fma(p, m, LN_6);
    p = fma(p, m, LN_5);
    p = fma(p, m, LN_4);
    p = fma(p, m, LN_3);
    p = fma(p, m, LN_2);
    p = fma(p, m, LN_1);
    p = fma(p, m, LN_0);
    let square = m * m;
    let rest = fma(-0.5, square, fma(e, LN_2_LOW, p * m * square));
    return fma(e, LN_2_HIGH, m + rest);
}

// (cos, sin) of word / 2^32 turns.
fn cosine_sine(word: u32) -> vec2<f32> {
    let quadrant = (word + 0x20000000u) >> 30u;
    let r = f32(bitcast<i32>(word - (quadrant << 30u))) * TURN;
    let square = r * r;
    let sine = fma(fma(fma(SIN_2, square, SIN_1), square, SIN_0) * square, r, r);
    let cosine = fma(fma(fma(fma(COS_2, square, COS_1), square, COS_0), square, -0.5), square, 1.0);
    let swap = (quadrant & 1u) != 0u;
    let x = bitcast<u32>(select(cosine, sine, swap)) ^ (((quadrant + 1u) & 2u) << 30u);
    let y = bitcast<u32>(select(sine, cosine, swap)) ^ ((quadrant & 2u) << 30u);
    return vec2<f32>(bitcast<f32>(x), bitcast<f32>(y));
}

fn normal_pair(radius_word: u32, angle_word: u32) -> vec2<f32> {
    let u = (f32(i32(radius_word >> 1u)) + 0.5) * 0x1p-31f;
    // A rounding error may make the logarithm positive, and the square root NaN.
    return sqrt(max(-2.0 * natural_logarithm(u), 0.0)) * cosine_sine(angle_word);
}

fn prepare(words: vec4<u32>) -> vec4<u32> {
    return bitcast<vec4<u32>>(vec4<f32>(normal_pair(words.x, words.y), normal_pair(words.z, words.w)));
}
