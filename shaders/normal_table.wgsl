// The table of the integer normal transform, in memory that the device caches.

@group(0) @binding(7) var<storage, read> normal_entries: array<vec2<u32>>;

fn normal_table(index: u32) -> vec2<u32> {
  return normal_entries[index];
}
