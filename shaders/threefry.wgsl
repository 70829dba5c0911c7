// Threefry4x32 with 13 rounds (Salmon, Moraes, Dror, Shaw, SC 2011). CPU counterpart: src/random/threefry.rs.
// Written out round by round: the rotations are then immediate operands.

fn rotate_left(x: u32, bits: u32) -> u32 {
    return (x << bits) | (x >> (32u - bits));
}

// One round, words (0, 1) and (2, 3) mixed.
fn mix_straight(x: vec4<u32>, a: u32, b: u32) -> vec4<u32> {
    let x0 = x.x + x.y;
    let x2 = x.z + x.w;
    return vec4<u32>(x0, rotate_left(x.y, a) ^ x0, x2, rotate_left(x.w, b) ^ x2);
}

// One round, words (0, 3) and (2, 1) mixed.
fn mix_crossed(x: vec4<u32>, a: u32, b: u32) -> vec4<u32> {
    let x0 = x.x + x.w;
    let x2 = x.z + x.y;
    return vec4<u32>(x0, rotate_left(x.y, b) ^ x2, x2, rotate_left(x.w, a) ^ x0);
}

fn rounds_0_to_3(x: vec4<u32>) -> vec4<u32> {
    return mix_crossed(mix_straight(mix_crossed(mix_straight(x, 10u, 26u), 11u, 21u), 13u, 27u), 23u, 5u);
}

fn rounds_4_to_7(x: vec4<u32>) -> vec4<u32> {
    return mix_crossed(mix_straight(mix_crossed(mix_straight(x, 6u, 20u), 17u, 11u), 25u, 10u), 18u, 20u);
}

fn threefry4x32(counter: vec4<u32>, key: vec4<u32>) -> vec4<u32> {
    let parity = THREEFRY_PARITY ^ key.x ^ key.y ^ key.z ^ key.w;
    var x = counter + key;
    x = rounds_0_to_3(x);
    x += vec4<u32>(key.y, key.z, key.w, parity + 1u);
    x = rounds_4_to_7(x);
    x += vec4<u32>(key.z, key.w, parity, key.x + 2u);
    x = rounds_0_to_3(x);
    x += vec4<u32>(key.w, parity, key.x, key.y + 3u);
    return mix_straight(x, 6u, 20u);
}
