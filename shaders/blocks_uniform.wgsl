// The table of blocks in uniform memory: software rasterizers read each word of storage memory in a loop over lanes.

@group(0) @binding(1) var<uniform> blocks: array<Block, BLOCKS>;
