// What every entry point shares: the ensemble in memory and how to find a chain in it.
//
// Places are numbered through the tile; `ensemble.block` of them share one Block (see src/plan/layout.rs).
// Number, or word, k of the state of place i lies at state[k * ensemble.places + i].

struct Ensemble {
  key: vec4<u32>,     // of the noise stream
  places: u32,        // in this tile, filled or not
  block: u32,         // places in a block
  rows: u32,          // block / LANES
  blocks: u32,        // in this tile
  bound: vec2<u32>,   // bits of the largest |x| a chain may reach: low word, high word
  pairs: u32,         // first pair of parameters of a covariance dispatch
  requests: u32,      // histograms
  survey: u32,        // which survey a dispatch passes examples of
  first: u32,         // its first example
  last: u32,          // the example after its last
  nothing: u32,       // 0
}

struct Block {
  point: u32,         // point of the sweep
  filled: u32,        // places that hold a chain
  chain: vec2<u32>,   // number of the first chain in the whole sweep: low word, high word
}

struct Leg {
  block: vec2<u32>,   // noise block (of shuffles: epoch) of the first step: low word, high word
  rounding: vec2<u32>, // block of the first words to round the state by: low word, high word
  phase: u32,         // steps of that block (of shuffles: examples of that epoch) that are already done
  steps: u32,         // to do
  begin: u32,         // steps done before, at most STAYED - 1: only to report how far chains came
  unused: u32,
}

@group(0) @binding(0) var<uniform> ensemble: Ensemble;
@group(0) @binding(3) var<storage, read> uniforms: array<Real>;
@group(0) @binding(5) var<storage, read_write> departed: array<u32>;

// The step at which a chain left, or this.
const STAYED: u32 = 0xffffffffu;

// The step that a leg reaches after so many of its steps, as far as a word counts.
fn reached(leg: Leg, steps: u32) -> u32 {
  return leg.begin + min(steps, STAYED - 1u - leg.begin);
}

// The point of a block: known to compilers where there is only one, so that what belongs to it is read once for all.
fn point_of(block: Block) -> u32 {
  return select(block.point, 0u, ONE_POINT);
}

fn add64(a: vec2<u32>, b: u32) -> vec2<u32> {
  let low = a.x + b;
  return vec2<u32>(low, a.y + select(0u, 1u, low < b));
}
