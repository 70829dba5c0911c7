// The table of the integer normal transform, two entries to a vector as uniform memory wants it.

@group(0) @binding(7) var<uniform> normal_entries: array<vec4<u32>, 1024>;

fn normal_table(index: u32) -> vec2<u32> {
  let two = normal_entries[index >> 1u];
  return select(two.xy, two.zw, (index & 1u) == 1u);
}
