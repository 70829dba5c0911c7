// The table of segments in storage memory, as long as it may be.

@group(0) @binding(2) var<storage, read> segments: array<Segment>;

