// Counting of outputs that `observe` has stored in memory, where any output can be read by its index.

alias PointRequests = u32;  // the sweep point

fn requests_at(point: u32) -> PointRequests {
  return point;
}

fn count_all(point: PointRequests, outputs: ptr<function, Outputs>) {
  for (var r = 0u; r < ensemble.requests; r++) {
    let at = request_at(r, point);
    let first = output(outputs, at.request.outputs.x);
    if at.request.outputs.y == NO_OUTPUT {
      count_value(at, first);
    } else {
      count_pair(at, first, output(outputs, at.request.outputs.y));
    }
  }
}

