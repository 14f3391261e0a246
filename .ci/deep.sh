#!/usr/bin/env bash
# What takes minutes or tools of its own. `.ci/deep.sh` runs all parts, `.ci/deep.sh asan memcheck` those named; each is a function below
# whose commands can be run by hand. A tool that is missing is a failure, with what would bring it.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { echo "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }

kernels=(-p cognate-kernels --lib --test products --test products_same --test maps --test reductions --test functions)

# Products of every size to twice the tile plus one, at every level of this machine.
exhaustive() {
    cargo test --release -p cognate-kernels --test products -- --ignored --nocapture
}

# Reads and writes outside of the operands, with every level that the machine has.
asan() {
    cargo +nightly --version >/dev/null 2>&1 || fail "the nightly toolchain is missing: rustup toolchain install nightly"
    RUSTFLAGS=-Zsanitizer=address cargo +nightly test "${kernels[@]}" --target x86_64-unknown-linux-gnu --target-dir target/asan
}

# The same, and use of what was never written. Valgrind has no AVX-512, and its fused multiply-add loses the sign of zero (0 * -1.5 + -0 is 0
# there): tests of bits are left to the other parts.
memcheck() {
    need valgrind "apt-get install valgrind"
    COGNATE_TEST_LEVELS=scalar,avx2 \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="valgrind -q --error-exitcode=9" \
        cargo test --release "${kernels[@]}" -- --skip golden_bits --skip every_width --skip values_and_derivatives
}

# A machine without AVX and FMA: the scalar level, unfused.
nehalem() {
    need qemu-x86_64 "apt-get install qemu-user"
    COGNATE_TEST_LEVELS=scalar \
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER="qemu-x86_64 -cpu Nehalem" \
        cargo test --release "${kernels[@]}"
}

parts=(exhaustive asan memcheck nehalem)
[ $# -eq 0 ] || parts=("$@")
for part in "${parts[@]}"; do
    declare -F "$part" >/dev/null || fail "no part is called $part"
    say "$part"
    "$part"
done
