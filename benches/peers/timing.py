"""Times peers in turns. Every peer must first give the correct answer."""

import json
import statistics
import sys
import time
from dataclasses import dataclass
from typing import Callable


@dataclass
class Peer:
    """One implementation of a workload.

    `run(seed, chains, steps)` starts all chains, advances them, and returns their final states as an array of 32-bit
    floats when all are done. Equal seeds give equal results."""

    name: str
    version: str
    device: str
    run: Callable


@dataclass
class Workload:
    """One problem, and the exact answer with which its chains are compared.

    `chains` and `steps` are the timed size, `settling` is the number of steps after which the chains are stationary.
    `error(states)` is the deviation of the final states from the exact answer, in standard errors."""

    name: str
    dimension: int
    chains: int
    steps: int
    settling: int
    peers: list
    error: Callable


# Allowed deviation in standard errors: one false alarm in 1.7 million checks.
ALLOWED = 5.0
CHECKED_CHAINS = 1 << 14
# The numbers of chains and steps must be multiples of these.
CHAINS_MULTIPLE, STEPS_MULTIPLE = 128, 2


def check(workload, peer):
    """Deviation in standard errors, with fewer chains and more steps than are timed. Exits if it is too large."""
    error = workload.error(peer.run(1, CHECKED_CHAINS, workload.settling))
    if not abs(error) < ALLOWED:
        raise SystemExit(f"{workload.name}, {peer.name}: wrong by {error:.1f} standard errors, not timed")
    return error


def seconds(workload, peer, seed, chains, steps):
    start = time.perf_counter()
    peer.run(seed, chains, steps)
    return time.perf_counter() - start


def measure(workload, repeats, chains=None, steps=None):
    """Checks every peer, compiles and warms it up by one run, and prints one JSON line with its median rate."""
    chains, steps = chains or workload.chains, steps or workload.steps
    if chains % CHAINS_MULTIPLE or steps % STEPS_MULTIPLE:
        raise SystemExit(f"chains must be a multiple of {CHAINS_MULTIPLE}, steps of {STEPS_MULTIPLE}")
    errors = {peer.name: check(workload, peer) for peer in workload.peers}
    for peer in workload.peers:
        seconds(workload, peer, 0, chains, steps)
    rates = {peer.name: [] for peer in workload.peers}
    for turn in range(repeats):
        for peer in workload.peers:
            rates[peer.name].append(chains * steps / seconds(workload, peer, turn + 1, chains, steps))
    for peer in workload.peers:
        ordered = sorted(rates[peer.name])
        print(json.dumps({
            "workload": workload.name, "peer": peer.name, "version": peer.version, "device": peer.device,
            "dimension": workload.dimension, "chains": chains, "steps": steps, "repeats": repeats,
            "chain_steps_per_second": statistics.median(ordered), "least": ordered[0], "most": ordered[-1],
            "error_in_standard_errors": round(errors[peer.name], 2),
        }), flush=True)


def serve(workload):
    """Checks every peer, warms it up and describes all in one JSON line. Then, for each number on standard input, runs that
    peer and prints its seconds, so that another program can interleave its own runs."""
    for peer in workload.peers:
        check(workload, peer)
        seconds(workload, peer, 0, workload.chains, workload.steps)
    print(json.dumps([{
        "peer": peer.name, "version": peer.version, "device": peer.device, "chains": workload.chains, "steps": workload.steps,
    } for peer in workload.peers]), flush=True)
    for turn, line in enumerate(sys.stdin):
        print(seconds(workload, workload.peers[int(line)], turn + 1, workload.chains, workload.steps), flush=True)
