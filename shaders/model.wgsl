// An example of what is generated from an experiment: SGD on the loss x² / 2 with Gaussian noise.
// Tests put it in the place of a generated model, so that every file of this folder validates by itself.

fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {
  let z0 = take(stream);
  let x = (*values)[0];
  (*values)[0] = x - coefficients[0] * x + coefficients[1] * z0;
}

fn extent(values: State) -> u32 {
  return magnitude(values[0]);
}

fn observe(values: State, scales: Scales) -> Outputs {
  let x = values[0];
  return Outputs(0.5 * x * x, x, x * x);
}
