"""Trajectories of PyTorch's Adam, AdamW and SGD, and its schedules, in f64.

    python steps.py           (torch; writes steps.json beside it)

Gradients are fixed numbers, one row a step, so that only the update rules are compared. SGD's velocity
holds the rate here and not in PyTorch, which is the same while the rate is constant; its weight decay
is part of the gradient in PyTorch, so it is left out.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
START = [0.5, -1.25, 2.0, 0.0, 1e-3]
GRADIENTS = [[(7 * s + 3 * i) % 11 / 4 - 1.25 if (s + i) % 5 else 0.0 for i in range(5)] for s in range(12)]


def trajectory(make):
    p = torch.tensor(START, requires_grad=True)
    optimiser = make([p])
    points = []
    for g in GRADIENTS:
        p.grad = torch.tensor(g)
        optimiser.step()
        points.append(p.tolist())
    return points


def rates(make, steps):
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(optimiser)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


METHODS = {
    "adam": lambda p: torch.optim.Adam(p, lr=0.05),
    "adam_betas": lambda p: torch.optim.Adam(p, lr=0.05, betas=(0.0, 0.9), eps=1e-3),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
}
SCHEDULES = {
    "cosine": lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=20, eta_min=0.01),
    "step": lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=7, gamma=0.3),
}

if __name__ == "__main__":
    content = {
        "made_by": f"tests/data/steps.py, torch {torch.__version__.split('+')[0]}",
        "rate": 0.05,
        "start": START,
        "gradients": GRADIENTS,
        "methods": {name: trajectory(make) for name, make in METHODS.items()},
        "schedules": {name: rates(make, 21) for name, make in SCHEDULES.items()},
    }
    text = json.dumps(content, indent=0).replace(",\n", ", ").replace("[\n", "[").replace("\n]", "]")
    pathlib.Path(__file__).with_name("steps.json").write_text(text + "\n")
