"""Sets the engine's benches against the peers, in turns on one processor, and prints the table of BENCHMARKS.md.

    python3 benches/race.py [--rounds N] [--seconds S] [WORKLOAD ...]

Each round runs a workload here, then in its peer. A ratio is the peer's shortest time over ours within a
round, and the table gives the median over the rounds with the smallest and largest: rounds are near in
time, so that another load on the machine falls on both. VENV, BUILD and CORE mean what they mean to
peers/peers.sh.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CORE = os.environ.get("CORE", str(os.cpu_count() - 1))

# Workload: its bench, rows in an iteration where it is a rate, the peer, how many times faster we mean to be.
RACES = {
    "logistic_small": ("logistic_small", None, "scikit-learn", 20),
    "mlp_epoch": ("mlp_epoch", None, "scikit-learn", 8),
    "train_32": ("train_32", 8192, "jax", 1.5),
    "train_256": ("train_256", 8192, "jax", 1.4),
    "infer_20_100_2": ("infer_20_100_2", None, "eigen static", 1),
    "infer_64_128_128_10": ("infer_64_128_128_10", None, "eigen static", 1),
    "lbfgs_large": ("large/fit", None, "scikit-learn", 3),
    "random_effects": ("random_effects", None, "statsmodels", 20),
    "multitask_equal": ("multitask_equal", None, "torch", 18),
    "multitask_mgda": ("multitask_mgda", None, "torchjd", 10),
    "multitask_pcgrad": ("multitask_pcgrad", None, "torchjd", 10),
    "multitask_aligned-mtl": ("multitask_aligned-mtl", None, "torchjd", 10),
    "multitask_upgrad": ("multitask_upgrad", None, "torchjd", 10),
}

# An evaluation of lbfgs_large reads X once and multiplies it twice: 80,000 x 100 in f64, five classes.
BYTES, FLOPS = 80_000 * 100 * 8, 2 * 2 * 80_000 * 100 * 5


def build():
    """The bench executable."""
    command = ["cargo", "bench", "--bench", "engine", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    made = (json.loads(line) for line in lines)
    return next(m["executable"] for m in made if m.get("target", {}).get("name") == "engine" and m.get("executable"))


def ours(executable, bench, seconds):
    """The shortest time of an iteration, in seconds."""
    with tempfile.TemporaryDirectory() as home:
        command = ["taskset", "-c", CORE, executable, "--bench", "--noplot", "--warm-up-time", "0.3",
                   "--measurement-time", str(seconds), f"^{re.escape(bench)}$"]  # fmt: skip
        subprocess.run(command, cwd=ROOT, env={**os.environ, "CRITERION_HOME": home}, check=True, capture_output=True)
        sample = json.loads(next(pathlib.Path(home).rglob("new/sample.json")).read_text())
    return min(t / i for t, i in zip(sample["times"], sample["iters"])) * 1e-9


def theirs(workload, peer, rows, seconds):
    """The same of the peer, from its best line."""
    library = peer.split()[0]
    environment = {**os.environ, "PEERS": library, "SECONDS_EACH": str(seconds), "CORE": CORE}
    run = subprocess.run([HERE / "peers" / "peers.sh", workload], env=environment, check=True, capture_output=True, text=True)
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    best = next(line["min"] for line in lines if line["peer"] == peer)
    return rows / best if rows else best


def show(seconds, rows):
    if rows:
        return f"{rows / seconds / 1e3:.0f} k rows/s"
    for unit, size in [("s", 1), ("ms", 1e-3), ("us", 1e-6)]:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def race(executable, workload, arguments):
    bench, rows, peer, bar = RACES[workload]
    pairs = []
    for _ in range(arguments.rounds):
        pairs.append((ours(executable, bench, arguments.seconds), theirs(workload, peer, rows, arguments.seconds)))
    ratios = sorted(b / a for a, b in pairs)
    middle = statistics.median(ratios)
    print(f"| `{workload}` | {show(min(a for a, _ in pairs), rows)} | {peer}: {show(min(b for _, b in pairs), rows)} "
          f"| **{middle:.2f}** ({ratios[0]:.2f} to {ratios[-1]:.2f}) | {bar} | {'yes' if middle >= bar else 'no'} |", flush=True)  # fmt: skip


def limits(executable, arguments):
    """An evaluation against what memory and arithmetic allow."""
    ratios = []
    for _ in range(arguments.rounds):
        evaluation, read, product = (ours(executable, b, arguments.seconds) for b in ["large/evaluation", "limits/bandwidth", "limits/peak_f64"])
        bandwidth, peak = 256 * 2**20 / read, 2 * 128 * 256 * 128 / product
        ratios.append((evaluation / (BYTES / bandwidth + FLOPS / peak), evaluation, bandwidth, peak))
    ratio, evaluation, bandwidth, peak = sorted(ratios)[len(ratios) // 2]
    print(f"\nAn evaluation of `lbfgs_large` takes {show(evaluation, None)}: **{ratio:.2f}** times (bytes of X / {bandwidth / 1e9:.1f} GB/s "
          f"+ flops / {peak / 1e9:.1f} GFLOP/s); asked: at most 1.3.")  # fmt: skip


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", default=[*RACES, "limits"], metavar="WORKLOAD", help=", ".join([*RACES, "limits"]))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    arguments = parser.parse_args()
    if not os.environ.get("VENV") or not os.environ.get("BUILD"):
        sys.exit("race.py: set VENV and BUILD to directories that keep the peers between the rounds")
    executable = build()
    print("| workload | ours | peer | ratio, median (range) | asked | met |\n|---|---|---|---|---|---|")
    for workload in arguments.workloads:
        limits(executable, arguments) if workload == "limits" else race(executable, workload, arguments)


if __name__ == "__main__":
    main()
