// The steps of a segment, with one divergence check per whole noise block. Counterpart of walk_masked.wgsl.

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
  loop {
    // Nearly all blocks are whole, and few chains diverge, so a block is checked once, at the start of the next turn. A check at
    // the end of its own turn would keep processors from overlapping turns.
    var values_before = *values;
    var stream_before = *stream;
    var exceeded = false;
    while UNROLLED_STEPS > 1u && offset == 0u && remaining >= UNROLLED_STEPS && !exceeded {
      values_before = *values;
      stream_before = *stream;
      refill(stream);
      var largest = Bits();
      for (var k = 0u; k < UNROLLED_STEPS; k++) {
        step(values, stream, coefficients);
        largest = max(largest, max_norm(values));
      }
      exceeded = largest > bound;
      remaining -= UNROLLED_STEPS;
    }
    // Restored outside the loop: inside, software rasterizers would pay for it in every turn.
    if exceeded {
      *values = values_before;
      *stream = stream_before;
      remaining += UNROLLED_STEPS;
    }
    // Single steps: the parts of blocks at both ends of the segment, and the block in which the chain diverges.
    if remaining > 0u {
      refill(stream);
      var count = 1u;
      if STEPS_PER_BLOCK > 1u {
        for (var k = 0u; k < offset * WIDTH; k++) {
          skip(stream);
        }
        count = min(STEPS_PER_BLOCK - offset, remaining);
        offset = 0u;
      }
      loop {
        step(values, stream, coefficients);
        has_diverged = max_norm(values) > bound;
        count--;
        remaining--;
        if has_diverged || count == 0u {
          break;
        }
      }
    }
    if has_diverged || remaining == 0u {
      break;
    }
  }
  return Walk(remaining, has_diverged);
}
