// The table of the integer normal transform in storage memory, whose cache serves invocations that read different entries at
// once.

@group(0) @binding(7) var<storage, read> normal_coefficients: array<vec4<u32>, NORMAL_ENTRIES>;
