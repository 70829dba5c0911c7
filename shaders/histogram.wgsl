// Histograms: counts of chains in bins. Counts are integers, so the order of additions does not matter.

struct Request {
  outputs: vec2<u32>,   // outputs to bin; the second is NO_OUTPUT if there is one axis
  bins: vec2<u32>,
  counts: vec2<u32>,    // first count of point 0, counts per point
  ranges: u32,          // first entry of `ranges`: per point, (from, bins per unit) of each axis
  within: u32,          // first count among those of one point
}

// A request, for one sweep point.
struct PointRequest {
  request: Request,
  begin: u32,           // first of its counts
  first: vec2<f32>,     // ranges of the axes; the second is not read if there is one axis
  second: vec2<f32>,
}

@group(0) @binding(6) var<storage, read_write> totals: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> requests: array<Request>;
@group(0) @binding(8) var<storage, read> ranges: array<vec2<f32>>;

// Bin of a value on an axis of `bins` bins: 0 to bins - 1, or bins (below), bins + 1 (above), bins + 2 (NaN).
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

fn request_at(r: u32, point: u32) -> PointRequest {
  let request = requests[r];
  let axes = select(2u, 1u, request.outputs.y == NO_OUTPUT);
  let at = request.ranges + axes * point;
  return PointRequest(request, first_count(request, point), ranges[at], ranges[at + axes - 1u]);
}

// Counts a chain in a histogram with one axis.
fn count_value(at: PointRequest, value: Real) {
  count(at.begin + bin(value, at.first, at.request.bins.x));
}

// Counts a chain in a histogram with two axes.
fn count_pair(at: PointRequest, first: Real, second: Real) {
  let bins = at.request.bins;
  let row = bin(first, at.first, bins.x);
  let column = bin(second, at.second, bins.y);
  let all = bins.x * bins.y;
  // One count for all chains outside, one for NaN.
  var index = select(row * bins.y + column, all, row >= bins.x || column >= bins.y);
  index = select(index, all + 1u, row == bins.x + 2u || column == bins.y + 2u);
  count(at.begin + index);
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
  let uniforms_of_point = load_observe_uniforms(point);
  let all = requests_at(point);
  for (var row = group.x; row < ensemble.rows; row += groups.x) {
    let within = row * LANES + local.x;
    let slot = group.y * ensemble.block + within;
    if within < block.filled && diverged[slot] == NOT_DIVERGED {
      var values = observe(load_state(slot), uniforms_of_point);
      count_all(all, &values);
    }
  }
  flush(point, local.x);
}
