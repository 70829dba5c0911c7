//! Pool of temporary arrays of a loop body. An array is reused after the last read of its contents.

/// The arrays, numbered.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    /// Size of each array: that of its largest contents.
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Arrays {
    /// Takes a free array, enlarged to `count` elements if needed: the one that grows least, then the smallest.
    pub(super) fn take(&mut self, count: usize) -> usize {
        let sizes = &self.sizes;
        let best = (0..self.free.len()).min_by_key(|place| {
            let size = sizes[self.free[*place]];
            (count.saturating_sub(size), size)
        });
        let Some(place) = best else {
            self.sizes.push(count);
            return self.sizes.len() - 1;
        };
        let array = self.free.swap_remove(place);
        self.sizes[array] = self.sizes[array].max(count);
        array
    }

    pub(super) fn give_back(&mut self, array: usize) {
        self.free.push(array);
    }

    /// WGSL constants `t0`, `t1`, … with the offset of each array. They lie one after the other from `first` on.
    pub(super) fn offsets(&self, mut first: usize) -> String {
        let mut text = String::new();
        for (array, size) in self.sizes.iter().enumerate() {
            text += &format!("  const t{array}: u32 = {first}u;\n");
            first += size;
        }
        text
    }

    /// Number of elements of all arrays.
    pub(super) fn elements(&self) -> usize {
        self.sizes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_array_is_reused_and_grows() {
        let mut arrays = Arrays::default();
        let (small, large) = (arrays.take(3), arrays.take(9));
        arrays.give_back(large);
        arrays.give_back(small);
        assert_eq!(arrays.take(2), small);
        assert_eq!(arrays.take(10), large);
        assert_eq!(
            arrays.offsets(5),
            "  const t0: u32 = 5u;\n  const t1: u32 = 8u;\n"
        );
    }
}
