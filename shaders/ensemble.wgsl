// The ensemble in memory, shared by all entry points.
//
// Slots for chains are numbered through the tile; `ensemble.block` of them share one Block (see src/plan/layout.rs).
// Number, or word, k of the state in slot i is state[k * ensemble.slots + i].

struct Ensemble {
  key: vec4<u32>,     // of the noise stream
  slots: u32,         // in this tile, filled or not
  block: u32,         // slots in a block
  rows: u32,          // block / LANES
  blocks: u32,        // in this tile
  bound: vec2<u32>,   // bits of the largest |x| that counts as not diverged: low word, high word
  pairs: u32,         // first pair of parameters of a covariance dispatch
  requests: u32,      // histograms
  data_pass: u32,     // data pass of the dispatch
  first: u32,         // first example of the dispatch
  last: u32,          // example after the last one of the dispatch
  zero: u32,          // always 0, which compilers cannot know
}

struct Block {
  point: u32,         // point of the sweep
  filled: u32,        // slots that hold a chain
  chain: vec2<u32>,   // number of the first chain in the whole sweep: low word, high word
}

struct Segment {
  block: vec2<u32>,   // noise block (of shuffles: epoch) of the first step: low word, high word
  rounding: vec2<u32>, // first block of random words that round the state: low word, high word
  offset: u32,        // steps of that block (of shuffles: examples of that epoch) already done
  steps: u32,         // to do
  begin: u32,         // steps done before, at most NOT_DIVERGED - 1; only for reports
  unused: u32,
}

@group(0) @binding(0) var<uniform> ensemble: Ensemble;
@group(0) @binding(3) var<storage, read> uniforms: array<Real>;
@group(0) @binding(5) var<storage, read_write> diverged: array<u32>;  // the step at which a chain diverged, or NOT_DIVERGED

// The step that a segment has reached after `steps` of its steps, at most NOT_DIVERGED - 1.
fn reached(segment: Segment, steps: u32) -> u32 {
  return segment.begin + min(steps, NOT_DIVERGED - 1u - segment.begin);
}

// The sweep point of a block. Compilers know it if there is only one, and then read its data once for all invocations.
fn point_of(block: Block) -> u32 {
  return select(block.point, 0u, ONE_POINT);
}

fn add64(a: vec2<u32>, b: u32) -> vec2<u32> {
  let low = a.x + b;
  return vec2<u32>(low, a.y + select(0u, 1u, low < b));
}
