// Counting in workgroup memory, for which no other workgroup waits. At its end a workgroup adds its counts to the totals.
// Counterpart of counts_global.wgsl.

var<workgroup> counts: array<atomic<u32>, COUNTS_PER_POINT>;  // zero at the start

fn first_count(request: Request, point: u32) -> u32 {
  return request.within;
}

fn count(index: u32) {
  atomicAdd(&counts[index], 1u);
}

fn flush(point: u32, lane: u32) {
  workgroupBarrier();
  for (var r = 0u; r < ensemble.requests; r++) {
    let request = requests[r];
    for (var k = lane; k < request.counts.y; k += LANES) {
      let counted = atomicLoad(&counts[request.within + k]);
      if counted > 0u {
        atomicAdd(&totals[request.counts.x + point * request.counts.y + k], counted);
      }
    }
  }
}

