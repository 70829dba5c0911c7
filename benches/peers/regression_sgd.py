"""SGD on linear regression, one example per step with replacement: 1000 synthetic examples of 8 features, η = 0.01.

w ← w − η (w·a_i − y_i) a_i in single precision. All chains start at 0."""

import jax
import numba
import numpy as np

import weyl
from timing import Peer, Workload

EXAMPLES, D, ETA = 1000, 8, np.float32(0.01)


def examples():
    """Features, and targets that depend on them linearly with a residual of variance 1."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=(EXAMPLES, D)).astype(np.float32)
    y = (a @ np.linspace(-1, 1, D) + rng.normal(size=EXAMPLES)).astype(np.float32)
    return a, y


A, Y = examples()


@numba.njit(inline="always")
def descend(w, a, y, i):
    residual = -y[i]
    for k in range(D):
        residual += w[k] * a[i, k]
    residual *= ETA
    for k in range(D):
        w[k] -= residual * a[i, k]


@numba.njit(parallel=True, fastmath=True)
def by_loop(seed, w, steps, a, y):
    threads = numba.get_num_threads()
    for thread in numba.prange(threads):
        np.random.seed(seed * threads + thread)
    for chain in numba.prange(len(w)):
        for _ in range(steps):
            descend(w[chain], a, y, np.random.randint(EXAMPLES))


@numba.njit(parallel=True, fastmath=True)
def by_own_generator(seed, w, steps, a, y):
    """The same with a cheaper generator; the index of an example is the upper half of word × EXAMPLES."""
    for chain in numba.prange(len(w)):
        word, gamma = weyl.key(seed, chain), weyl.gamma(seed, chain)
        for _ in range(steps):
            word = weyl.U(word + gamma)
            descend(w[chain], a, y, (np.uint64(weyl.mix(word)) * np.uint64(EXAMPLES)) >> np.uint64(32))


def numba_peer(name, kernel):
    def run(seed, chains, steps):
        w = np.zeros((chains, D), np.float32)
        kernel(seed, w, steps, A, Y)
        return w

    return Peer(name, numba.__version__, f"cpu, {numba.get_num_threads()} threads", run)


def one_chain(key, a, y, steps):
    """One chain with its own key; a scan over its steps."""

    def body(w, i):
        pick = jax.random.randint(jax.random.fold_in(key, i), (), 0, EXAMPLES)
        return w - ETA * (w @ a[pick] - y[pick]) * a[pick], None

    return jax.lax.scan(body, jax.numpy.zeros(D, np.float32), jax.numpy.arange(steps))[0]


def all_chains(key, a, y, chains, steps):
    """All chains in one array, with one key per step for all of them: faster, but without a stream per chain."""

    def body(w, i):
        pick = jax.random.randint(jax.random.fold_in(key, i), (chains,), 0, EXAMPLES)
        row = a[pick]
        return w - ETA * ((w * row).sum(axis=1) - y[pick])[:, None] * row, None

    return jax.lax.scan(body, jax.numpy.zeros((chains, D), np.float32), jax.numpy.arange(steps))[0]


@jax.jit(static_argnums=(3, 4))
def by_vmap(key, a, y, chains, steps):
    keys = jax.random.split(key, chains)
    return jax.vmap(one_chain, in_axes=(0, None, None, None))(keys, a, y, steps)


by_array = jax.jit(all_chains, static_argnums=(3, 4))


def jax_peer(name, kernel, generator):
    a, y = jax.numpy.asarray(A), jax.numpy.asarray(Y)

    def run(seed, chains, steps):
        return np.asarray(kernel(jax.random.key(seed, impl=generator), a, y, chains, steps).block_until_ready())

    return Peer(name, jax.__version__, str(jax.devices()[0].device_kind), run)


def stationary_loss():
    """L* + ½ tr(H M), where M = E[(I − ηH_i) M (I − ηH_i)] + η² E[g_i g_iᵀ], exact for these steps."""
    a, y, eta, eye = A.astype(float), Y.astype(float), float(ETA), np.eye(D)
    h = a.T @ a / EXAMPLES
    optimum = np.linalg.solve(h, a.T @ y / EXAMPLES)
    residual = a @ optimum - y
    g = residual[:, None] * a
    outer = (a[:, :, None] * a[:, None, :]).reshape(EXAMPLES, D * D)
    push = eta * (np.kron(h, eye) + np.kron(eye, h)) - eta**2 * outer.T @ outer / EXAMPLES
    m = np.linalg.solve(push, eta**2 * (g.T @ g / EXAMPLES).ravel()).reshape(D, D)
    return 0.5 * (residual**2).mean() + 0.5 * np.trace(h @ m)


def error(w):
    """Mean loss of the chains minus its exact value, in standard errors."""
    a, y = A.astype(float), Y.astype(float)
    h, c = a.T @ a / EXAMPLES, a.T @ y / EXAMPLES
    w = w.astype(float)
    loss = 0.5 * ((w @ h) * w).sum(axis=1) - w @ c + 0.5 * (y**2).mean()
    return (loss.mean() - stationary_loss()) / (loss.std() / np.sqrt(len(w)))


def workload():
    peers = [
        numba_peer("numba, a loop", by_loop),
        numba_peer("numba, own generator", by_own_generator),
        jax_peer("jax, vmap and scan, threefry", by_vmap, "threefry2x32"),
        jax_peer("jax, one array and scan, threefry", by_array, "threefry2x32"),
        jax_peer("jax, one array and scan, rbg", by_array, "rbg"),
    ]
    # Settling: twenty relaxation times 1/η of the mean, which leaves e⁻²⁰ of the start.
    return Workload("regression SGD", D, 1 << 16, 200, 2000, peers, error)
