// Prepared words that hold their own draws: those come from the front, and the words turn like a wheel.
// Wants `draw(word)` and `shift(word)`.

alias Draws = vec4<u32>;

fn first(draws: Draws) -> f32 {
    return draw(draws.x);
}

fn rest(draws: Draws) -> Draws {
    return vec4<u32>(draws.y, draws.z, draws.w, shift(draws.x));
}

// All that is prepared: eight words, of which the second four are empty here.
fn halves(draws: Draws) -> array<vec4<u32>, 2> {
    return array<vec4<u32>, 2>(draws, vec4<u32>());
}
