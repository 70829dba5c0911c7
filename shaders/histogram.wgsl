// Counts of where chains are: integers, so the order of adding does not matter.

struct Request {
  outputs: vec2<u32>,   // which observed quantities; the second is NONE in one dimension
  bins: vec2<u32>,
  slots: vec2<u32>,     // first slot of point 0, slots per point
  ranges: u32,          // first entry of `ranges`: per point, (from, bins per unit) of each axis
  unused: u32,
}

const NONE: u32 = 0xffffffffu;

@group(0) @binding(6) var<storage, read_write> slots: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> requests: array<Request>;
@group(0) @binding(8) var<storage, read> ranges: array<vec2<f32>>;

// Bin of a value on an axis of `bins` bins: 0 … bins − 1, or bins (below), bins + 1 (above), bins + 2 (not a number).
fn bin(value: Real, range: vec2<f32>, bins: u32) -> u32 {
  if is_nan(value) {
    return bins + 2u;
  }
  let position = (value - Real(range.x)) * Real(range.y);
  if position < 0.0 {
    return bins;
  }
  if position >= Real(bins) {
    return bins + 1u;
  }
  return u32(position);
}

// Counts a chain in one histogram; one of one axis takes the first value.
fn tally(request: Request, point: u32, first: Real, second: Real) {
  let begin = request.slots.x + point * request.slots.y;
  var slot = 0u;
  if request.outputs.y == NONE {
    slot = bin(first, ranges[request.ranges + point], request.bins.x);
  } else {
    let at = request.ranges + 2u * point;
    let row = bin(first, ranges[at], request.bins.x);
    let column = bin(second, ranges[at + 1u], request.bins.y);
    let all = request.bins.x * request.bins.y;
    // One slot for all that lies outside, one for what is not a number.
    slot = select(row * request.bins.y + column, all, row >= request.bins.x || column >= request.bins.y);
    slot = select(slot, all + 1u, row == request.bins.x + 2u || column == request.bins.y + 2u);
  }
  atomicAdd(&slots[begin + slot], 1u);
}

@compute @workgroup_size(LANES)
fn histogram(@builtin(global_invocation_id) id: vec3<u32>) {
  let place = id.y * ensemble.block + id.x;
  let block = blocks[id.y];
  let point = point_of(block);
  let scales = load_scales(point);
  if id.x >= block.filled || departed[place] != STAYED {
    return;
  }
  var values = observe(load_state(place), scales);
  tally_all(&values, point);
}
