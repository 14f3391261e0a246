#!/usr/bin/env bash
# The benches' workloads in other libraries, one thread each: JSON lines on stdout, versions on stderr.
#
#     benches/peers/peers.sh [WORKLOAD ...]
#
# VENV    where the Python environment is or will be made (default: a temporary directory, removed at the end)
# BUILD   where the compiled peers are or will be kept (default: a temporary directory)
# CORE    the processor to stay on (default: the last)
# PEERS   those to run (default: scikit-learn,torch,torchjd,jax,onnxruntime,statsmodels,eigen,liblbfgs)
# SECONDS_EACH   time for each Python measurement (default 3)
#
# It needs python3 with venv, g++, taskset, Eigen 3 and libLBFGS (Debian: python3-venv g++ util-linux
# libeigen3-dev liblbfgs-dev).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "peers.sh: $1" >&2; exit 1; }
for tool in python3 g++ taskset; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done
eigen=${EIGEN:-/usr/include/eigen3}
[ -f "$eigen/Eigen/Dense" ] || fail "Eigen is not in $eigen (Debian: libeigen3-dev; elsewhere: set EIGEN)"

work=${BUILD:-}
if [ -z "$work" ]; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
mkdir -p "$work"
venv=${VENV:-$work/venv}
peers=${PEERS:-scikit-learn,torch,torchjd,jax,onnxruntime,statsmodels,eigen,liblbfgs}
python=$venv/bin/python

if [ ! -x "$python" ]; then
    python3 -m venv "$venv" || fail "python3 -m venv failed"
    "$venv/bin/pip" install --quiet numpy scikit-learn torch torchjd quadprog qpsolvers jax onnx onnxruntime statsmodels >&2 || fail "pip install failed"
fi
"$python" -c 'import numpy, sklearn, torch, torchjd, quadprog, jax, onnx, onnxruntime, statsmodels' || fail "the environment in $venv lacks a package"

# An OpenBLAS told its core type or cache size from outside would not be timed at its best.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 XLA_FLAGS="--xla_cpu_multi_thread_eigen=false"
pin=(taskset -c "${CORE:-$(($(nproc) - 1))}")

"$python" - >&2 <<'VERSIONS'
import importlib.metadata as meta, threadpoolctl, numpy
print(*[f"{p} {meta.version(p)}" for p in ["numpy", "scikit-learn", "torch", "torchjd", "jax", "onnxruntime", "statsmodels"]], sep=", ")
print("OpenBLAS kernels:", {b["architecture"] for b in threadpoolctl.threadpool_info() if "architecture" in b})
VERSIONS

export EXAMPLE_A=$here/../data/example_a.csv
native() { # name, source, libraries: built and run if it is among the peers
    [[ ,$peers, == *,$1,* ]] || return 0
    [ "$work/$1" -nt "$here/$2" ] || g++ -std=c++17 -O3 -march=native -ffast-math -DNDEBUG -I"$eigen" "$here/$2" "${@:3}" -o "$work/$1" ||
        fail "$2 did not compile"
    "${pin[@]}" "$work/$1" "${workloads[@]}"
}
workloads=("$@")
native eigen eigen.cpp
native liblbfgs lbfgs.cpp -llbfgs
"${pin[@]}" "$python" -B "$here/peers.py" --peers "$peers" --seconds "${SECONDS_EACH:-3}" "${workloads[@]}"
