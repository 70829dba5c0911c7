// Counts of where chains are: integers, so the order of adding does not matter.

struct Request {
  outputs: vec2<u32>,   // which observed quantities; the second is NONE in one dimension
  bins: vec2<u32>,
  slots: vec2<u32>,     // first slot of point 0, slots per point
  ranges: u32,          // first entry of `ranges`: per point, (from, bins per unit) of each axis
  within: u32,          // first slot among those of one point
}

// A request at one point.
struct Aim {
  request: Request,
  begin: u32,           // first of its counts
  first: vec2<f32>,     // ranges of the axes; the second is not read in one dimension
  second: vec2<f32>,
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

fn aim(r: u32, point: u32) -> Aim {
  let request = requests[r];
  let axes = select(2u, 1u, request.outputs.y == NONE);
  let at = request.ranges + axes * point;
  return Aim(request, first_count(request, point), ranges[at], ranges[at + axes - 1u]);
}

// Counts a chain in a histogram of one axis.
fn tally_value(aim: Aim, value: Real) {
  count(aim.begin + bin(value, aim.first, aim.request.bins.x));
}

// Counts a chain in a histogram of two axes.
fn tally_pair(aim: Aim, first: Real, second: Real) {
  let bins = aim.request.bins;
  let row = bin(first, aim.first, bins.x);
  let column = bin(second, aim.second, bins.y);
  let all = bins.x * bins.y;
  // One slot for all that lies outside, one for what is not a number.
  var slot = select(row * bins.y + column, all, row >= bins.x || column >= bins.y);
  slot = select(slot, all + 1u, row == bins.x + 2u || column == bins.y + 2u);
  count(aim.begin + slot);
}

// Workgroups share the rows of a block.
@compute @workgroup_size(LANES)
fn histogram(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let block = blocks[group.y];
  let point = point_of(block);
  let scales = load_scales(point);
  let aims = aim_all(point);
  for (var row = group.x; row < ensemble.rows; row += groups.x) {
    let within = row * LANES + local.x;
    let place = group.y * ensemble.block + within;
    if within < block.filled && diverged[place] == NOT_DIVERGED {
      var values = observe(load_state(place), scales);
      tally_all(aims, &values);
    }
  }
  hand_over(point, local.x);
}
