#!/usr/bin/env python3
"""Makes the polynomial coefficients of kernels/src/func/coefficients.rs (needs mpmath, about a minute).

    python3 kernels/tools/coefficients.py | rustfmt --edition 2024 > kernels/src/func/coefficients.rs

Each polynomial is the minimax one by Remez's exchange, in 60 digits, its coefficients then rounded to the type. The terms that they
belong to are small beside the function (its leading term is exact, or the sum has no cancellation), so the rounding costs nothing that
counts: the errors printed are those of the rounded polynomial, evaluated exactly.
"""

import struct
from mpmath import mp, mpf, log, exp, erfc, atanh, sqrt, pi, cos, lu_solve, matrix

mp.dps = 60
LN2 = log(2)


def to_f32(x):
    """The f32 nearest to x. Python rounds to f64 first; no coefficient here lies where that matters."""
    return mpf(struct.unpack("f", struct.pack("f", float(x)))[0])


def to_f64(x):
    return mpf(float(x))


def horner(c, x):
    acc = mpf(0)
    for a in reversed(c):
        acc = acc * x + a
    return acc


def solve(f, w, nodes):
    """Coefficients of the polynomial p whose weighted error on the nodes, one more than coefficients, alternates: w (f - p) = +-E."""
    n = len(nodes) - 1
    a, b = matrix(n + 1, n + 1), matrix(n + 1, 1)
    for i, x in enumerate(nodes):
        for j in range(n):
            a[i, j] = w(x) * x**j
        a[i, n] = (-1) ** i
        b[i] = w(x) * f(x)
    s = lu_solve(a, b)
    return [s[j] for j in range(n)]


def extremes(e, a, b, count):
    """At most `count` alternating extreme points of the error, from a grid that is dense at the ends."""
    m = 24 * count
    best = []
    for i in range(m + 1):
        x = (a + b) / 2 - (b - a) / 2 * cos(pi * i / m)
        v = e(x)
        if v == 0:
            continue
        if best and (best[-1][1] > 0) == (v > 0):
            if abs(v) > abs(best[-1][1]):
                best[-1] = (x, v)
        else:
            best.append((x, v))
    while len(best) > count:
        best.pop(0 if abs(best[0][1]) < abs(best[-1][1]) else -1)
    return best


def remez(f, w, a, b, n):
    """n coefficients of the minimax polynomial for f on [a, b] under the weight w."""
    nodes = [(a + b) / 2 - (b - a) / 2 * cos(pi * (2 * i + 1) / (2 * n + 2)) for i in range(n + 1)]
    for _ in range(30):
        c = solve(f, w, nodes)
        best = extremes(lambda x: w(x) * (f(x) - horner(c, x)), a, b, n + 1)
        sizes = [abs(v) for _, v in best]
        if len(best) < n + 1 or max(sizes) < mpf("1.001") * min(sizes):
            break
        nodes = [x for x, _ in best]
    return c


def worst(c, f, w, a, b):
    """The largest weighted error on a grid."""
    grid = (a + (b - a) * i / 2000 for i in range(2001))
    return max(abs(w(x) * (f(x) - horner(c, x))) for x in grid)


# What is approximated, under which weight, on which interval. Each weight turns the polynomial's error into the function's relative error.
HALF = LN2 / 2 * mpf("1.0001")
Z = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")


def exp_tail(r):
    """(e^r - 1 - r) / r^2."""
    return sum(r**i / mp.factorial(i + 2) for i in range(40))


def ln_tail(z):
    """2 (atanh(s)/s - 1) / z with z = s^2."""
    return sum(2 * z**i / (2 * i + 3) for i in range(60))


def erf_rate(x):
    """-ln(1 - erf x) / x."""
    return 2 / sqrt(pi) if x == 0 else -log(erfc(x)) / x


def erf_weight(x):
    """d erf / erf for an error d of the rate."""
    u = x * erf_rate(x)
    return sqrt(pi) / 2 if x == 0 else x * exp(-u) / (1 - exp(-u))


PLANS = [
    ("EXP", "(e^r - 1 - r) / r^2 for |r| <= ln(2)/2", exp_tail, lambda r: r * r / exp(r), -HALF, HALF, (5, 10)),
    ("LN", "2 (atanh(s)/s - 1) / z with z = s^2, s = f / (2 + f), sqrt(1/2) <= 1 + f <= sqrt(2)", ln_tail, lambda z: z / 2, mpf(0), Z, (3, 7)),
    ("ERF", "-ln(1 - erf x) / x for 0 <= x <= ERF_END", erf_rate, erf_weight, mpf(0), None, (10, 25)),
]


def shortest(x, kind):
    """The shortest decimal that reads back as x."""
    back = to_f32 if kind == "f32" else to_f64
    for digits in range(1, 18):
        text = f"{float(x):.{digits}g}"
        if back(mpf(text)) == x:
            break
    return text if "." in text or "e" in text else text + ".0"


def table(kind):
    single = kind == "f32"
    to = to_f32 if single else to_f64
    end = 4 if single else 6
    # n LN2_HI is exact for every exponent n, with or without a fused multiply-add.
    keep = 2**15 if single else 2**41
    high = mp.nint(LN2 * keep) / keep
    lines = [f"impl Table for {kind} {{"]
    lines.append(f"    const LN2_HI: {kind} = {shortest(high, kind)};")
    lines.append(f"    const LN2_LO: {kind} = {shortest(to(LN2 - high), kind)};")
    low, top, one, bits = (-104, 89, 10, 23) if single else (-746, 710, 20, 52)
    lines.append(f"    const EXP_MIN: {kind} = {low}.0;")
    lines.append(f"    const EXP_MAX: {kind} = {top}.0;")
    lines.append(f"    const TANH_END: {kind} = {one}.0;")
    lines.append(f"    const ERF_END: {kind} = {end}.0;")
    lines.append(f"    const MANTISSA_BITS: {kind} = {bits}.0;")
    for name, _, f, w, a, b, counts in PLANS:
        n = counts[0 if single else 1]
        b = end if b is None else b
        c = remez(f, w, a, b, n)
        high = mpf(0)
        if name == "ERF":
            # Near 0 erf is this coefficient times x: what its rounding loses stands in the table.
            high = to(c[0])
            lines.append(f"    const ERF_HI: {kind} = {shortest(high, kind)};")
        c = [to(x) for x in [c[0] - high, *c[1:]]]
        error = worst([c[0] + high, *c[1:]], f, w, a, b)
        lines.append(f"    /// Relative error 2^{float(log(error, 2)):.1f}.")
        lines.append(f"    const {name}: &'static [{kind}] = &[{', '.join(shortest(x, kind) for x in c)}];")
    return lines + ["}"]


def main():
    out = ["//! Coefficients, lowest order first, and ends of ranges. Made by `kernels/tools/coefficients.py`; do not edit.", ""]
    out += ["/// The polynomials of one element type.", "pub trait Table: Sized + 'static {"]
    out += ["    /// The high bits of ln 2: its product with an exponent is exact.", "    const LN2_HI: Self;"]
    out += ["    /// ln 2 - LN2_HI.", "    const LN2_LO: Self;"]
    out += ["    /// From here down e^x rounds to 0.", "    const EXP_MIN: Self;"]
    out += ["    /// From here up e^x overflows.", "    const EXP_MAX: Self;"]
    out += ["    /// From here on tanh rounds to 1.", "    const TANH_END: Self;"]
    out += ["    /// From here on erf rounds to 1.", "    const ERF_END: Self;"]
    out += ["    /// The first coefficient of erf's polynomial is `ERF_HI + ERF[0]`.", "    const ERF_HI: Self;"]
    out += ["    /// Stored bits of a fraction.", "    const MANTISSA_BITS: Self;"]
    for name, what, *_ in PLANS:
        out += [f"    /// `{what}`.", f"    const {name}: &'static [Self];"]
    out += ["}"]
    for kind in ("f32", "f64"):
        out += ["", "#[allow(clippy::approx_constant)] // a coefficient may round to a named number", *table(kind)]
    print("\n".join(out))


if __name__ == "__main__":
    main()
