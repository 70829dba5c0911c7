"""Langevin dynamics in the double well L = (x² − 1)²/4 at η = 0.1 and time step 0.01, as in `etascope bench`.

x ← x − δ x(x² − 1) + √(ηδ) z with z normal, in single precision. All chains start at 1."""

import blackjax
import diffrax
import jax
import numba
import numpy as np

import weyl
from timing import CHAINS_MULTIPLE, Peer, Workload

ETA, DT = np.float32(0.1), np.float32(0.01)
SPREAD = np.float32(np.sqrt(0.1 * 0.01))
TURN = np.float32(2 * np.pi)
BLOCK = CHAINS_MULTIPLE


@numba.njit(parallel=True, fastmath=True)
def by_loop(seed, x, steps):
    threads = numba.get_num_threads()
    for thread in numba.prange(threads):
        np.random.seed(seed * threads + thread)
    for chain in numba.prange(len(x)):
        at = x[chain]
        for _ in range(steps):
            at += SPREAD * np.float32(np.random.standard_normal()) - DT * at * (at * at - np.float32(1))
        x[chain] = at


@numba.njit(parallel=True, fastmath=True)
def by_blocks(seed, x, steps):
    """Blocks of chains that fit the nearest cache, with the loop over chains inside; two Box–Muller normals at a time."""
    for block in numba.prange(len(x) // BLOCK):
        at = x[block * BLOCK : (block + 1) * BLOCK]
        words, gammas = np.empty(BLOCK, np.uint32), np.empty(BLOCK, np.uint32)
        for k in range(BLOCK):
            words[k] = weyl.key(seed, block * BLOCK + k)
            gammas[k] = weyl.gamma(seed, block * BLOCK + k)
        for _ in range(steps // 2):
            for k in range(BLOCK):
                first = weyl.U(words[k] + gammas[k])
                words[k] = weyl.U(first + gammas[k])
                radius = SPREAD * np.sqrt(np.float32(-2) * np.log(weyl.uniform(weyl.mix(first))))
                angle = TURN * weyl.uniform(weyl.mix(words[k]))
                y = at[k]
                y += radius * np.cos(angle) - DT * y * (y * y - np.float32(1))
                y += radius * np.sin(angle) - DT * y * (y * y - np.float32(1))
                at[k] = y


def numba_peer(name, kernel):
    def run(seed, chains, steps):
        x = np.ones(chains, np.float32)
        kernel(seed, x, steps)
        return x

    return Peer(name, numba.__version__, f"cpu, {numba.get_num_threads()} threads", run)


def step(x, z):
    return x - DT * x * (x * x - 1) + SPREAD * z


def one_chain(key, start, steps):
    """One chain with its own key; a scan over its steps."""

    def body(x, i):
        return step(x, jax.random.normal(jax.random.fold_in(key, i), dtype=np.float32)), None

    return jax.lax.scan(body, start, jax.numpy.arange(steps))[0]


def all_chains(key, x, steps):
    """All chains in one array, with one key per step for all of them: faster, but without a stream per chain."""

    def body(x, i):
        return step(x, jax.random.normal(jax.random.fold_in(key, i), x.shape, np.float32)), None

    return jax.lax.scan(body, x, jax.numpy.arange(steps))[0]


@jax.jit(static_argnums=(1, 2))
def by_vmap(key, chains, steps):
    keys = jax.random.split(key, chains)
    return jax.vmap(one_chain, in_axes=(0, None, None))(keys, np.float32(1), steps)


@jax.jit(static_argnums=(1, 2))
def by_array(key, chains, steps):
    return all_chains(key, jax.numpy.ones(chains, np.float32), steps)


SGLD = blackjax.sgld(lambda x, _: -x * (x * x - 1))


@jax.jit(static_argnums=(1, 2))
def by_sgld(key, chains, steps):
    """BlackJAX's SGLD: x + δ g + √(2Tδ) z at temperature T = η/2, one chain per key."""

    def one(key):
        def body(x, i):
            return SGLD.step(jax.random.fold_in(key, i), x, None, DT, ETA / 2), None

        return jax.lax.scan(body, np.float32(1), jax.numpy.arange(steps))[0]

    return jax.vmap(one)(jax.random.split(key, chains))


@jax.jit(static_argnums=(1, 2))
def by_diffrax(key, chains, steps):
    """diffrax's Euler steps of dx = −L′ dt + √η dW on the Brownian path that costs least, a chain for each key."""

    def one(key):
        path = diffrax.UnsafeBrownianPath((), key)
        drift = diffrax.ODETerm(lambda t, x, _: -x * (x * x - 1))
        terms = diffrax.MultiTerm(drift, diffrax.ControlTerm(lambda t, x, _: np.float32(np.sqrt(ETA)), path))
        solution = diffrax.diffeqsolve(
            terms, diffrax.Euler(), np.float32(0), steps * DT, DT, np.float32(1),
            saveat=diffrax.SaveAt(t1=True), adjoint=diffrax.DirectAdjoint(), max_steps=steps + 1,
        )
        return solution.ys[0]

    return jax.vmap(one)(jax.random.split(key, chains))


def jax_peer(name, kernel, generator, version=jax.__version__):
    def run(seed, chains, steps):
        return np.asarray(kernel(jax.random.key(seed, impl=generator), chains, steps).block_until_ready())

    return Peer(name, version, str(jax.devices()[0].device_kind), run)


def error(x):
    """Deviation from 2 E[x L′] − δ E[L′²] = η, exact for a stationary chain (constant E x²), in standard errors."""
    x = x.astype(float)
    slope = x * (x * x - 1)
    sides = 2 * x * slope - float(DT) * slope**2 - float(ETA)
    return sides.mean() / (sides.std() / np.sqrt(len(x)))


def workload():
    peers = [
        numba_peer("numba, a loop", by_loop),
        numba_peer("numba, blocks and own generator", by_blocks),
        jax_peer("jax, vmap and scan, threefry", by_vmap, "threefry2x32"),
        jax_peer("jax, one array and scan, threefry", by_array, "threefry2x32"),
        jax_peer("jax, one array and scan, rbg", by_array, "rbg"),
        jax_peer("blackjax, sgld, vmap and scan", by_sgld, "threefry2x32", blackjax.__version__),
        jax_peer("diffrax, Euler, vmap", by_diffrax, "threefry2x32", diffrax.__version__),
    ]
    # Settling: time 10, twenty relaxation times of a well, 1/L″ = ½.
    return Workload("double well", 1, 1 << 17, 512, 1000, peers, error)
