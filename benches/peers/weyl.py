"""A small random number generator for numba. Compilers can vectorize it, unlike numpy's own.

The random words of chain c are mix(key_c + n · gamma_c) for n = 1, 2, …, with gamma_c odd: a Weyl sequence followed by a
32-bit mixer, as SplitMix does with 64 bits (Steele, Lea and Flood 2014). Sufficient for timing, but its period is too
short for serious work."""

import numba
import numpy as np

U = np.uint32


# numba widens arithmetic of 32-bit integers to 64 bits, so every result is truncated.


@numba.njit(inline="always")
def mix(h):
    """32-bit mixer with low bias ("lowbias32", C. Wellons)."""
    h = U(h ^ (h >> U(16)))
    h = U(h * U(0x7FEB352D))
    h = U(h ^ (h >> U(15)))
    h = U(h * U(0x846CA68B))
    return U(h ^ (h >> U(16)))


@numba.njit(inline="always")
def key(seed, chain):
    return mix(U(U(chain) + mix(U(seed))))


@numba.njit(inline="always")
def gamma(seed, chain):
    return U(mix(U(key(seed, chain) + U(0x9E3779B9))) | U(1))


@numba.njit(inline="always")
def uniform(h):
    """Uniform in the open interval (0, 1) with 23 bits."""
    return (np.float32(U(h >> U(9))) + np.float32(0.5)) * np.float32(2.0**-23)
