// A chain in memory, for losses that are too large for registers. The types of chain_registers.wgsl are empty names here:
// what they stand for lies in `state`, `uniforms` and `memory`, in the column of the invocation's chain.

@group(0) @binding(10) var<storage, read_write> memory: array<Real>;

var<private> column: u32;
var<private> point_of_column: u32;

alias State = u32;
alias Coefficients = u32;
alias Scales = u32;
alias Outputs = u32;

// `count`, but not for compilers: they would unroll the loop, keep what it leaves in memory, and run out of registers.
fn turns(count: u32) -> u32 {
  return count + ensemble.nothing;
}

fn load_coefficients(point: u32) -> Coefficients {
  point_of_column = point;
  return 0u;
}

fn load_scales(point: u32) -> Scales {
  point_of_column = point;
  return 0u;
}

fn load_state(place: u32) -> State {
  column = place;
  return 0u;
}

