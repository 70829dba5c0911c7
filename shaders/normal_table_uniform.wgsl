// The table of the integer normal transform in uniform memory, which software rasterizers read fastest.

@group(0) @binding(7) var<uniform> normal_coefficients: array<vec4<u32>, NORMAL_ENTRIES>;
