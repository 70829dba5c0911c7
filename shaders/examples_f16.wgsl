// The data sets as 16-bit floats: example after example, training before validation, two numbers per word.

@group(0) @binding(9) var<storage, read> examples: array<u32>;

fn number(at: u32) -> Real {
  return Real(from_half((examples[at / 2u] >> (16u * (at % 2u))) & 0xffffu));
}
