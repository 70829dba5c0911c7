// All histograms of what `observe` has left in memory, where any output can be looked up.

fn tally_all(outputs: ptr<function, Outputs>, point: u32) {
  for (var r = 0u; r < ensemble.requests; r++) {
    let request = requests[r];
    let second = select(request.outputs.y, request.outputs.x, request.outputs.y == NONE);
    tally(request, point, output(outputs, request.outputs.x), output(outputs, second));
  }
}

