// A chain in registers: arrays whose indices compilers know. Counterpart of chain_memory.wgsl.

alias Coefficients = array<Real, COEFFICIENTS>;  // uniforms of a step
alias ObserveUniforms = array<Real, OBSERVE_UNIFORMS>;  // uniforms of an observation
alias Outputs = array<Real, OUTPUTS>;  // outputs of an observation

fn load_coefficients(point: u32) -> Coefficients {
  var values: Coefficients;
  for (var k = 0u; k < COEFFICIENTS; k++) {
    values[k] = uniforms[point * (COEFFICIENTS + OBSERVE_UNIFORMS) + k];
  }
  return values;
}

fn load_observe_uniforms(point: u32) -> ObserveUniforms {
  var values: ObserveUniforms;
  for (var k = 0u; k < OBSERVE_UNIFORMS; k++) {
    values[k] = uniforms[point * (COEFFICIENTS + OBSERVE_UNIFORMS) + COEFFICIENTS + k];
  }
  return values;
}

fn output(outputs: ptr<function, Outputs>, k: u32) -> Real {
  return (*outputs)[k];
}

