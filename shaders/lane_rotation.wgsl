// Variates in four lanes. Draws come from the first lane; then the lanes rotate. Needs `draw(word)` and `shift(word)`.

alias Draws = vec4<u32>;

fn first(draws: Draws) -> f32 {
    return draw(draws.x);
}

fn rest(draws: Draws) -> Draws {
    return vec4<u32>(draws.y, draws.z, draws.w, shift(draws.x));
}

// All variates of a noise block: eight words, of which the last four are zero here.
fn halves(draws: Draws) -> array<vec4<u32>, 2> {
    return array<vec4<u32>, 2>(draws, vec4<u32>());
}
