//! Nanoseconds an element of the elementwise kernels and reductions, at every level of this machine, beside plain loops over `std`.
//!
//! ```text
//! cargo bench -p cognate-kernels --bench functions -- [NAME ..]
//! ```
//!
//! 1,000 elements in cache, one thread; whoever runs takes turns within each sample, and the figures are minima over the samples.
//! In-place functions are given a fresh copy of their argument every time, the copy counted. Names choose the cases that contain them.

use std::hint::black_box;
use std::time::Instant;

use cognate_kernels::{
    Activation, AdamStep, Func, Level, MatMut, MatRef, Real, SgdStep, activate, adam, axpy,
    col_sums, derive, dot, map, sgd, softmax_rows, softplus_logistic, sum,
};

const ELEMENTS: usize = 1000;

/// What one case does at a level, or in plain loops without one. Every case has its data in [`Data`].
struct Case<T> {
    name: String,
    elements: usize,
    run: Box<Run<T>>,
}

/// A kernel, or plain loops where there is no level.
type Run<T> = dyn Fn(Option<Level>, &mut Data<T>);

/// Vectors of 1,000 numbers: arguments between -4 and 4, half of them, places for results (b: magnitudes).
struct Data<T> {
    x: Vec<T>,
    y: Vec<T>,
    a: Vec<T>,
    b: Vec<T>,
}

impl<T: Real> Data<T> {
    fn new() -> Self {
        let x: Vec<T> = (0..ELEMENTS)
            .map(|i| T::from_f64((i * 7919 % ELEMENTS) as f64 * 0.008 - 4.0))
            .collect();
        Self {
            y: x.iter().map(|&v| v * T::from_f64(0.5)).collect(),
            a: vec![T::from_f64(0.25); ELEMENTS],
            b: x.iter().map(|&v| v.abs()).collect(),
            x,
        }
    }
}

/// `std`'s functions by type.
trait Std: Real {
    fn std(f: Func, x: Self) -> Self;
}

impl Std for f32 {
    fn std(f: Func, x: f32) -> f32 {
        match f {
            Func::Exp => f32::exp(x),
            Func::Ln => f32::ln(x),
            Func::Ln1p => f32::ln_1p(x),
            Func::Tanh => f32::tanh(x),
            Func::Logistic => 1.0 / (1.0 + f32::exp(-x)),
            Func::Softplus => f32::max(x, 0.0) + f32::ln_1p(f32::exp(-f32::abs(x))),
            Func::Erf => libm::erff(x),
        }
    }
}

impl Std for f64 {
    fn std(f: Func, x: f64) -> f64 {
        match f {
            Func::Exp => f64::exp(x),
            Func::Ln => f64::ln(x),
            Func::Ln1p => f64::ln_1p(x),
            Func::Tanh => f64::tanh(x),
            Func::Logistic => 1.0 / (1.0 + f64::exp(-x)),
            Func::Softplus => f64::max(x, 0.0) + f64::ln_1p(f64::exp(-f64::abs(x))),
            Func::Erf => libm::erf(x),
        }
    }
}

/// A case over all 1,000 elements.
fn whole<T>(name: &str, run: impl Fn(Option<Level>, &mut Data<T>) + 'static) -> Case<T> {
    Case {
        name: name.into(),
        elements: ELEMENTS,
        run: Box::new(run),
    }
}

fn functions<T: Std>() -> Vec<Case<T>> {
    [
        Func::Exp,
        Func::Ln,
        Func::Ln1p,
        Func::Tanh,
        Func::Logistic,
        Func::Softplus,
        Func::Erf,
    ]
    .into_iter()
    .map(|f| {
        whole(
            &format!("{f:?}").to_lowercase(),
            move |level, d: &mut Data<T>| {
                d.a.copy_from_slice(&d.x);
                match level {
                    Some(level) => map(level, f, &mut d.a),
                    None => d.a.iter_mut().for_each(|v| *v = T::std(f, *v)),
                }
            },
        )
    })
    .collect()
}

/// The rows of softmax: `cols` classes.
fn softmax<T: Std>(cols: usize) -> Case<T> {
    let rows = ELEMENTS / cols;
    Case {
        name: format!("softmax {rows} x {cols}"),
        elements: rows * cols,
        run: Box::new(move |level, d| {
            let z = MatRef::planned(&d.x, rows, cols);
            if let Some(level) = level {
                let p = MatMut::planned(&mut d.a, rows, cols);
                return softmax_rows(level, z, p, &mut d.b[..rows]);
            }
            for i in 0..rows {
                let (z, p) = (z.row(i), &mut d.a[i * cols..(i + 1) * cols]);
                let top = z.iter().fold(-T::INFINITY, |m, &v| m.max(v));
                let mut total = T::ZERO;
                for (p, &z) in p.iter_mut().zip(z) {
                    *p = T::std(Func::Exp, z - top);
                    total += *p;
                }
                p.iter_mut().for_each(|p| *p /= total);
                d.b[i] = top + T::std(Func::Ln, total);
            }
        }),
    }
}

fn activations<T: Std>() -> Vec<Case<T>> {
    let half = T::from_f64(0.5);
    let slope = T::from_f64(std::f64::consts::FRAC_1_SQRT_2);
    vec![
        whole("gelu", move |level, d: &mut Data<T>| match level {
            Some(level) => activate(level, Activation::Gelu, row(&d.x), row_mut(&mut d.a)),
            None => {
                for (y, &z) in d.a.iter_mut().zip(&d.x) {
                    *y = half * z * (T::ONE + T::std(Func::Erf, slope * z));
                }
            }
        }),
        whole("tanh'", |level, d: &mut Data<T>| match level {
            Some(level) => derive(
                level,
                Activation::Tanh,
                row(&d.y),
                row(&d.x),
                row_mut(&mut d.a),
            ),
            None => {
                for i in 0..ELEMENTS {
                    d.a[i] = (T::ONE - d.y[i] * d.y[i]) * d.x[i];
                }
            }
        }),
        whole("softplus, logistic", |level, d: &mut Data<T>| match level {
            Some(level) => softplus_logistic(level, &d.x, &mut d.a, &mut d.b),
            None => {
                for i in 0..ELEMENTS {
                    d.a[i] = T::std(Func::Softplus, d.x[i]);
                    d.b[i] = T::std(Func::Logistic, d.x[i]);
                }
            }
        }),
    ]
}

fn steps<T: Std>() -> Vec<Case<T>> {
    let c = T::from_f64;
    let step = AdamStep {
        rate: c(1e-3),
        beta1: c(0.9),
        beta2: c(0.999),
        epsilon: c(1e-8),
        shrink: c(1.0),
    };
    let plain = SgdStep {
        rate: c(1e-3),
        momentum: c(0.9),
        nesterov: false,
        shrink: c(1.0),
    };
    vec![
        whole("adam", move |level, d: &mut Data<T>| match level {
            Some(level) => adam(level, &step, &mut d.y, &d.x, &mut d.a, &mut d.b),
            None => {
                for i in 0..ELEMENTS {
                    let g = d.x[i];
                    d.a[i] = step.beta1 * d.a[i] + (T::ONE - step.beta1) * g;
                    d.b[i] = step.beta2 * d.b[i] + (T::ONE - step.beta2) * g * g;
                    d.y[i] -= step.rate * d.a[i] / (d.b[i].sqrt() + step.epsilon);
                }
            }
        }),
        whole("sgd", move |level, d: &mut Data<T>| match level {
            Some(level) => sgd(level, &plain, &mut d.y, &d.x, &mut d.a),
            None => {
                for i in 0..ELEMENTS {
                    d.a[i] = plain.momentum * d.a[i] - plain.rate * d.x[i];
                    d.y[i] += d.a[i];
                }
            }
        }),
    ]
}

fn reductions<T: Std>() -> Vec<Case<T>> {
    vec![
        whole("dot", |level, d: &mut Data<T>| {
            d.b[0] = match level {
                Some(level) => dot(level, &d.x, &d.y),
                None => d.x.iter().zip(&d.y).fold(T::ZERO, |s, (&x, &y)| s + x * y),
            }
        }),
        whole("sum", |level, d: &mut Data<T>| {
            d.b[0] = match level {
                Some(level) => sum(level, &d.x),
                None => d.x.iter().fold(T::ZERO, |s, &x| s + x),
            }
        }),
        whole("axpy", |level, d: &mut Data<T>| {
            let a = T::from_f64(1e-9);
            match level {
                Some(level) => axpy(level, a, &d.x, &mut d.a),
                None => d.a.iter_mut().zip(&d.x).for_each(|(y, &x)| *y += a * x),
            }
        }),
        whole("column sums 100 x 10", |level, d: &mut Data<T>| {
            let (x, out) = (MatRef::planned(&d.x, 100, 10), &mut d.b[..10]);
            match level {
                Some(level) => col_sums(level, x, T::ZERO, out),
                None => {
                    out.fill(T::ZERO);
                    for i in 0..100 {
                        out.iter_mut().zip(x.row(i)).for_each(|(s, &x)| *s += x);
                    }
                }
            }
        }),
    ]
}

/// One element: what a call costs.
fn calls<T: Std>() -> Vec<Case<T>> {
    let one = |name: &str, run: fn(Option<Level>, &mut Data<T>)| Case {
        name: name.into(),
        elements: 1,
        run: Box::new(run),
    };
    vec![
        one("one exp by map", |level, d| match level {
            Some(level) => map(level, Func::Exp, &mut d.a[..1]),
            None => d.a[0] = T::std(Func::Exp, d.x[0]),
        }),
        one("one exp by x.exp()", |level, d| {
            d.a[0] = match level {
                Some(_) => d.x[0].exp(),
                None => T::std(Func::Exp, d.x[0]),
            }
        }),
        one("a dot of 1", |level, d| {
            d.a[0] = match level {
                Some(level) => dot(level, &d.x[..1], &d.y[..1]),
                None => d.x[0] * d.y[0],
            }
        }),
    ]
}

fn row<T>(x: &[T]) -> MatRef<'_, T> {
    MatRef::planned(x, 1, x.len())
}

fn row_mut<T>(x: &mut [T]) -> MatMut<'_, T> {
    let n = x.len();
    MatMut::planned(x, 1, n)
}

/// The least nanoseconds of one run, for each of `who`, taking turns.
fn time<T: Real>(case: &Case<T>, who: &[Option<Level>]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; who.len()];
    let mut data: Vec<Data<T>> = who.iter().map(|_| Data::new()).collect();
    let repeat = (20_000 / case.elements).max(1);
    for _ in 0..200 {
        for (k, &level) in who.iter().enumerate() {
            let start = Instant::now();
            for _ in 0..repeat {
                (case.run)(black_box(level), black_box(&mut data[k]));
            }
            let spent = start.elapsed().as_nanos() as f64 / repeat as f64;
            best[k] = best[k].min(spent);
        }
    }
    best
}

fn table<T: Std>(wanted: &[String]) {
    let mut who: Vec<Option<Level>> = Level::all_available().map(Some).collect();
    who.push(None);
    let names = who.iter().map(|w| w.map_or("std loop", Level::name));
    println!(
        "\n| {}, ns an element | {} |",
        T::NAME,
        names.collect::<Vec<_>>().join(" | ")
    );
    println!("|---|{}", "---|".repeat(who.len()));
    let mut cases = functions::<T>();
    cases.extend(activations());
    cases.extend([2, 3, 5, 10, 16, 100].map(softmax));
    cases.extend(steps());
    cases.extend(reductions());
    cases.extend(calls());
    for case in cases {
        if !wanted.is_empty() && !wanted.iter().any(|w| case.name.contains(w.as_str())) {
            continue;
        }
        let times = time(&case, &who);
        let cells = times
            .iter()
            .map(|t| format!("{:.2}", t / case.elements as f64));
        println!(
            "| {} | {} |",
            case.name,
            cells.collect::<Vec<_>>().join(" | ")
        );
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    table::<f32>(&wanted);
    table::<f64>(&wanted);
}
