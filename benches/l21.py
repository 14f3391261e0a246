"""L21 against scikit-learn's MultiTaskLasso, in turns on one processor: 50 tasks on one X of 500 rows x 200 features,
20 of which matter in all tasks, lambda_max / 10, intercepts, a duality gap of 1e-8 of the objective at 0.

    python l21.py [--rounds N] [--seconds S]        (numpy, scikit-learn)

A ratio is scikit-learn's shortest time over ours within a round; the median over the rounds is printed with the
smallest and largest. Both objectives are computed here, so that nobody is timed for the wrong work.
"""

import os

for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]:
    os.environ[variable] = "1"

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import numpy as np
from sklearn.linear_model import MultiTaskLasso

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS, FEATURES, TASKS, MATTER = 500, 200, 50, 20


def tasks(seed):
    """X, Y and the least lambda at which all weights are 0, losses summed over rows."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((ROWS, FEATURES))
    w = np.zeros((FEATURES, TASKS))
    w[random.choice(FEATURES, MATTER, replace=False)] = random.standard_normal((MATTER, TASKS))
    y = x @ w + random.standard_normal((ROWS, TASKS)) + random.standard_normal(TASKS)
    centred = (x - x.mean(axis=0)).T @ (y - y.mean(axis=0))
    return x, y, np.linalg.norm(centred, axis=1).max()


def theirs(x, y, lam, seconds):
    """scikit-learn's tol is relative to ||Y||^2 / n with its gap over n: to half the squares, which the objective at 0 is, half of it."""
    model = MultiTaskLasso(alpha=lam / ROWS, tol=0.5e-8, max_iter=100_000)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        model.fit(x, y)
        best = min(best, time.perf_counter() - start)
    residual = y - model.predict(x)
    return best, 0.5 * (residual**2).sum() + lam * np.linalg.norm(model.coef_, axis=0).sum()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5)
    arguments = parser.parse_args()
    build = ["cargo", "bench", "--bench", "l21", "--no-run", "--message-format=json"]
    lines = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    made = (json.loads(line) for line in lines)
    bench = next(m["executable"] for m in made if m.get("target", {}).get("name") == "l21" and m.get("executable"))
    # Processes that this one starts stay on its processor too.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    ratios, times = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "tasks"
        for seed in range(arguments.rounds):
            x, y, most = tasks(seed)
            lam = most / 10
            np.concatenate([[*x.shape, TASKS], x.ravel(), y.ravel(), [lam]]).tofile(file)
            run = subprocess.run([bench, file, str(arguments.seconds)], capture_output=True, check=True, text=True)
            ours = json.loads(run.stdout)
            seconds, objective = theirs(x, y, lam, arguments.seconds)
            assert ours["converged"] and abs(ours["objective"] / objective - 1) < 1e-8, (ours, objective)
            ratios.append(seconds / ours["seconds"])
            times.append((ours["seconds"], seconds))
            print(f"round {seed}: {ours['seconds'] * 1e3:.2f} ms ({ours['passes']} passes), {seconds * 1e3:.2f} ms: {ratios[-1]:.2f}", flush=True)
    print(f"{min(t[0] for t in times) * 1e3:.2f} ms, scikit-learn {min(t[1] for t in times) * 1e3:.2f} ms, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
