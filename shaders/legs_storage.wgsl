// The table of legs in storage memory, as long as it may be.

@group(0) @binding(2) var<storage, read> legs: array<Leg>;

