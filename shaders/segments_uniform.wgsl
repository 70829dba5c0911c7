// The table of segments in uniform memory: software rasterisers read storage memory by a loop over lanes for every word.

@group(0) @binding(2) var<uniform> segments: array<Segment, POINTS>;

