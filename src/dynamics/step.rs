//! The update of all parameters as graph nodes, and the numbers that its uniform inputs take.

use crate::loss::{Graph, NodeId, Rate, Shape};

/// Which dynamics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Stochastic gradient descent.
    Sgd,
    /// Langevin dynamics by Euler–Maruyama.
    Langevin,
    /// Deterministic gradient flow by Euler's method.
    GradientFlow,
}

/// The standard deviation of the stochastic gradient's noise.
#[derive(Debug, Clone)]
pub enum Scale {
    /// σ_k of each flattened parameter.
    Constant(Vec<f64>),
    /// σ as graph nodes, one per parameter tensor, each a scalar or of the tensor's shape.
    State(Vec<NodeId>),
    /// Rows of a matrix F with F Fᵀ = Σ over the flattened parameters.
    Factor(Vec<Vec<f64>>),
}

impl Scale {
    fn of(&self, parameter: usize) -> f64 {
        match self {
            Self::Constant(sigma) => sigma[parameter],
            Self::State(_) | Self::Factor(_) => 1.0,
        }
    }
}

/// The nodes of one step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Each parameter after the step, in the order and shape of the parameters.
    pub next: Vec<NodeId>,
    /// Standard normal (or two- or three-point) draws that one step takes; they are the inputs after the parameters.
    pub draws: u32,
}

/// Builds x′ from x = `parameters` and g = `gradients`, declaring the remaining inputs: draws, then the uniforms whose
/// values [`coefficients`] computes in the same order.
pub fn step(
    graph: &mut Graph,
    parameters: &[NodeId],
    gradients: &[NodeId],
    scale: Option<&Scale>,
    rates: &[f64],
) -> Step {
    let shapes: Vec<Shape> = parameters.iter().map(|&p| graph.shape(p)).collect();
    let size: usize = shapes.iter().map(|shape| shape.len()).sum();
    let draws = match scale {
        None => Vec::new(),
        Some(_) => (shapes.iter().enumerate())
            .map(|(k, &shape)| graph.input(&format!("z{k}"), shape, Rate::Lane))
            .collect(),
    };
    let drift = per_parameter(graph, "drift", &shapes, is_constant(rates));
    let amplitude = scale.map(|scale| {
        let values: Vec<f64> = (0..size).map(|k| rates[k] * scale.of(k)).collect();
        per_parameter(graph, "amplitude", &shapes, is_constant(&values))
    });
    let noise = match scale {
        Some(Scale::State(sigma)) => (draws.iter().zip(sigma))
            .map(|(&z, &s)| graph.mul(s, z))
            .collect(),
        Some(Scale::Factor(rows)) => correlated(graph, &draws, &shapes, rows),
        Some(Scale::Constant(_)) | None => draws.clone(),
    };
    let next = (0..parameters.len())
        .map(|k| {
            let pull = graph.mul(drift[k], gradients[k]);
            let descended = graph.sub(parameters[k], pull);
            match &amplitude {
                None => descended,
                Some(amplitude) => {
                    let kick = graph.mul(amplitude[k], noise[k]);
                    graph.add(descended, kick)
                }
            }
        })
        .collect();
    Step {
        next,
        draws: if scale.is_some() { size as u32 } else { 0 },
    }
}

/// The uniforms of [`step`], in the order in which it declares them: drift, then amplitude; one number each where all
/// parameters share it, else one per flattened parameter.
///
/// `eta` is the learning rate and `delta` the time step (equal to η for SGD).
pub fn coefficients(
    kind: Kind,
    eta: f64,
    delta: f64,
    scale: Option<&Scale>,
    rates: &[f64],
) -> Vec<f64> {
    let drift = if kind == Kind::Sgd { eta } else { delta };
    let amplitude = match kind {
        Kind::Sgd => eta,
        Kind::Langevin => (eta * delta).sqrt(),
        Kind::GradientFlow => 0.0,
    };
    let mut values: Vec<f64> = shared(rates.to_vec()).iter().map(|r| drift * r).collect();
    if let Some(scale) = scale {
        let scaled = rates
            .iter()
            .enumerate()
            .map(|(k, r)| r * scale.of(k))
            .collect();
        values.extend(shared(scaled).iter().map(|value| amplitude * value));
    }
    values
}

fn is_constant(values: &[f64]) -> bool {
    values.iter().all(|&value| value == values[0])
}

fn shared(mut values: Vec<f64>) -> Vec<f64> {
    if is_constant(&values) {
        values.truncate(1);
    }
    values
}

/// A uniform input per tensor, or one scalar for all where every parameter has the same value.
fn per_parameter(graph: &mut Graph, name: &str, shapes: &[Shape], constant: bool) -> Vec<NodeId> {
    if constant {
        let node = graph.input(name, Shape::Scalar, Rate::Uniform);
        return vec![node; shapes.len()];
    }
    (shapes.iter().enumerate())
        .map(|(k, &shape)| graph.input(&format!("{name}{k}"), shape, Rate::Uniform))
        .collect()
}

/// F z over the flattened parameters, back in the parameters' shapes.
fn correlated(
    graph: &mut Graph,
    draws: &[NodeId],
    shapes: &[Shape],
    rows: &[Vec<f64>],
) -> Vec<NodeId> {
    let flat: Vec<NodeId> = (draws.iter().zip(shapes))
        .flat_map(|(&z, shape)| (0..shape.len()).map(move |i| (z, i)))
        .map(|(z, i)| graph.element(z, i))
        .collect();
    let mut mixed = rows.iter().map(|row| {
        let mut sum = graph.constant(0.0);
        for (&factor, &z) in row.iter().zip(&flat) {
            if factor != 0.0 {
                let factor = graph.constant(factor);
                let term = graph.mul(factor, z);
                sum = graph.add(sum, term);
            }
        }
        sum
    });
    let mixed: Vec<NodeId> = mixed.by_ref().collect();
    let mut rest = mixed.as_slice();
    shapes
        .iter()
        .map(|&shape| {
            let (mine, others) = rest.split_at(shape.len());
            rest = others;
            if shape == Shape::Scalar {
                return mine[0];
            }
            let vector = graph.stack(mine);
            graph.reshape(vector, shape)
        })
        .collect()
}
