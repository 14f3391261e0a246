"""A second implementation of src/rng.rs, in plain Python integers and floats.

    python rng.py             (standard library only; writes rng.json beside it)

Written from the published descriptions: FNV-1a, SplitMix64 (Steele, Lea and Flood 2014), xoshiro256++
(Blackman and Vigna 2021), Lemire 2019, AS 241 (Wichura 1988). The normal numbers are also held here
against `statistics.NormalDist`, which has the same ratios with the system's logarithm.
"""

import json
import math
import pathlib
import statistics

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15


def finalise(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def hash_words(words):
    state = 0
    for word in words:
        state = finalise(((state ^ word) + GOLDEN) & MASK)
    return state


def hash_name(name):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    return state


class Rng:
    def __init__(self, seed, purpose, index):
        key = hash_words([seed, hash_name(purpose), index])
        self.s = []
        for _ in range(4):
            key = (key + GOLDEN) & MASK
            self.s.append(finalise(key))

    def word(self):
        s = self.s
        total = (s[0] + s[3]) & MASK
        out = ((total << 23 | total >> 41) + s[0]) & MASK
        shifted = s[1] << 17 & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= shifted
        s[3] = (s[3] << 45 | s[3] >> 19) & MASK
        return out

    def uniform(self):
        return (self.word() >> 11) / 2.0**53

    def below(self, n):
        while True:
            wide = self.word() * n
            if wide & MASK >= (1 << 64) % n:
                return wide >> 64

    def normal(self):
        q = ((self.word() >> 11) - 2**52 + 0.5) / 2.0**53
        z = quantile(q)
        if abs(q) < 0.49:
            assert math.isclose(z, statistics.NormalDist().inv_cdf(0.5 + q), rel_tol=1e-12, abs_tol=1e-12)
        return z

    def shuffled(self, n):
        order = list(range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order

    def choose(self, n, k):
        pool = list(range(n))
        for i in range(k):
            j = i + self.below(n - i)
            pool[i], pool[j] = pool[j], pool[i]
        return pool[:k]


def horner(x, coefficients):
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


def ln(x):
    m, exponent = math.frexp(x)
    m, exponent = 2 * m, exponent - 1
    if m > math.sqrt(2):
        m, exponent = m / 2, exponent + 1
    s = (m - 1) / (m + 1)
    return exponent * math.log(2) + 2 * s * horner(s * s, [1 / (2 * k + 1) for k in range(12)])


def sqrt(x):
    m, exponent = math.frexp(x)
    m, exponent = 2 * m, exponent - 1
    # The first guess of the bits: half the exponent, half the mantissa's excess (and half a binade where it is odd).
    y = math.ldexp(1 + (m - 1) / 2, exponent // 2) if exponent % 2 == 0 else math.ldexp(1 + m / 2, exponent // 2)
    for _ in range(4):
        y = 0.5 * (y + x / y)
    return y


A = [3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3]
B = [1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3]
C = [1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4]
D = [1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9]
E = [6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7]
F = [1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15]


def quantile(q):
    size = abs(q)
    if size <= 0.425:
        x = 0.180625 - q * q
        return q * (horner(x, A) / horner(x, B))
    r = sqrt(-ln(0.5 - size))
    z = horner(r - 1.6, C) / horner(r - 1.6, D) if r <= 5 else horner(r - 5, E) / horner(r - 5, F)
    return -z if q < 0 else z


if __name__ == "__main__":
    words = Rng(0, "split", 0)
    normals = Rng(1, "normal", 2)
    content = {
        "made_by": "tests/data/rng.py",
        # Words and hashes as hexadecimal text: JSON's numbers hold 53 bits.
        "words": [f"{words.word():016x}" for _ in range(8)],
        "hash_1_2_3": f"{hash_words([1, 2, 3]):016x}",
        "hash_name_layer": f"{hash_name('layers.0.weight'):016x}",
        "uniform": [Rng(7, "uniform", i).uniform() for i in range(16)],
        "below": [[n, Rng(7, "below", n % 1000).below(n)] for n in [1, 2, 3, 10, 1000, 2**33 + 1, 2**63 + 1]],
        "normal": [normals.normal() for _ in range(2000)][-400:],
        "shuffled_12": Rng(3, "order", 0).shuffled(12),
        "choose_5_of_20": Rng(3, "choice", 1).choose(20, 5),
    }
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    (pathlib.Path(__file__).parent / "rng.json").write_text(text + "\n")
    # The tails against the complementary error function.
    q = 0.5 - 2.0**-54
    z = quantile(q)
    assert math.isclose(0.5 * math.erfc(z / math.sqrt(2)), 2.0**-54, rel_tol=1e-11), z
    for p in [1e-3, 1e-6, 1e-10, 1e-13]:
        z = quantile(0.5 - p)
        assert math.isclose(0.5 * math.erfc(z / math.sqrt(2)), 0.5 - (0.5 - p), rel_tol=1e-11), (p, z)
    assert all(math.isclose(ln(x), math.log(x), rel_tol=4e-16) for x in [0.07, 1e-3, 3e-9, 5e-17])
    assert all(math.isclose(sqrt(x), math.sqrt(x), rel_tol=4e-16) for x in [2.6, 3.0, 7.1, 19.0, 37.4])
