#!/usr/bin/env bash
# How long the library takes to build: `.ci/build-time.sh [FEATURES ..]`, where FEATURES are cargo's flags, such as --no-default-features.
# Builds from clean into a directory of its own, three times, and prints wall and processor seconds of the best: of all, then of
# the two crates of this workspace. On a busy machine the processor's seconds are what compares; half their sum is what two idle
# cores cannot beat.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(mktemp -d)
trap 'rm -rf "$target"' EXIT
TIMEFORMAT='%R %U %S'
exec 3>&2

cargo fetch --quiet
best=
for _ in 1 2 3; do
    rm -rf "$target"/*
    seconds=$( { time cargo build --release --quiet -p cognate --target-dir "$target" "$@" 2>&3; } 2>&1 )
    best=$(printf '%s\n' "$best" "$seconds" | grep . | sort -n | head -1)
done
echo "$best" | awk '{ printf "all crates       %6.2f s wall, %6.2f s of processors\n", $1, $2 + $3 }'

# Each crate again with what it depends on already built: the compiler's own time.
for crate in cognate-kernels cognate; do
    cargo clean --quiet --release -p "$crate" --target-dir "$target"
    seconds=$( { time cargo build --release --quiet -p "$crate" --target-dir "$target" "$@" 2>&3; } 2>&1 )
    echo "$seconds" | awk -v crate="$crate" '{ printf "%-16s %6.2f s wall, %6.2f s of processors\n", crate, $1, $2 + $3 }'
done
