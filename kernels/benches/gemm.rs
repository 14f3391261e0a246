//! Products against matrixmultiply, shape by shape, one thread.
//!
//! ```text
//! cargo bench -p cognate-kernels --bench gemm -- [--level avx2] [--form NN] [--type f32] [--samples 60] [M,K,N ..]
//! ```
//!
//! The two take turns within each sample, so that what else runs on the machine meets both; the figures are minima over the samples.
//! A row: the shape, our nanoseconds, GFLOP/s, their nanoseconds, and ours / theirs (below 1 we are ahead). Row-major, beta = 0, hot.

use std::env;
use std::hint::black_box;
use std::process::exit;
use std::time::Instant;

use cognate_kernels::{Level, MatMut, MatRef, Product, Real, gemm, gemm_scratch};

/// M, K, N: single rows, heads, the layers of small networks, squares.
const SHAPES: &[(usize, usize, usize)] = &[
    (1, 1, 1),
    (7, 13, 5),
    (1, 20, 100),
    (1, 64, 64),
    (1, 784, 256),
    (10, 1, 40),
    (32, 20, 100),
    (32, 100, 2),
    (32, 64, 64),
    (33, 65, 17),
    (64, 64, 64),
    (32, 128, 10),
    (256, 128, 128),
    (128, 256, 128),
    (25, 784, 64),
    (64, 784, 256),
    (200, 100, 1),
    (200, 20, 100),
    (800, 20, 1),
    (800, 20, 2),
    (1000, 100, 5),
    (256, 784, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
];

/// A product's operands are stored as given (N) or transposed (T).
const FORMS: &[&str] = &["NN", "TN", "NT"];

struct Options {
    level: Level,
    forms: Vec<String>,
    types: Vec<String>,
    samples: usize,
    shapes: Vec<(usize, usize, usize)>,
}

impl Options {
    fn parse() -> Result<Self, String> {
        let mut o = Self {
            level: Level::detect(),
            forms: FORMS.iter().map(|s| s.to_string()).collect(),
            types: vec!["f32".into(), "f64".into()],
            samples: 60,
            shapes: Vec::new(),
        };
        // Cargo adds `--bench` to what the user wrote.
        let mut args = env::args().skip(1).filter(|a| a != "--bench");
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} needs a value"));
            match arg.as_str() {
                "--level" => {
                    let name = value()?;
                    o.level =
                        Level::by_name(&name).ok_or(format!("no level {name} on this machine"))?;
                }
                "--form" => o.forms = vec![value()?],
                "--type" => o.types = vec![value()?],
                "--samples" => {
                    o.samples = value()?.parse().map_err(|e| format!("--samples: {e}"))?
                }
                shape => o.shapes.push(parse_shape(shape)?),
            }
        }
        if o.shapes.is_empty() {
            o.shapes = SHAPES.to_vec();
        }
        Ok(o)
    }
}

fn parse_shape(text: &str) -> Result<(usize, usize, usize), String> {
    let sizes: Result<Vec<usize>, _> = text.split(',').map(str::parse).collect();
    match sizes.as_deref() {
        Ok(&[m, k, n]) => Ok((m, k, n)),
        _ => Err(format!("{text} is no shape M,K,N")),
    }
}

/// matrixmultiply's product for a type.
trait Peer: Real {
    /// Strides are (row, column) in elements.
    fn peer(
        size: (usize, usize, usize),
        a: (&[Self], isize, isize),
        b: (&[Self], isize, isize),
        c: &mut [Self],
    );
}

macro_rules! peer {
    ($type:ty, $function:path) => {
        impl Peer for $type {
            fn peer(
                (m, k, n): (usize, usize, usize),
                a: (&[Self], isize, isize),
                b: (&[Self], isize, isize),
                c: &mut [Self],
            ) {
                // SAFETY: the slices hold the matrices that the sizes and strides describe.
                unsafe {
                    $function(
                        m,
                        k,
                        n,
                        1.0,
                        a.0.as_ptr(),
                        a.1,
                        a.2,
                        b.0.as_ptr(),
                        b.1,
                        b.2,
                        0.0,
                        c.as_mut_ptr(),
                        n as isize,
                        1,
                    );
                }
            }
        }
    };
}

peer!(f32, matrixmultiply::sgemm);
peer!(f64, matrixmultiply::dgemm);

/// The smallest times of a call of `f` and `g` in nanoseconds, taking turns.
fn race(samples: usize, mut f: impl FnMut(), mut g: impl FnMut()) -> (f64, f64) {
    let calls = |f: &mut dyn FnMut()| {
        let start = Instant::now();
        let mut n = 0_u32;
        while start.elapsed().as_micros() < 200 {
            f();
            n += 1;
        }
        (n / 8).max(1)
    };
    let (nf, ng) = (calls(&mut f), calls(&mut g));
    let (mut best_f, mut best_g) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..samples {
        let start = Instant::now();
        for _ in 0..nf {
            f();
        }
        let middle = Instant::now();
        for _ in 0..ng {
            g();
        }
        let end = Instant::now();
        best_f = best_f.min((middle - start).as_nanos() as f64 / f64::from(nf));
        best_g = best_g.min((end - middle).as_nanos() as f64 / f64::from(ng));
    }
    (best_f, best_g)
}

fn numbers<T: Real>(n: usize) -> Vec<T> {
    (0..n)
        .map(|i| T::from_f64((i * 7 % 13) as f64 / 13.0 - 0.5))
        .collect()
}

/// One shape in one form; returns ours / theirs.
fn bench<T: Peer>(o: &Options, form: &str, (m, k, n): (usize, usize, usize)) -> f64 {
    let (a, b) = (numbers::<T>(m * k), numbers::<T>(k * n));
    let (mut c, mut d) = (vec![T::ZERO; m * n], vec![T::ZERO; m * n]);
    let mut scratch = vec![T::ZERO; gemm_scratch::<T>(o.level, m, k, n)];
    let (ta, tb) = (form.starts_with('T'), form.ends_with('T'));
    let view = |x, rows, cols, t| {
        if t {
            MatRef::planned(x, cols, rows).t()
        } else {
            MatRef::planned(x, rows, cols)
        }
    };
    let strides = |rows: usize, cols: usize, t| {
        if t {
            (1, rows as isize)
        } else {
            (cols as isize, 1)
        }
    };
    let ((ar, ac), (br, bc)) = (strides(m, k, ta), strides(k, n, tb));
    let (ours, theirs) = race(
        o.samples,
        || {
            let p = Product::new(view(black_box(&a), m, k, ta), view(&b, k, n, tb));
            gemm(o.level, p, MatMut::planned(&mut c, m, n), &mut scratch);
        },
        || T::peer((m, k, n), (black_box(&a), ar, ac), (&b, br, bc), &mut d),
    );
    let flops = 2.0 * (m * k * n) as f64;
    println!(
        "{:4} {form} {:>16} {ours:>12.1} ns {:>7.1} GF/s {theirs:>12.1} ns  {:>5.2}",
        T::NAME,
        format!("{m},{k},{n}"),
        flops / ours,
        ours / theirs
    );
    ours / theirs
}

fn main() {
    let o = Options::parse().unwrap_or_else(|message| {
        eprintln!("gemm: {message}");
        exit(2)
    });
    println!("level {}", o.level.name());
    let mut ratios = Vec::new();
    for kind in &o.types {
        for form in &o.forms {
            for &shape in &o.shapes {
                ratios.push(match kind.as_str() {
                    "f32" => bench::<f32>(&o, form, shape),
                    _ => bench::<f64>(&o, form, shape),
                });
            }
        }
    }
    let behind = ratios.iter().filter(|&&r| r >= 1.0).count();
    let mean = ratios.iter().map(|r| r.ln()).sum::<f64>() / ratios.len() as f64;
    println!(
        "geometric mean of ours / theirs {:.2}; behind on {behind} of {}",
        mean.exp(),
        ratios.len()
    );
}
