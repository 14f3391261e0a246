//! What this machine could do at most: bytes a second from memory, flops a second in the cache.

use cognate_kernels::{MatMut, MatRef, Product, Real, gemm, gemm_scratch, sum};
use criterion::{Criterion, Throughput};
use std::hint::black_box;

use cognate::workspace::default_level;

/// More than any cache here holds.
const BUFFER_BYTES: usize = 256 << 20;

pub fn benches(c: &mut Criterion) {
    bandwidth(c);
    peak::<f64>(c, "f64");
    peak::<f32>(c, "f32");
}

/// Memory bandwidth: the sum of a buffer beyond the caches.
fn bandwidth(c: &mut Criterion) {
    let mut group = c.benchmark_group("limits");
    group
        .sample_size(20)
        .throughput(Throughput::Bytes(BUFFER_BYTES as u64));
    group.bench_function("bandwidth", |b| {
        let buffer = vec![1.0_f64; BUFFER_BYTES / 8];
        b.iter(|| black_box(sum(default_level(), black_box(&buffer))))
    });
}

/// Peak arithmetic: a product whose operands stay in the second-level cache.
fn peak<T: Real>(c: &mut Criterion, name: &str) {
    let (m, n, k) = (128, 256, 128);
    let level = default_level();
    let (a, b) = (vec![T::ONE; m * k], vec![T::ONE; k * n]);
    let mut out = vec![T::ZERO; m * n];
    let mut scratch = vec![T::ZERO; gemm_scratch::<T>(level, m, k, n)];
    let mut group = c.benchmark_group("limits");
    group.throughput(Throughput::Elements((2 * m * n * k) as u64));
    group.bench_function(format!("peak_{name}"), |bencher| {
        bencher.iter(|| {
            let product = Product::new(MatRef::planned(&a, m, k), MatRef::planned(&b, k, n));
            gemm(
                level,
                black_box(product),
                MatMut::planned(&mut out, m, n),
                &mut scratch,
            );
        })
    });
}
