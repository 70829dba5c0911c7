//! Times other programs on the same chains, in turns with this one. A Python process per workload runs the script in
//! `benches/peers/`, and times a program when a request arrives.

use super::check::check;
use super::error::BenchError;
use super::selection::Selection;
use super::target::Target;
use super::timing::{Candidate, Effort, Work, interleaved, ratio};
use super::workload::Workload;
use crate::program::output::{PeerRow, Spread};
use serde::Deserialize;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Path of the scripts in the source tree.
const SCRIPT: &str = "benches/peers/run.py";

/// Workloads of the scripts, each with the workloads of this program to compare.
const WORKLOADS: [(&str, &[&str]); 2] = [
    (
        "double_well",
        &[
            "double well",
            "double well, Box–Muller",
            "double well, Box–Muller of 16 bits",
            "double well, two-point noise",
        ],
    ),
    ("regression_sgd", &["regression, 8 of 10³"]),
];

/// Names of the workloads that are compared with peers.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    WORKLOADS.into_iter().flat_map(|(_, ours)| ours).copied()
}

/// Description of a peer, sent by its script after checking it and warming it up.
#[derive(Debug, Deserialize)]
struct Peer {
    peer: String,
    version: String,
    device: String,
    chains: u64,
    steps: u64,
}

/// A running Python process of a script, which waits for requests.
#[derive(Debug)]
struct Server {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Server {
    fn start(python: &Path, workload: &str) -> Result<(Self, Vec<Peer>), BenchError> {
        let mut child = Command::new(python)
            .args([SCRIPT, workload, "--serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| BenchError::Peers(format!("{}: {error}", python.display())))?;
        let (requests, answers) = (child.stdin.take(), child.stdout.take());
        let mut server = Self {
            child,
            requests: requests.expect("asked for above"),
            answers: BufReader::new(answers.expect("asked for above")),
        };
        let line = server.answer()?;
        let peers = serde_json::from_str(&line)
            .map_err(|error| BenchError::Peers(format!("{error} in {line:?}")))?;
        Ok((server, peers))
    }

    fn answer(&mut self) -> Result<String, BenchError> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line.is_empty() {
            return Err(BenchError::Peers(
                "the script ended; its message is above".to_owned(),
            ));
        }
        Ok(line)
    }

    /// Runs a peer once and returns its time.
    fn run(&mut self, peer: usize) -> Result<Duration, BenchError> {
        writeln!(self.requests, "{peer}")?;
        self.requests.flush()?;
        let answer = self.answer()?;
        let seconds = answer.trim().parse().ok().filter(|s: &f64| *s > 0.0);
        seconds
            .map(Duration::from_secs_f64)
            .ok_or_else(|| BenchError::Peers(format!("{answer:?} is not a time")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(super) fn measure(
    python: &Path,
    targets: &[Target],
    choice: Selection<'_>,
    effort: Effort,
    announce: &dyn Fn(&str),
) -> Result<Vec<PeerRow>, BenchError> {
    let mut rows = Vec::new();
    for (theirs, ours) in WORKLOADS {
        if !ours.iter().any(|name| choice.contains(name)) {
            continue;
        }
        announce(&format!("peers, {theirs}"));
        let (server, peers) = Server::start(python, theirs)?;
        let server = RefCell::new(server);
        let (chains, steps) = (peers.first()).map_or((0, 0), |peer| (peer.chains, peer.steps));
        let (mut own, mut candidates) = (Vec::new(), Vec::new());
        let all = Workload::all(false).into_iter();
        let chosen = |name: &str| ours.contains(&name) && choice.contains(name);
        for workload in all.filter(|workload| chosen(workload.name)) {
            let task = workload.problem(chains)?.task;
            for target in targets {
                check(&workload, &task, target)?;
                let mut loaded = target.engine(&task)?;
                let work: Work<'_> = Box::new(move |steps| loaded.advance_and_fetch(steps));
                candidates.push(Candidate::with_steps(chains as f64, steps, work)?);
                own.push((workload.name, target));
            }
        }
        for (k, peer) in peers.iter().enumerate() {
            let server = &server;
            let work: Work<'_> = Box::new(move |_| server.borrow_mut().run(k));
            candidates.push(Candidate::with_steps(peer.chains as f64, peer.steps, work)?);
        }
        let rates = interleaved(effort, &mut candidates)?;
        let (own_rates, peer_rates) = rates.split_at(own.len());
        for (&(workload, target), mine) in own.iter().zip(own_rates) {
            for (peer, theirs) in peers.iter().zip(peer_rates) {
                rows.push(PeerRow {
                    workload: workload.to_owned(),
                    target: target.label(),
                    rate: Spread::of(mine.clone()),
                    peer: peer.peer.clone(),
                    version: peer.version.clone(),
                    device: peer.device.clone(),
                    peer_rate: Spread::of(theirs.clone()),
                    ratio: ratio(mine, theirs),
                });
            }
        }
    }
    Ok(rows)
}
