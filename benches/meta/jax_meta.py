"""The meta-step of `main.rs` in JAX: 25 sinusoid tasks, 10 + 10 rows, 1-40-40-1 relu, exact second order, Adam, f32, one thread.

100 steps are one jit, on tasks drawn beforehand. Prints microseconds a task, the least of many rounds.

    XLA_FLAGS=--xla_cpu_multi_thread_eigen=false taskset -c 0 python jax_meta.py
"""
import time

import jax
import jax.numpy as jnp
import numpy as np

TASKS, ROWS, STEPS, ROUNDS, RATE = 25, 10, 100, 40, 0.01


def start(key):
    widths, layers = [1, 40, 40, 1], []
    for i, o in zip(widths, widths[1:]):
        key, k = jax.random.split(key)
        layers.append((jax.random.normal(k, (i, o)) * np.sqrt(2 / i), jnp.zeros(o)))
    return layers


def loss(p, x, y):
    for i, (w, b) in enumerate(p):
        x = x @ w + b
        x = jax.nn.relu(x) if i < 2 else x
    return jnp.mean((x - y) ** 2)


def adapted(p, x, y, inner, first_order):
    for _ in range(inner):
        g = jax.grad(loss)(p, x, y)
        g = jax.lax.stop_gradient(g) if first_order else g
        p = jax.tree.map(lambda p, g: p - RATE * g, p, g)
    return p


def run(inner, first_order):
    def judged(p, xs, ys, xq, yq):
        one = lambda xs, ys, xq, yq: loss(adapted(p, xs, ys, inner, first_order), xq, yq)
        return jnp.mean(jax.vmap(one)(xs, ys, xq, yq))

    def step(state, _):
        p, m, v, t, data = state
        g, t = jax.grad(judged)(p, *data), t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        scale = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        p = jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-8), p, m, v)
        return (p, m, v, t, data), None

    fused = jax.jit(lambda state: jax.lax.scan(step, state, None, length=STEPS)[0])
    rng = np.random.default_rng(0)
    amplitude = rng.uniform(0.1, 5, (TASKS, 1, 1))
    phase = rng.uniform(0, np.pi, (TASKS, 1, 1))
    xs, xq = rng.uniform(-5, 5, (2, TASKS, ROWS, 1))
    data = [jnp.asarray(a, jnp.float32) for x in (xs, xq) for a in (x, amplitude * np.sin(x - phase))]
    p = start(jax.random.key(0))
    zeros = jax.tree.map(jnp.zeros_like, p)
    state = (p, zeros, zeros, jnp.float32(0), data)
    fused(state)[0][0][0].block_until_ready()
    best = np.inf
    for _ in range(ROUNDS):
        before = time.perf_counter()
        fused(state)[0][0][0].block_until_ready()
        best = min(best, time.perf_counter() - before)
    return best / STEPS / TASKS * 1e6


for name, first_order in (("maml", False), ("fomaml", True)):
    for inner in (1, 5):
        print(f"jax {name} K={inner}: {run(inner, first_order):.2f} us a task", flush=True)
