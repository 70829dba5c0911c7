// Random words to normals by table and integer arithmetic. CPU counterpart: src/random/normal_integer.rs, which explains the
// method. Needs the table's pairs as `normal_coefficients: array<vec4<u32>, NORMAL_ENTRIES>`, in uniform or read-only storage
// memory.

// Component by component: loading the whole vec4 and selecting costs software rasterizers a sixth of a step.
fn normal_table(index: u32) -> vec2<u32> {
    let first = 2u * (index & 1u);
    return vec2<u32>(normal_coefficients[index >> 1u][first], normal_coefficients[index >> 1u][first + 1u]);
}

fn normal_integer(word: u32) -> u32 {
    let doubled = (word << 1u) | 1u;
    let zeros = countLeadingZeros(doubled);
    let normalized = doubled << zeros;
    let t = (normalized >> 7u) & 0x3ffffu;
    let entry = normal_table((zeros << 6u) | ((normalized >> 25u) & 63u));
    // It has 22 bits. The mask tells compilers so: AMD's chips multiply 24 bits in a quarter of the time.
    let slope = ((entry.y >> 10u) - (((t >> 4u) * (entry.y & 0x3fffu)) >> 14u)) & 0x3fffffu;
    let fall = ((t >> 9u) * slope + (((t & 511u) * slope) >> 9u)) >> 9u;
    let q = (entry.x - fall) >> 6u;
    // At most 24 significant bits: conversion and scaling are exact.
    let z = f32(i32(q & ~(q >> 24u))) * 0x1p-22f;
    return bitcast<u32>(z) | (word & 0x80000000u);
}

fn prepare(words: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(normal_integer(words.x), normal_integer(words.y), normal_integer(words.z), normal_integer(words.w));
}
