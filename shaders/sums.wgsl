// Sums over one quantity. Differences from its first value keep their digits where the mean is far from zero.

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
