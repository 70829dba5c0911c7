//! Losses for validation. Together they use every operation of formulas.

use crate::compile::Problem;
use crate::engine::{Task, Uniforms};
use crate::loss::{self, Graph, Names, NodeId, Program, Shape, Varies};
use crate::spec;
use crate::toml;

/// Loss with its parameters and noise.
#[derive(Debug, Clone, Copy)]
pub(super) struct Model {
    /// Name for the table.
    pub(super) name: &'static str,
    parameters: &'static str,
    formula: &'static str,
    noise: &'static str,
}

/// All models. Starts are random, so that every chain has its own state.
pub(super) const MODELS: [Model; 8] = [
    Model {
        name: "double well",
        parameters: r#"x = { start = "uniform(-2, 2)" }"#,
        formula: "(x^2 - 1)^2 / 4",
        noise: "sigma = 1.0",
    },
    Model {
        name: "coupled quadratic",
        parameters: r#"w = { shape = [3], start = "normal(0.5, 1)" }"#,
        formula: "A = [[2, 0.5, 0], [0.5, 1, -0.3], [0, -0.3, 0.7]]; 0.5 * dot(w, A @ w) - w[1]",
        noise: "sigma = { w = [1.0, 0.5, 2.0] }\nnormal = \"box-muller\"",
    },
    Model {
        name: "Rosenbrock",
        parameters: r#"x = { start = "uniform(-1, 1)" }
y = { start = "uniform(-1, 1)" }"#,
        formula: "(1 - x)^2 + 10 * (y - x^2)^2",
        noise: "covariance = [[1.0, 0.4], [0.4, 0.5]]\nnormal = \"box-muller-16\"",
    },
    Model {
        name: "logistic regression",
        parameters: r#"w = { shape = [2], start = "normal(0, 1)" }
b = { start = "uniform(-1, 1)" }"#,
        formula: "softplus(-(1.5 * w[0] - w[1] + b)) + softplus(0.4 * w[0] + 2 * w[1] + b) + sigmoid(b) + log1p(dot(w, w))",
        noise: "sigma = 0.5\nkind = \"three-point\"",
    },
    Model {
        name: "network",
        parameters: r#"W = { shape = [2, 3], start = "normal(0, 0.7)" }
v = { shape = [2], start = "normal(0, 1)" }"#,
        formula: "h = tanh(W @ [0.3, -1.1, 0.8]); k = tanh(W @ [1.2, 0.4, -0.5]); (dot(v, h) - 0.5)^2 + (dot(v, k) + 0.25)^2",
        noise: "sigma = 0.3",
    },
    Model {
        name: "transcendental",
        parameters: r#"x = { start = "uniform(-3, 3)" }
y = { start = "uniform(-2, 2)" }"#,
        formula: "erf(x)^2 + exp(-y^2) * cos(x) + log(1 + y^2) + sqrt(1 + x^2) + expm1(0.3 * y) + sin(x * y / 2)",
        noise: "sigma = \"sqrt(1 + x^2) / 2\"",
    },
    Model {
        name: "Huber",
        parameters: r#"x = { start = "uniform(-3, 3)" }
y = { start = "uniform(-3, 3)" }"#,
        formula: "h = select(abs(x) < 1, x^2 / 2, abs(x) - 0.5); h + relu(y)^2 + max(x + y, 0)^2 / 2 + min(y, 1)^2 / 8",
        noise: "sigma = 1.0\nkind = \"two-point\"",
    },
    Model {
        name: "powers",
        parameters: r#"p = { start = "uniform(0.2, 3)" }
q = { start = "uniform(0.5, 2.5)" }"#,
        formula: "p^q / (1 + p) + logsumexp([p, q, p * q]) + norm([p, q]) + 1 / q^3",
        noise: "sigma = 0.1",
    },
];

impl Model {
    /// Problem with `chains` chains and one step of SGD at η = 1/64.
    pub(super) fn problem(&self, chains: u32) -> Problem {
        problem(
            self.parameters,
            self.formula,
            "kind = \"sgd\"\neta = 0.015625",
            self.noise,
            chains,
            1,
        )
    }

    /// Task that observes the loss and its gradient, without noise.
    pub(super) fn gradient_task(&self, chains: u32) -> Task {
        let mut task = self.problem(chains).task;
        let experiment = self.problem(chains).experiment;
        let mut graph = Graph::new();
        let parameters: Vec<NodeId> = (experiment.parameters.iter())
            .map(|p| graph.input(&p.name.value, shape(p.shape), Varies::PerChain))
            .collect();
        let names: Names = (experiment.parameters.iter().zip(&parameters))
            .map(|(p, &node)| (p.name.value.clone(), node))
            .collect();
        // Observing programs have at least one uniform input.
        graph.input("unused", Shape::Scalar, Varies::PerPoint);
        let loss = loss::formula(&mut graph, &names, self.formula)
            .expect("the formulas of this file are valid");
        let gradient = graph.gradient(loss, &parameters);
        let mut outputs = vec![loss];
        outputs.extend(gradient);
        task.observe = Program::compile(&graph, &outputs);
        set_observed(&mut task);
        task
    }
}

/// Adapts a task to an observing program whose only uniform is unused.
pub(super) fn set_observed(task: &mut Task) {
    task.checked = 0;
    task.first_parameter = 0;
    task.histograms.clear();
    for uniforms in task.uniforms.iter_mut().flatten() {
        *uniforms = Uniforms {
            step: uniforms.step.clone(),
            observe: vec![0.0],
        };
    }
}

fn shape(shape: spec::ParameterShape) -> Shape {
    match shape {
        spec::ParameterShape::Scalar => Shape::Scalar,
        spec::ParameterShape::Vector(n) => Shape::Vector(n),
        spec::ParameterShape::Matrix(m, n) => Shape::Matrix(m, n),
    }
}

/// Problem from the sections of an experiment file.
pub(super) fn problem(
    parameters: &str,
    formula: &str,
    dynamics: &str,
    noise: &str,
    chains: u32,
    steps: u32,
) -> Problem {
    let text = format!(
        "[parameters]\n{parameters}\n[loss]\nformula = \"{formula}\"\n[dynamics]\n{dynamics}\n[noise]\n{noise}\n\
         [ensemble]\nchains = {chains}\nduration = {{ steps = {steps} }}\nseed = 20\n[measure]\ntrace = 1\n"
    );
    let experiment = toml::parse("validation.toml", &text, &[]);
    let problem = experiment.and_then(Problem::new);
    problem.unwrap_or_else(|error| {
        unreachable!("the experiments of validation are valid, but {error}")
    })
}
