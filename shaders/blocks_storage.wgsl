// The table of blocks in storage memory, as long as it may be.

@group(0) @binding(1) var<storage, read> blocks: array<Block>;
