// All histograms of what `observe` has left in memory, where any output can be looked up.

alias Aims = u32;  // the point

fn aim_all(point: u32) -> Aims {
  return point;
}

fn tally_all(point: Aims, outputs: ptr<function, Outputs>) {
  for (var r = 0u; r < ensemble.requests; r++) {
    let aim = aim(r, point);
    let first = output(outputs, aim.request.outputs.x);
    if aim.request.outputs.y == NONE {
      tally_value(aim, first);
    } else {
      tally_pair(aim, first, output(outputs, aim.request.outputs.y));
    }
  }
}

