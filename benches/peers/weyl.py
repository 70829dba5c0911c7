"""A small generator for numba that compilers can turn into vector code, where numpy's own cannot be.

Chain c has the words mix(key_c + n · gamma_c) for n = 1, 2, …, with gamma_c odd: a Weyl sequence through a mixer of 32
bits, as SplitMix does it with 64 (Steele, Lea and Flood 2014). Enough for a timing, and too short for serious work."""

import numba
import numpy as np

U = np.uint32


# numba widens arithmetic of 32-bit integers to 64 bits, so every result is cut back.


@numba.njit(inline="always")
def mix(h):
    """A mixer of 32 bits of low bias ("lowbias32", C. Wellons)."""
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
    """In the open interval (0, 1), 23 bits."""
    return (np.float32(U(h >> U(9))) + np.float32(0.5)) * np.float32(2.0**-23)
