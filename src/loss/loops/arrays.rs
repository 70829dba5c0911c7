//! Temporary arrays of a loop body, used again once their content is not needed any more.

/// Arrays by number.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    /// Elements of each, as the largest content needs.
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Arrays {
    /// An array of at least this many elements: the free one that has to grow least, of those the smallest.
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

    /// Where each begins, as constants of the same names, in a memory in which they lie one after the other.
    pub(super) fn places(&self, mut first: usize) -> String {
        let mut text = String::new();
        for (array, size) in self.sizes.iter().enumerate() {
            text += &format!("  const t{array}: u32 = {first}u;\n");
            first += size;
        }
        text
    }

    /// Elements of all together.
    pub(super) fn elements(&self) -> usize {
        self.sizes.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_taken_again_and_grows() {
        let mut arrays = Arrays::default();
        let (small, large) = (arrays.take(3), arrays.take(9));
        arrays.give_back(large);
        arrays.give_back(small);
        assert_eq!(arrays.take(2), small);
        assert_eq!(arrays.take(10), large);
        assert_eq!(
            arrays.places(5),
            "  const t0: u32 = 5u;\n  const t1: u32 = 8u;\n"
        );
    }
}
