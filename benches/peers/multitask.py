"""Training of a network that eight tasks share, in PyTorch and TorchJD; `peers.py` runs it.

Trunk 64-128-64 with relu, a linear head a task, Adam: three numbers (half the squared error), three pairs of
classes, two of four classes, every loss a mean over the batch of 64 rows that all tasks share. `equal` sums
the losses; the others combine the tasks' gradients of the trunk by a rule and leave the heads alone.
"""

import data
import numpy as np

BATCH, EPOCHS = 64, 10
COLUMNS = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 10), (10, 14)]


def table():
    """x (1280 x 64), labels (1280 x 8)."""
    lcg = data.Lcg(4)
    x, w = lcg.normals(1280, 64), lcg.normals(64, 14)
    s = x @ w
    classes = [s[:, a:b].argmax(axis=1)[:, None] for a, b in COLUMNS[6:]]
    return x.astype(np.float32), np.hstack([s[:, :3] / 8, s[:, 3:6] > 0, *classes])


def parts(torch):
    """The trunk and the heads, with the weights that every peer starts with."""
    layers = []
    for weight, bias in data.network([64, 128, 64, 14]):
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())
        layers.append(linear)
    first, second, all_heads = layers
    relu = torch.nn.ReLU
    trunk = torch.nn.Sequential(first, relu(), second, relu())
    heads = torch.nn.ModuleList()
    for a, b in COLUMNS:
        head = torch.nn.Linear(64, b - a)
        head.weight.data, head.bias.data = all_heads.weight.data[a:b].clone(), all_heads.bias.data[a:b].clone()
        heads.append(head)
    return trunk, heads


def losses(torch, heads, h, labels):
    f = torch.nn.functional
    out = [head(h) for head in heads]
    numbers = [f.mse_loss(out[t][:, 0], labels[0][:, t]) / 2 for t in range(3)]
    pairs = [f.binary_cross_entropy_with_logits(out[t][:, 0], labels[0][:, t]) for t in range(3, 6)]
    return numbers + pairs + [f.cross_entropy(out[t], labels[1][:, t]) for t in range(6, 8)]


def run(combine):
    """A function that trains EPOCHS epochs, and the mean summed loss of each; `combine(torch, losses, h, trunk)`
    leaves the gradients."""
    import torch

    torch.manual_seed(0)
    x, labels = table()
    x, labels = torch.from_numpy(x), (torch.from_numpy(labels.astype(np.float32)), torch.from_numpy(labels.astype(np.int64)))
    trunk, heads = parts(torch)
    optimiser = torch.optim.Adam([*trunk.parameters(), *heads.parameters()], lr=1e-3, fused=True)
    history = []

    def train():
        for _ in range(EPOCHS):
            total = 0.0
            order = torch.randperm(len(x))
            for at in range(0, len(x), BATCH):
                rows = order[at : at + BATCH]
                optimiser.zero_grad()
                h = trunk(x[rows])
                each = losses(torch, heads, h, (labels[0][rows], labels[1][rows]))
                combine(torch, each, h, trunk)
                optimiser.step()
                total += sum(loss.detach() for loss in each)
            history.append(float(total) * BATCH / len(x))

    return train, history


def summed(_torch, each, _h, _trunk):
    sum(each).backward()


def by_gradients(rule):
    from torchjd import aggregation
    from torchjd.autojac import jac_to_grad, mtl_backward

    aggregator = getattr(aggregation, rule)()

    def combine(_torch, each, h, trunk):
        mtl_backward(each, features=h)
        jac_to_grad(trunk.parameters(), aggregator)

    return combine


RULES = {
    "equal": ("torch", lambda: summed),
    "mgda": ("torchjd", lambda: by_gradients("MGDA")),
    "pcgrad": ("torchjd", lambda: by_gradients("PCGrad")),
    "aligned-mtl": ("torchjd", lambda: by_gradients("AlignedMTL")),
    "upgrad": ("torchjd", lambda: by_gradients("UPGrad")),
}


def workloads(measure, report):
    """{workload: {peer: function(budget)}}"""

    def timed(name, peer, rule):
        def go(budget):
            train, history = run(rule())
            times = measure(train, budget)
            report(f"multitask_{name}", peer, times, history[0])

        return {peer: go}

    return {f"multitask_{name}": timed(name, peer, rule) for name, (peer, rule) in RULES.items()}
