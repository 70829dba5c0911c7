// Counts of many slots, where all workgroups make them. Twin of counts_workgroup.wgsl.

fn first_count(request: Request, point: u32) -> u32 {
  return request.slots.x + point * request.slots.y;
}

fn count(slot: u32) {
  atomicAdd(&slots[slot], 1u);
}

fn hand_over(point: u32, lane: u32) {}

