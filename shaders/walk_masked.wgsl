// The steps of a segment, by whole noise blocks. Results of steps outside the segment are dropped. Counterpart of
// walk_whole.wgsl.
//
// Software rasterizers execute both sides of every branch and at least one turn of every loop. Here the loop over a block
// occurs once, in walk_whole.wgsl twice, which costs them two more blocks per dispatch.

struct Walk {
  remaining: u32,     // steps
  has_diverged: bool, // true when the last completed step exceeded the bound
}

fn walk(
  values: ptr<function, State>,
  stream: ptr<function, Stream>,
  coefficients: Coefficients,
  segment: Segment,
  bound: Bits,
) -> Walk {
  var offset = segment.offset;
  var remaining = segment.steps;
  var has_diverged = false;
  var inside = 0u;    // steps within the bound, counted from the start of the first block
  loop {
    // Tested at the start of the next turn: at the end of this one it would keep processors from overlapping turns.
    if has_diverged {
      break;
    }
    refill(stream);
    let count = min(UNROLLED_STEPS - offset, remaining);
    var largest = Bits();
    for (var k = 0u; k < UNROLLED_STEPS; k++) {
      var next = *values;
      step(&next, stream, coefficients);
      if k - offset < count {
        *values = next;
        largest = max(largest, max_norm(&next));
      }
      inside += select(0u, 1u, largest <= bound);
    }
    has_diverged = largest > bound;
    offset = 0u;
    remaining -= count;
    if remaining == 0u {
      break;
    }
  }
  if has_diverged {
    remaining = segment.steps - (inside + 1u - segment.offset);
  }
  return Walk(remaining, has_diverged);
}
