// The table of segments in uniform memory: software rasterizers read each word of storage memory in a loop over lanes.

@group(0) @binding(2) var<uniform> segments: array<Segment, POINTS>;

