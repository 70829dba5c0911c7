// An example of the generated functions: SGD on the loss x² / 2 with Gaussian noise. Tests compose it in their stead, so that
// every file of this folder is validated.

fn step(values: ptr<function, State>, stream: ptr<function, Stream>, coefficients: Coefficients) {
  let z0 = take(stream);
  let x = (*values)[0];
  (*values)[0] = x - coefficients[0] * x + coefficients[1] * z0;
}

fn max_norm(values: ptr<function, State>) -> Bits {
  return magnitude((*values)[0]);
}

fn observe(values: State, uniforms_of_point: ObserveUniforms) -> Outputs {
  let x = values[0];
  return Outputs(0.5 * x * x, x, x * x);
}

alias PointRequests = array<PointRequest, 1>;

fn requests_at(point: u32) -> PointRequests {
  return PointRequests(request_at(0u, point));
}

fn count_all(all: PointRequests, outputs: ptr<function, Outputs>) {
  count_value(all[0], output(outputs, 1u));
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

fn all_finite(values: Outputs) -> bool {
  return finite(values[0]);
}
