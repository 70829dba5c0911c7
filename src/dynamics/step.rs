//! The update of all parameters as graph nodes, and the numbers that its uniform inputs take.

use crate::loss::{Graph, NodeId, Shape, Varies};
use crate::spec::{Kind, Optimizer};

/// The standard deviation of the stochastic gradient's noise.
#[derive(Debug, Clone)]
pub enum Scale {
    /// σ_k of each flattened parameter.
    Constant(Vec<f64>),
    /// σ depends on the parameters: graph nodes that [`StepInputs::sigma`] holds.
    StateDependent,
    /// Rows of a matrix F with F Fᵀ = Σ over the flattened parameters.
    Factor(Vec<Vec<f64>>),
}

impl Scale {
    /// σ_k² of a flattened parameter, where it is a number; 0 where it depends on the state.
    pub fn variance(&self, parameter: usize) -> f64 {
        match self {
            Self::Constant(sigma) => sigma[parameter].powi(2),
            Self::Factor(rows) => rows[parameter].iter().map(|f| f * f).sum(),
            Self::StateDependent => 0.0,
        }
    }

    fn of(&self, parameter: usize) -> f64 {
        match self {
            Self::Constant(sigma) => sigma[parameter],
            Self::StateDependent | Self::Factor(_) => 1.0,
        }
    }
}

/// The update rule with all its numbers except η and δ.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a> {
    /// The kind of dynamics.
    pub kind: Kind,
    /// The optimizer; [`Optimizer::Sgd`] for kinds that take none.
    pub optimizer: Optimizer,
    /// The noise that is added to the gradient.
    pub scale: Option<&'a Scale>,
    /// r_k of each flattened parameter.
    pub rates: &'a [f64],
}

impl Rule<'_> {
    /// Returns true when noise is added to the gradient before the optimizer reads it. Otherwise it is added to the
    /// parameters directly, which saves a product.
    fn noise_joins_gradient(&self) -> bool {
        !self.optimizer.is_plain()
    }

    /// The factor of z_k for each parameter, without the amplitude that all parameters share.
    fn relative_amplitudes(&self, scale: &Scale) -> Vec<f64> {
        (self.rates.iter().enumerate())
            .map(|(k, rate)| {
                let rate = if self.noise_joins_gradient() {
                    1.0
                } else {
                    *rate
                };
                rate * scale.of(k)
            })
            .collect()
    }
}

/// The nodes of a chain's state: tensors, in the order of the program's inputs.
#[derive(Debug, Clone)]
pub struct State {
    /// The parameters.
    pub parameters: Vec<NodeId>,
    /// The optimizer state.
    pub optimizer_state: Vec<NodeId>,
}

/// The nodes of one step.
#[derive(Debug, Clone)]
pub struct Step {
    /// The parameters after the step, in their order and shapes.
    pub next: Vec<NodeId>,
    /// The change of each parameter in the step.
    pub increments: Vec<NodeId>,
    /// The optimizer state after the step.
    pub optimizer_state: Vec<NodeId>,
    /// Number of draws that one step takes; they are the inputs after the state.
    pub draws: u32,
}

/// Declares the draws of a step as inputs after the state: one tensor for each parameter; none without noise.
pub fn draws(graph: &mut Graph, parameters: &[NodeId], scale: Option<&Scale>) -> Vec<NodeId> {
    if scale.is_none() {
        return Vec::new();
    }
    (parameters.iter().enumerate())
        .map(|(k, &parameter)| {
            let shape = graph.shape(parameter);
            graph.input(&format!("z{k}"), shape, Varies::PerChain)
        })
        .collect()
}

/// The graph nodes that a step starts from.
#[derive(Debug, Clone, Copy)]
pub struct StepInputs<'a> {
    /// Parameters and optimizer state.
    pub state: &'a State,
    /// Gradient of the loss, one tensor per parameter.
    pub gradients: &'a [NodeId],
    /// Draws of the noise, one tensor per parameter, as [`draws`] declares them; empty without noise.
    pub draws: &'a [NodeId],
    /// σ of each parameter tensor, a scalar or of the tensor's shape, for [`Scale::StateDependent`]; empty otherwise.
    pub sigma: &'a [NodeId],
}

/// Builds x′ and x′ − x, and declares the last inputs: the uniforms whose values [`coefficients`] computes in the same
/// order.
pub fn step(graph: &mut Graph, inputs: &StepInputs<'_>, rule: &Rule<'_>) -> Step {
    let StepInputs {
        state, gradients, ..
    } = *inputs;
    let parameters = &state.parameters;
    let shapes: Vec<Shape> = parameters.iter().map(|&p| graph.shape(p)).collect();
    let drift = per_parameter(graph, "drift", &shapes, is_constant(rule.rates));
    let noise = rule
        .scale
        .map(|scale| amplified_noise(graph, &shapes, inputs, scale, rule));
    let (joining, kicking) = if rule.noise_joins_gradient() {
        (noise, None)
    } else {
        (None, noise)
    };
    let gradients: Vec<NodeId> = match joining {
        None => gradients.to_vec(),
        Some(noise) => (gradients.iter().zip(noise))
            .map(|(&g, noise)| graph.add(g, noise))
            .collect(),
    };
    let (directions, optimizer_state) =
        rule.optimizer
            .rule()
            .directions(graph, &state.optimizer_state, &gradients);
    let (next, increments) = (0..parameters.len())
        .map(|k| {
            let pull = graph.mul(drift[k], directions[k]);
            match &kicking {
                None => (graph.sub(parameters[k], pull), graph.neg(pull)),
                // At small η the gradient term is far below the spacing of floats at x, and x minus it rounds to x. Added
                // to the noise first, it crosses the spacing as often as it should.
                Some(noise) => {
                    let increment = graph.sub(noise[k], pull);
                    (graph.add(parameters[k], increment), increment)
                }
            }
        })
        .unzip();
    Step {
        next,
        increments,
        optimizer_state,
        draws: if rule.scale.is_some() {
            rule.rates.len() as u32
        } else {
            0
        },
    }
}

/// Amplitude times σ z of each parameter tensor.
fn amplified_noise(
    graph: &mut Graph,
    shapes: &[Shape],
    inputs: &StepInputs<'_>,
    scale: &Scale,
    rule: &Rule<'_>,
) -> Vec<NodeId> {
    let draws = inputs.draws;
    let constant = is_constant(&rule.relative_amplitudes(scale));
    let amplitude = per_parameter(graph, "amplitude", shapes, constant);
    let noise = match scale {
        Scale::StateDependent => (draws.iter().zip(inputs.sigma))
            .map(|(&z, &s)| graph.mul(s, z))
            .collect(),
        Scale::Factor(rows) => correlated(graph, draws, shapes, rows),
        Scale::Constant(_) => draws.to_vec(),
    };
    (amplitude.iter().zip(noise))
        .map(|(&amplitude, noise)| graph.mul(amplitude, noise))
        .collect()
}

/// The uniform inputs of [`step`], in the order in which it declares them: drift, then amplitude. Each is one number where
/// all parameters share it, otherwise one per flattened parameter.
///
/// `eta` is the learning rate and `delta` the time step (equal to η for SGD).
pub fn coefficients(rule: &Rule<'_>, eta: f64, delta: f64) -> Vec<f64> {
    let abilities = rule.kind.abilities();
    let drift = (abilities.drift)(eta, delta);
    let amplitude = if rule.noise_joins_gradient() {
        1.0
    } else {
        (abilities.amplitude)(eta, delta)
    };
    let rates = shared(rule.rates.to_vec());
    let mut values: Vec<f64> = rates.iter().map(|r| drift * r).collect();
    if let Some(scale) = rule.scale {
        let relative = shared(rule.relative_amplitudes(scale));
        values.extend(relative.iter().map(|value| amplitude * value));
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
        let node = graph.input(name, Shape::Scalar, Varies::PerPoint);
        return vec![node; shapes.len()];
    }
    (shapes.iter().enumerate())
        .map(|(k, &shape)| graph.input(&format!("{name}{k}"), shape, Varies::PerPoint))
        .collect()
}

/// F z over the flattened parameters, reshaped to the parameters.
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
