"""The benches' data, from formulas that any language can repeat; README.md states them."""

import math
import pathlib

import numpy as np

A, C = np.uint64(6364136223846793005), np.uint64(1442695040888963407)
BLOCK = 1 << 20


class Lcg:
    """s <- A s + C mod 2^64; the block's states are A^k s + (A^(k-1) + ... + 1) C, all k at once."""

    def __init__(self, seed):
        self.s = np.uint64(seed)
        with np.errstate(over="ignore"):
            self.powers = np.multiply.accumulate(np.full(BLOCK, A))
            sums = np.add.accumulate(np.concatenate([[np.uint64(1)], self.powers[:-1]]))
            self.offsets = sums * C

    def uniforms(self, n):
        out = np.empty(n)
        with np.errstate(over="ignore"):
            for start in range(0, n, BLOCK):
                k = min(BLOCK, n - start)
                states = self.powers[:k] * self.s + self.offsets[:k]
                out[start : start + k] = (states >> np.uint64(11)).astype(np.float64) * 2.0**-53
                self.s = states[-1]
        return out

    def normals(self, *shape):
        u = self.uniforms(4 * math.prod(shape)).reshape(-1, 4)
        return ((((u[:, 0] + u[:, 1]) + u[:, 2]) + u[:, 3] - 2.0) * 1.7320508075688772).reshape(shape)


def example_a():
    """Training rows of example (a): x (800 x 20), y (800)."""
    path = pathlib.Path(__file__).parents[1] / "data" / "example_a.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)[:800]
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(int)


def example_b():
    """The same, each column standardised (population deviation)."""
    x, y = example_a()
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def large():
    """x (80,000 x 100), y (80,000) in five classes."""
    lcg = Lcg(1)
    x = lcg.normals(80_000, 100)
    for j in range(1, 100):
        x[:, j] += 0.9 * x[:, j - 1]
    w = lcg.normals(100, 5)
    noise = lcg.normals(80_000, 5)
    return x, (0.2 * (x @ w) + noise).argmax(axis=1)


def network_rows():
    """Rows to train 64-128-128-10 on: x (8192 x 64) f32, y (8192) in ten classes."""
    lcg = Lcg(2)
    x = lcg.normals(8192, 64)
    w = lcg.normals(64, 10)
    return x.astype(np.float32), (x @ w).argmax(axis=1)


def network(widths):
    """[(weight out x in, bias out), ...] f32: weights uniform within 1/sqrt(in), biases zero."""
    lcg = Lcg(3)
    layers = []
    for i, o in zip(widths, widths[1:]):
        weight = (2.0 * lcg.uniforms(o * i).reshape(o, i) - 1.0) / math.sqrt(i)
        layers.append((weight.astype(np.float32), np.zeros(o, np.float32)))
    return layers
