use crate::support::*;
#[test]
fn double_well() {
    let p = problem(
        "[parameters]\nx = 0.0\n[loss]\nformula = \"(x^2 - 1)^2 / 4\"\n[dynamics]\nkind = \"langevin\"\neta = 0.1\ndt = 0.01\n[noise]\nnormal = \"integer\"\n[ensemble]\nchains = 131_072\nduration = { steps = 400 }\n[measure]\ntrace = 4\n",
    );
    println!("{} instructions", p.task.step.instructions());
    for _ in 0..1 {
        for (name, records) in run_everywhere2(&p) {
            let last = records[0].last();
            println!(
                "{name}: loss {:?} x {:?} T {:?} fdr {:?} left {:?}",
                last[0].mean_estimate(),
                last[2].variance_estimate(),
                last[1].mean_estimate(),
                last[5].mean_estimate(),
                records[0].departures
            );
            println!(
                "   cov {:?} hist {:?}",
                records[0].covariance.as_ref().unwrap().covariance(),
                records[0]
                    .histograms
                    .iter()
                    .map(|h| (h.total(), h.below, h.above))
                    .collect::<Vec<_>>()
            );
        }
    }
}
fn run_everywhere2(
    problem: &etascope::problem::Problem,
) -> Vec<(&'static str, Vec<etascope::run::PointRecord>)> {
    use etascope::engine::{Cpu, gpu::Gpu};
    let mut out = vec![];
    let t = std::time::Instant::now();
    out.push((
        "cpu f32",
        run_on(problem, &mut Cpu::<f32>::new(problem.task.clone())),
    ));
    println!(
        "cpu {:?} {:.3e}",
        t.elapsed(),
        131072.0 * 400.0 / t.elapsed().as_secs_f64()
    );
    let mut gpu = Gpu::new(problem.task.clone(), device()).unwrap();
    let t = std::time::Instant::now();
    out.push(("gpu", run_on(problem, &mut gpu)));
    println!(
        "gpu {:?} {:.3e}",
        t.elapsed(),
        131072.0 * 400.0 / t.elapsed().as_secs_f64()
    );
    out
}
