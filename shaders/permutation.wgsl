// A random order of n items, computed and not stored: the swap-or-not shuffle. CPU counterpart: src/random/permutation.rs.

fn hash(word: u32) -> u32 {
  var x = word;
  x ^= x >> 16u;
  x *= SHUFFLE_HASH_1;
  x ^= x >> 15u;
  x *= SHUFFLE_HASH_2;
  return x ^ (x >> 16u);
}

// The item at `position` (below n) in the order of the four words of `key`.
fn permute(position: u32, n: u32, key: vec4<u32>) -> u32 {
  var x = position;
  var turning = key;
  for (var round = 1u; round <= SHUFFLE_ROUNDS; round++) {
    let pivot = pick(hash(turning.x + SHUFFLE_PIVOT_STEP * round), n);
    turning = turning.yzwx;
    let partner = pivot + select(0u, n, x > pivot) - x;
    let side = hash((max(x, partner) + turning.x) ^ (SHUFFLE_SIDE_STEP * round));
    x = select(x, partner, (side >> 31u) == 1u);
  }
  return x;
}
