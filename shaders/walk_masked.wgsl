// The steps of a segment, by whole blocks of random numbers: of steps outside the segment nothing is kept. Twin of walk_whole.wgsl.
//
// Software rasterisers do both sides of every branch and at least one turn of every loop, wanted or not. Here a block is
// written once and gone through once. The other way costs them two blocks more in every dispatch.

struct Walk {
  remaining: u32,     // steps
  left: bool,         // whether the last step that was done led out of bounds
}

fn walk(
  values: ptr<function, State>,
  stream: ptr<function, Stream>,
  coefficients: Coefficients,
  segment: Segment,
  bound: Bits,
) -> Walk {
  var phase = segment.phase;
  var remaining = segment.steps;
  var left = false;
  var inside = 0u;    // steps, those of the first block before the segment too
  loop {
    // At the begin of the next turn: at the end of its own processors would begin no turn before the last is over.
    if left {
      break;
    }
    refill(stream);
    let count = min(TOGETHER - phase, remaining);
    var most = Bits();
    for (var k = 0u; k < TOGETHER; k++) {
      var next = *values;
      step(&next, stream, coefficients);
      if k - phase < count {
        *values = next;
        most = max(most, extent(&next));
      }
      inside += select(0u, 1u, most <= bound);
    }
    left = most > bound;
    phase = 0u;
    remaining -= count;
    if remaining == 0u {
      break;
    }
  }
  if left {
    remaining = segment.steps - (inside + 1u - segment.phase);
  }
  return Walk(remaining, left);
}
