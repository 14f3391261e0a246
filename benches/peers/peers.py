"""The benches' workloads in scikit-learn, PyTorch, JAX and ONNX Runtime, on one thread.

    python peers.py [WORKLOAD ...] [--peers NAME,NAME] [--seconds S]

One JSON line for each workload and peer: {"workload", "peer", "unit", "min", "median", "runs", "check"}.
`min` and `median` are of the time; where the unit is rows/s they are the rates of the shortest and the
median time. `check` is a number that every peer of a workload must agree on (an objective, a loss, an
output), so that nobody is timed for the wrong work. peers.sh sets the thread variables.
"""

import argparse
import json
import math
import statistics
import time

import data
import mixed
import multitask
import numpy as np

RATE, SECONDS = "rows/s", "s"


def measure(run, budget):
    """Times of run() in seconds, at least 5 of them, for about `budget` seconds; one run is discarded."""
    run()
    times, end = [], time.perf_counter() + budget
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return times


def report(workload, peer, times, check, rows=None, per=1):
    """`rows` processed by one run makes it a rate; `per` equal pieces in a run divide its time."""
    low, middle = min(times) / per, statistics.median(times) / per
    figures = (low, middle) if rows is None else (rows / low, rows / middle)
    line = {"workload": workload, "peer": peer, "unit": SECONDS if rows is None else RATE,
            "min": figures[0], "median": figures[1], "runs": len(times), "check": float(check)}  # fmt: skip
    print(json.dumps(line), flush=True)


# ---- logistic regression ----


def logistic_objective(model, x, y):
    """sum of losses + 1/2 ||coef||^2, what scikit-learn minimises at C = 1."""
    z = model.decision_function(x)
    if z.ndim == 1:
        losses = np.logaddexp(0, z) - y * z
    else:
        top = z.max(axis=1)
        losses = np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - z[np.arange(len(y)), y]
    return losses.sum() + (model.coef_**2).sum() / 2


def sklearn_logistic(workload, table, budget):
    from sklearn.linear_model import LogisticRegression

    x, y = table()
    model = LogisticRegression(max_iter=1000)
    times = measure(lambda: model.fit(x, y), budget)
    report(workload, "scikit-learn", times, logistic_objective(model, x, y))


def sklearn_epoch(workload, budget):
    """Epochs timed by difference: fits of 60 and of 10 epochs that nothing stops early."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore", ConvergenceWarning)
    x64, y = data.example_b()
    for name, x in [("scikit-learn", x64), ("scikit-learn f32", x64.astype(np.float32))]:
        model = MLPClassifier(random_state=0, tol=0.0, n_iter_no_change=10_000)

        def fit(epochs, model=model, x=x):
            start = time.perf_counter()
            model.set_params(max_iter=epochs).fit(x, y)
            return time.perf_counter() - start

        fit(5)
        times, end = [], time.perf_counter() + budget / 2
        while len(times) < 5 or time.perf_counter() < end:
            times.append(max(fit(60) - fit(10), 1e-9))
        report(workload, name, times, model.loss_, per=50)


# ---- training 64-128-128-10: an epoch over 8192 rows from the given start, in order, Adam at 1e-3 ----

WIDTHS = [64, 128, 128, 10]


def torch_network(widths):
    import torch

    torch.set_num_threads(1)
    parts = []
    for weight, bias in data.network(widths):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())
        parts += [linear, torch.nn.ReLU()]
    return torch, torch.nn.Sequential(*parts[:-1])


def torch_train(workload, batch, budget):
    torch, model = torch_network(WIDTHS)
    rows, labels = data.network_rows()
    x, y = torch.from_numpy(rows), torch.from_numpy(labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    losses = []

    def epoch():
        total = 0.0
        for at in range(0, len(x), batch):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[at : at + batch]), y[at : at + batch])
            loss.backward()
            optimiser.step()
            total += loss.detach()
        losses.append(float(total) * batch / len(x))

    times = measure(epoch, budget)
    report(workload, "torch", times, losses[0], rows=len(x))


def jax_train(workload, batch, budget):
    import jax
    import jax.numpy as jnp

    rows, labels = data.network_rows()
    x = jnp.asarray(rows.reshape(-1, batch, rows.shape[1]))
    y = jnp.asarray(labels.reshape(-1, batch).astype(np.int32))
    params = [(jnp.asarray(weight.T), jnp.asarray(bias)) for weight, bias in data.network(WIDTHS)]

    def loss(params, xb, yb):
        for w, b in params[:-1]:
            xb = jax.nn.relu(xb @ w + b)
        w, b = params[-1]
        logp = jax.nn.log_softmax(xb @ w + b)
        return -jnp.take_along_axis(logp, yb[:, None], axis=1).mean()

    def step(state, xy):
        params, m, v, t = state
        value, g = jax.value_and_grad(loss)(params, *xy)
        t = t + 1
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        epsilon = 1e-8 * jnp.sqrt(1 - 0.999**t)
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + epsilon), params, m, v)
        return (params, m, v, t), value

    @jax.jit
    def epoch(state):
        return jax.lax.scan(step, state, (x, y))

    zeros = jax.tree.map(jnp.zeros_like, params)
    state, first, losses = (params, zeros, zeros, jnp.float32(0)), None, None

    def run():
        nonlocal state, first
        state, losses = epoch(state)
        losses.block_until_ready()
        first = float(losses.mean()) if first is None else first

    times = measure(run, budget)
    report(workload, "jax", times, first, rows=len(rows))


# ---- one row through a network ----

CALLS = 200


def torch_infer(workload, widths, budget):
    torch, model = torch_network(widths)
    rows = torch.from_numpy(data.network_rows()[0][:CALLS, : widths[0]].copy())
    with torch.inference_mode():
        times = measure(lambda: [model(rows[i : i + 1]) for i in range(CALLS)], budget)
        report(workload, "torch", times, model(rows[0]).sum(), per=CALLS)


def onnx_infer(workload, widths, budget):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, here = [], [], "x"
    layers = data.network(widths)
    for i, (weight, bias) in enumerate(layers):
        constants += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
        last = i + 1 == len(layers)
        nodes.append(helper.make_node("Gemm", [here, f"w{i}", f"b{i}"], ["y" if last else f"z{i}"], transB=1))
        if not last:
            nodes.append(helper.make_node("Relu", [f"z{i}"], [f"a{i}"]))
            here = f"a{i}"
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "mlp", [shape("x", TensorProto.FLOAT, [1, widths[0]])],
                              [shape("y", TensorProto.FLOAT, [1, widths[-1]])], constants)  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    rows = np.ascontiguousarray(data.network_rows()[0][:CALLS, : widths[0]])
    times = measure(lambda: [session.run(None, {"x": rows[i : i + 1]}) for i in range(CALLS)], budget)
    report(workload, "onnxruntime", times, session.run(None, {"x": rows[:1]})[0].sum(), per=CALLS)


# ---- the list ----


def workloads():
    """{workload: {peer: function(budget)}}"""
    table = {
        "logistic_small": {"scikit-learn": lambda b: sklearn_logistic("logistic_small", data.example_a, b)},
        "mlp_epoch": {"scikit-learn": lambda b: sklearn_epoch("mlp_epoch", b)},
        "lbfgs_large": {"scikit-learn": lambda b: sklearn_logistic("lbfgs_large", data.large, b)},
    }
    for batch in [32, 256]:
        name = f"train_{batch}"
        table[name] = {
            "torch": lambda b, name=name, batch=batch: torch_train(name, batch, b),
            "jax": lambda b, name=name, batch=batch: jax_train(name, batch, b),
        }
    for widths in [[20, 100, 2], WIDTHS]:
        name = "infer_" + "_".join(map(str, widths))
        table[name] = {
            "torch": lambda b, name=name, widths=widths: torch_infer(name, widths, b),
            "onnxruntime": lambda b, name=name, widths=widths: onnx_infer(name, widths, b),
        }
    return table | multitask.workloads(measure, report) | mixed.workloads(report)


def main():
    table = workloads()
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", default=list(table), metavar="WORKLOAD", help=", ".join(table))
    parser.add_argument("--peers", default="scikit-learn,torch,torchjd,jax,onnxruntime,statsmodels")
    parser.add_argument("--seconds", type=float, default=3.0, help="time for each measurement")
    arguments = parser.parse_args()
    for name in arguments.workloads:
        for peer, run in table[name].items():
            if peer in arguments.peers.split(","):
                run(arguments.seconds)


if __name__ == "__main__":
    main()
