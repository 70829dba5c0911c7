// The data sets: example after example, training before validation.

@group(0) @binding(9) var<storage, read> examples: array<Real>;

fn number(at: u32) -> Real {
  return examples[at];
}
