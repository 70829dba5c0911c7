// The data sets in 16 bits: example after example, training before validation, two numbers in a word.

@group(0) @binding(9) var<storage, read> examples: array<u32>;

fn number(at: u32) -> Real {
  return Real(from_half((examples[at / 2u] >> (16u * (at % 2u))) & 0xffffu));
}
