// The data sets: example after example, training before validation.

@group(0) @binding(9) var<storage, read> examples: array<f32>;

fn number(at: u32) -> f32 {
  return examples[at];
}
