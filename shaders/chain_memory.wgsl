// A chain in memory, for losses that are too large for registers. The types of chain_registers.wgsl are placeholders here:
// their values are in `state`, `uniforms` and `memory`, in the column of the invocation's chain.

@group(0) @binding(10) var<storage, read_write> memory: array<Real>;

var<private> column: u32;
var<private> point_of_column: u32;

alias State = u32;
alias Coefficients = u32;
alias ObserveUniforms = u32;
alias Outputs = u32;

// Returns `count`, which compilers cannot know. Otherwise they would unroll the loop and run out of registers.
fn turns(count: u32) -> u32 {
  return count + ensemble.zero;
}

fn load_coefficients(point: u32) -> Coefficients {
  point_of_column = point;
  return 0u;
}

fn load_observe_uniforms(point: u32) -> ObserveUniforms {
  point_of_column = point;
  return 0u;
}

fn load_state(slot: u32) -> State {
  column = slot;
  return 0u;
}

