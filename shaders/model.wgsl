// An example of what is generated from an experiment: SGD on the loss x² / 2 with Gaussian noise.
// Tests put it in the place of a generated model, so that every file of this folder validates by itself.

fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {
  let z0 = take(stream);
  let x = (*values)[0];
  (*values)[0] = x - coefficients[0] * x + coefficients[1] * z0;
}

fn extent(values: ptr<function, State>) -> Bits {
  return magnitude((*values)[0]);
}

fn observe(values: State, scales: Scales) -> Outputs {
  let x = values[0];
  return Outputs(0.5 * x * x, x, x * x);
}

alias Aims = array<Aim, 1>;

fn aim_all(point: u32) -> Aims {
  return Aims(aim(0u, point));
}

fn tally_all(aims: Aims, outputs: ptr<function, Outputs>) {
  tally_value(aims[0], output(outputs, 1u));
}

alias AllSums = array<Sums, OUTPUTS>;

fn no_sums(at: u32) -> AllSums {
  return AllSums();
}

fn accumulate_all(sums: ptr<function, AllSums>, values: Outputs, first: bool) {
  (*sums)[0] = accumulate((*sums)[0], values[0], first);
  (*sums)[1] = accumulate((*sums)[1], values[1], first);
  (*sums)[2] = accumulate((*sums)[2], values[2], first);
}

fn put_all(at: u32, sums: AllSums) {
  put_sums(at, 0u, sums[0]);
  put_sums(at, 1u, sums[1]);
  put_sums(at, 2u, sums[2]);
}

fn whole(values: Outputs) -> bool {
  return finite(values[0]);
}
