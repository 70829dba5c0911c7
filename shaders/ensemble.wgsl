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
  data_pass: u32,        // which data_pass a dispatch passes examples of
  first: u32,         // its first example
  last: u32,          // the example after its last
  nothing: u32,       // 0
}

struct Block {
  point: u32,         // point of the sweep
  filled: u32,        // places that hold a chain
  chain: vec2<u32>,   // number of the first chain in the whole sweep: low word, high word
}

struct Segment {
  block: vec2<u32>,   // noise block (of shuffles: epoch) of the first step: low word, high word
  rounding: vec2<u32>, // block of the first words to round the state by: low word, high word
  phase: u32,         // steps of that block (of shuffles: examples of that epoch) that are already done
  steps: u32,         // to do
  begin: u32,         // steps done before, at most NOT_DIVERGED - 1: only to report how far chains came
  unused: u32,
}

@group(0) @binding(0) var<uniform> ensemble: Ensemble;
@group(0) @binding(3) var<storage, read> uniforms: array<Real>;
@group(0) @binding(5) var<storage, read_write> diverged: array<u32>;

// The step at which a chain left, or this.
const NOT_DIVERGED: u32 = 0xffffffffu;

// The step that a segment reaches after so many of its steps, as far as a word counts.
fn reached(segment: Segment, steps: u32) -> u32 {
  return segment.begin + min(steps, NOT_DIVERGED - 1u - segment.begin);
}

// The point of a block: known to compilers where there is only one, so that what belongs to it is read once for all.
fn point_of(block: Block) -> u32 {
  return select(block.point, 0u, ONE_POINT);
}

fn add64(a: vec2<u32>, b: u32) -> vec2<u32> {
  let low = a.x + b;
  return vec2<u32>(low, a.y + select(0u, 1u, low < b));
}
