// Sums of powers of one output. They are of differences from its first value, which keep their digits if the mean is far
// from zero.

@group(0) @binding(6) var<storage, read_write> partials: array<Real>;

// Each invocation writes PARTIAL numbers: a count, then for each output the origin, four sums of powers of (value - origin),
// the least and the greatest value.

struct Sums {
  powers: vec4<Real>,  // of the differences: first to fourth
  origin: Real,        // the first value
  least: Real,
  greatest: Real,
}

fn accumulate(sums: Sums, value: Real, first: bool) -> Sums {
  let origin = select(sums.origin, value, first);
  let d = value - origin;
  let d2 = d * d;
  return Sums(
    sums.powers + vec4<Real>(d, d2, d2 * d, d2 * d2),
    origin,
    select(min(sums.least, value), value, first),
    select(max(sums.greatest, value), value, first),
  );
}

// `at` is the position of the invocation's first number.
fn put_sums(at: u32, output: u32, sums: Sums) {
  let to = at + 1u + 7u * output;
  partials[to] = sums.origin;
  partials[to + 1u] = sums.powers.x;
  partials[to + 2u] = sums.powers.y;
  partials[to + 3u] = sums.powers.z;
  partials[to + 4u] = sums.powers.w;
  partials[to + 5u] = sums.least;
  partials[to + 6u] = sums.greatest;
}

// Sums of the values so far; all zeros before the first value, as buffers start.
fn sums_so_far(at: u32, output: u32) -> Sums {
  let first = at + 1u + 7u * output;
  return Sums(
    vec4<Real>(partials[first + 1u], partials[first + 2u], partials[first + 3u], partials[first + 4u]),
    partials[first],
    partials[first + 5u],
    partials[first + 6u],
  );
}
