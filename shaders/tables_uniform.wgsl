// The tables of blocks and legs in uniform memory: software rasterisers read storage memory by a loop over lanes for every
// word, which for these words took as long as eight steps.

@group(0) @binding(1) var<uniform> blocks: array<Block, BLOCKS>;
@group(0) @binding(2) var<uniform> legs: array<Leg, POINTS>;

