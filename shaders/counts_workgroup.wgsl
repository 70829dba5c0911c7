// Counts that a workgroup makes in its own memory, which its neighbours do not wait for, and hands over at its end. Twin of
// counts_global.wgsl.

var<workgroup> counts: array<atomic<u32>, SLOTS>;  // begin as zeros

fn first_count(request: Request, point: u32) -> u32 {
  return request.within;
}

fn count(slot: u32) {
  atomicAdd(&counts[slot], 1u);
}

fn hand_over(point: u32, lane: u32) {
  workgroupBarrier();
  for (var r = 0u; r < ensemble.requests; r++) {
    let request = requests[r];
    for (var k = lane; k < request.slots.y; k += LANES) {
      let counted = atomicLoad(&counts[request.within + k]);
      if counted > 0u {
        atomicAdd(&slots[request.slots.x + point * request.slots.y + k], counted);
      }
    }
  }
}

