#!/usr/bin/env bash
# Other machines than x86_64: built here, run under emulators, on a Debian-like system. `.ci/cross.sh` runs all parts, `.ci/cross.sh wasm`
# those named; each is a function below. A tool that is missing is a failure, with what would bring it.
#
# rustup may lack the targets, so Debian's own Rust is unpacked, without root, into target/cross; std is built from its sources where
# Debian has none ready.
set -euo pipefail
cd "$(dirname "$0")/.."

cross=$PWD/target/cross
root=$cross/root
say() { printf '\n== %s\n' "$*"; }
fail() { echo "$*" >&2; exit 1; }
need() { command -v "$1" >/dev/null || fail "$1 is missing: $2"; }

# Debian's packages given, unpacked into $root, once.
unpack() {
    need apt-get "this script needs a Debian-like system"
    local package debs
    for package in "$@"; do
        debs=$cross/debs/$package
        [ ! -e "$debs.done" ] || continue
        mkdir -p "$debs" "$root"
        (cd "$debs" && apt-get -o APT::Sandbox::User=root download "$package")
        dpkg-deb -x "$debs"/*.deb "$root"
        touch "$debs.done"
    done
}

# cargo with Debian's compiler; its own libraries only for itself, not for what it runs.
debian_cargo() {
    (
        export CARGO_TARGET_DIR=$cross/build
        export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu PATH=$root/usr/bin:$PATH RUSTC=$root/usr/bin/rustc RUSTC_BOOTSTRAP=1
        unset RUSTUP_TOOLCHAIN
        "$root/usr/bin/cargo" "$@"
    )
}

debian_rust() {
    local library
    need apt-cache "this script needs a Debian-like system"
    library=$(apt-cache depends libstd-rust-web-dev | sed -n 's/.*Depends: \(libstd-rust-web-[0-9.]*\)/\1/p')
    unpack rustc-web cargo-web rust-web-src "$library" libstd-rust-web-dev libllvm22 \
        libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedx509-1 libmbedtls14
}

# The linker of bare targets: rustup's own.
lld() { find "$(rustc --print sysroot)" -name rust-lld | head -1; }

kernels=(-p cognate-kernels --lib --test functions --test products --test products_same --test reductions)
library=(-p cognate --test rng --test files --test linalg --test layers)

# 64-bit Arm: NEON against the array model, to the bit; the library's golden numbers.
aarch64() {
    need aarch64-linux-gnu-gcc "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
    need qemu-aarch64 "apt-get install qemu-user"
    debian_rust
    foreign arm64
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="env -u LD_LIBRARY_PATH qemu-aarch64 -L /usr/aarch64-linux-gnu"
    export COGNATE_TEST_LEVELS=scalar,neon
    debian_cargo test --release --target aarch64-unknown-linux-gnu "${kernels[@]}"
    debian_cargo test --release --target aarch64-unknown-linux-gnu "${library[@]}"
}

# Debian's ready std of another architecture, from package lists of our own: the system's stay as they are.
foreign() {
    local conf=$cross/apt-$1.conf
    if [ ! -e "$conf" ]; then
        mkdir -p "$cross"/apt/{lists,cache}/partial
        cp /var/lib/dpkg/status "$cross/apt/status"
        printf 'Dir::State::lists "%s";\nDir::Cache "%s";\nDir::State::status "%s";\nAPT::Architectures { "amd64"; "%s"; };\n' \
            "$cross/apt/lists" "$cross/apt/cache" "$cross/apt/status" "$1" >"$conf"
        APT_CONFIG=$conf apt-get update
    fi
    APT_CONFIG=$conf unpack "libstd-rust-web-dev:$1"
}

# WebAssembly with 128-bit registers, under node: no fused multiply-add there, so that this is the unfused class.
wasm() {
    need node "apt-get install nodejs"
    debian_rust
    unpack wasi-libc
    local libc=$root/usr/lib/wasm32-wasi
    export CARGO_TARGET_WASM32_WASIP1_LINKER; CARGO_TARGET_WASM32_WASIP1_LINKER=$(lld)
    export CARGO_TARGET_WASM32_WASIP1_RUNNER="env -u LD_LIBRARY_PATH node --no-warnings $PWD/.ci/wasi.mjs"
    # Debian's libc lacks the stubs of threads that std names and the tests never call.
    export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="-Ctarget-feature=+simd128 -Clink-self-contained=no -Lnative=$libc
        -Clink-arg=$libc/crt1-command.o -Clink-arg=-lc -Clink-arg=--unresolved-symbols=ignore-all"
    export COGNATE_TEST_LEVELS=scalar,simd128
    # Tests that expect a panic need unwinding, which this target has not.
    debian_cargo test --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort,test \
        -p cognate-kernels --lib --test functions --test products --test reductions -- --test-threads=1
}

# A microcontroller without a heap or an operating system: the bare library builds.
cortex_m() {
    debian_rust
    export CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER; CARGO_TARGET_THUMBV7EM_NONE_EABIHF_LINKER=$(lld)
    debian_cargo build --release --target thumbv7em-none-eabihf -Zbuild-std=core,alloc -p cognate --no-default-features
    debian_cargo build --release --target thumbv7em-none-eabihf -Zbuild-std=core,alloc -p cognate --no-default-features --features alloc
}

# A big-endian machine: files, random streams and products have the same bytes and bits.
s390x() {
    need s390x-linux-gnu-gcc "apt-get install gcc-s390x-linux-gnu libc6-dev-s390x-cross"
    need qemu-s390x "apt-get install qemu-user"
    debian_rust
    export CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_LINKER=s390x-linux-gnu-gcc
    export CARGO_TARGET_S390X_UNKNOWN_LINUX_GNU_RUNNER="env -u LD_LIBRARY_PATH qemu-s390x -L /usr/s390x-linux-gnu"
    export COGNATE_TEST_LEVELS=scalar
    debian_cargo test --release --target s390x-unknown-linux-gnu -Zbuild-std=std,panic_abort,test -p cognate --test rng --test files
}

parts=(aarch64 wasm cortex_m s390x)
[ $# -eq 0 ] || parts=("$@")
for part in "${parts[@]}"; do
    declare -F "$part" >/dev/null || fail "no part is called $part"
    say "$part"
    "$part"
done
