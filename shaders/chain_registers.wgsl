// A chain in registers: arrays whose indices are known when a shader is compiled. Twin of chain_memory.wgsl.

alias Coefficients = array<Real, COEFFICIENTS>;  // uniforms of a step
alias Scales = array<Real, SCALES>;              // uniforms of an observation
alias Outputs = array<Real, OUTPUTS>;            // what is observed

fn load_coefficients(point: u32) -> Coefficients {
  var values: Coefficients;
  for (var k = 0u; k < COEFFICIENTS; k++) {
    values[k] = uniforms[point * (COEFFICIENTS + SCALES) + k];
  }
  return values;
}

fn load_scales(point: u32) -> Scales {
  var values: Scales;
  for (var k = 0u; k < SCALES; k++) {
    values[k] = uniforms[point * (COEFFICIENTS + SCALES) + COEFFICIENTS + k];
  }
  return values;
}

fn output(outputs: ptr<function, Outputs>, k: u32) -> Real {
  return (*outputs)[k];
}

