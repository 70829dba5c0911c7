// Counting in storage memory, for many counts. Counterpart of counts_workgroup.wgsl.

fn first_count(request: Request, point: u32) -> u32 {
  return request.counts.x + point * request.counts.y;
}

fn count(index: u32) {
  atomicAdd(&totals[index], 1u);
}

fn flush(point: u32, lane: u32) {}

