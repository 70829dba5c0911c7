// Draws of Gaussian noise, two per random word: four cosines, then four sines. CPU counterpart: src/random/noise.rs.

struct Draws {
    now: vec4<f32>,
    later: vec4<f32>,
}

fn prepare(words: vec4<u32>) -> Draws {
    let x = normal_pair_16(words.x);
    let y = normal_pair_16(words.y);
    let z = normal_pair_16(words.z);
    let w = normal_pair_16(words.w);
    return Draws(vec4<f32>(x.x, y.x, z.x, w.x), vec4<f32>(x.y, y.y, z.y, w.y));
}

fn first(draws: Draws) -> f32 {
    return draws.now.x;
}

fn rest(draws: Draws) -> Draws {
    return Draws(
        vec4<f32>(draws.now.y, draws.now.z, draws.now.w, draws.later.x),
        vec4<f32>(draws.later.y, draws.later.z, draws.later.w, 0.0),
    );
}

fn halves(draws: Draws) -> array<vec4<u32>, 2> {
    return array<vec4<u32>, 2>(bitcast<vec4<u32>>(draws.now), bitcast<vec4<u32>>(draws.later));
}
