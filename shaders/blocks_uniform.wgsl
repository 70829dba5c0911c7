// The table of blocks in uniform memory: software rasterisers read storage memory by a loop over lanes for every word.

@group(0) @binding(1) var<uniform> blocks: array<Block, BLOCKS>;
