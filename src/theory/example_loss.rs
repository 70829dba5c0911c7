//! What theory needs to know of a loss that is a mean over examples.

/// A loss L(Φ) = E_i L_i(Φ) over a finite set of examples, each L_i with any regularization in it.
pub trait ExampleLoss {
    /// Number of parameters d.
    fn dimension(&self) -> usize;

    /// Number of examples.
    fn examples(&self) -> usize;

    /// Calls `visit(L_i, ∇L_i)` for every example i at the point `at`, in order.
    fn visit(&self, at: &[f64], visit: &mut dyn FnMut(f64, &[f64]));
}
