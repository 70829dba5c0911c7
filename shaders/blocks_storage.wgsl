// The table of blocks in storage memory, of any length.

@group(0) @binding(1) var<storage, read> blocks: array<Block>;
