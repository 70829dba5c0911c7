// The tables of blocks and legs in storage memory, as long as they may be.

@group(0) @binding(1) var<storage, read> blocks: array<Block>;
@group(0) @binding(2) var<storage, read> legs: array<Leg>;

