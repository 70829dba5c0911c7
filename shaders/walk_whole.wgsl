// The steps of a segment, those of a block of random numbers together where it is whole. Twin of walk_masked.wgsl.

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
  loop {
    // Nearly all blocks are whole, and nearly no chain leaves: that is looked at once for all steps of a block, and at the
    // begin of the next turn. At the end of its own it would let processors begin no turn before the last is over.
    var values_before = *values;
    var stream_before = *stream;
    var doubtful = false;
    while TOGETHER > 1u && phase == 0u && remaining >= TOGETHER && !doubtful {
      values_before = *values;
      stream_before = *stream;
      refill(stream);
      var most = Bits();
      for (var k = 0u; k < TOGETHER; k++) {
        step(values, stream, coefficients);
        most = max(most, extent(values));
      }
      doubtful = most > bound;
      remaining -= TOGETHER;
    }
    // Taken back out here: within the loop software rasterisers would pay for it in every turn.
    if doubtful {
      *values = values_before;
      *stream = stream_before;
      remaining += TOGETHER;
    }
    // What is left of a block at the start and at the end, and the steps of one in which the chain leaves, one by one.
    if remaining > 0u {
      refill(stream);
      var count = 1u;
      if STEPS_PER_BLOCK > 1u {
        for (var k = 0u; k < phase * WIDTH; k++) {
          skip(stream);
        }
        count = min(STEPS_PER_BLOCK - phase, remaining);
        phase = 0u;
      }
      loop {
        step(values, stream, coefficients);
        left = extent(values) > bound;
        count--;
        remaining--;
        if left || count == 0u {
          break;
        }
      }
    }
    if left || remaining == 0u {
      break;
    }
  }
  return Walk(remaining, left);
}
