// The table of segments in storage memory, of any length.

@group(0) @binding(2) var<storage, read> segments: array<Segment>;

