//! Squared losses of tasks that share their rows, from what is read of the rows once.
//!
//! For `X: n x d` and `Y: n x k`, centred where there is an intercept and with rows times the roots of their weights,
//! ```text
//! f(W) = sum_t omega_t 1/2 ||Y_t - X W_t||^2          C = -grad f = (X'Y - X'X W) diag(omega)
//! ```
//! needs `B = X'Y`, the squares of Y, and `X'X` as a matrix ([`Form::Gram`]) or as rows to multiply by twice ([`Form::Rows`]). Losses of
//! classes that are expanded to second order (`newton.rs`) are of this form too, several classes with links that are not apart. The best
//! intercept for W is `mean_y - W' mean_x`.

use core::ops::Range;

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, axpy, dot, gemm_scratch};

use crate::workspace::{Work, default_level};

/// Several tasks' losses.
#[derive(Clone)]
pub(super) struct Squared {
    /// Their columns of W.
    pub(super) columns: Range<usize>,
    /// The tasks' weights, `k`.
    pub(super) omega: Vec<f64>,
    pub(super) mean_x: Vec<f64>,
    pub(super) mean_y: Vec<f64>,
    /// `X'Y: d x k`.
    pub(super) xy: Vec<f64>,
    /// Squares of each column of Y, `k`.
    pub(super) yy: Vec<f64>,
    pub(super) form: Form,
}

/// `X'X`.
#[derive(Clone)]
pub(super) enum Form {
    /// `d x d`.
    Gram(Vec<f64>),
    /// `X: n x d`.
    Rows(Vec<f64>, usize),
    /// Of links that are not apart, `(d k) x (d k)`: features, and a feature's links side by side.
    Coupled(Vec<f64>),
}

/// Features up to which a product with one column is less work than a kernel's call.
const NARROW: usize = 32;

impl Squared {
    fn width(&self) -> usize {
        self.omega.len()
    }

    /// Whether its links are not apart.
    pub(super) fn is_coupled(&self) -> bool {
        matches!(self.form, Form::Coupled(_))
    }

    /// Scratch of [`Squared::correlate`] and [`Squared::multiply`].
    pub(super) fn scratch(&self) -> usize {
        let (level, k, d) = (default_level(), self.width(), self.mean_x.len());
        match self.form {
            Form::Gram(_) => gemm_scratch::<f64>(level, d, d, k),
            Form::Coupled(_) => 2 * d * k + gemm_scratch::<f64>(level, d * k, d * k, 1),
            Form::Rows(_, n) => {
                let (to, fro) = (
                    gemm_scratch::<f64>(level, n, d, k),
                    gemm_scratch::<f64>(level, d, n, k),
                );
                n * k + to.max(fro)
            }
        }
    }

    /// `out = beta out + alpha X'X v`, for `d x k` matrices.
    fn gram(
        &self,
        alpha: f64,
        v: MatRef<'_, f64>,
        beta: f64,
        out: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) {
        let d = self.mean_x.len();
        match &self.form {
            Form::Gram(gram) if v.cols() == 1 && d <= NARROW => narrow(alpha, gram, v, beta, out),
            Form::Coupled(gram) => {
                let size = d * v.cols();
                let (flat, mut work) = work.take(size);
                let (product, mut work) = work.take(size);
                MatMut::planned(flat, d, v.cols()).copy_from(v);
                let p = Product::new(
                    MatRef::planned(gram, size, size),
                    MatRef::planned(flat, size, 1),
                );
                work.gemm(p, MatMut::planned(product, size, 1));
                add_scaled(alpha, MatRef::planned(product, d, v.cols()), beta, out);
            }
            Form::Gram(gram) => {
                let gram = MatRef::planned(gram, d, d);
                work.gemm(Product::new(gram, v).alpha(alpha).beta(beta), out);
            }
            Form::Rows(x, n) => {
                let x = MatRef::planned(x, *n, d);
                let (z, mut work) = work.take(n * v.cols());
                work.gemm(Product::new(x, v), MatMut::planned(z, *n, v.cols()));
                let z = MatRef::planned(z, *n, v.cols());
                work.gemm(Product::new(x.t(), z).alpha(alpha).beta(beta), out);
            }
        }
    }

    /// `C = -grad f` at `w: d x k`; the value.
    pub(super) fn correlate(
        &self,
        w: MatRef<'_, f64>,
        mut c: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) -> f64 {
        let d = self.mean_x.len();
        c.copy_from(MatRef::planned(&self.xy, d, self.width()));
        self.gram(-1.0, w, 1.0, c.rb_mut(), work);
        self.weigh(c.rb_mut());
        self.value(w, c.rb())
    }

    /// `C` at `W = 0`; the value.
    pub(super) fn start(&self, mut c: MatMut<'_, f64>) -> f64 {
        c.copy_from(MatRef::planned(&self.xy, self.mean_x.len(), self.width()));
        self.weigh(c);
        0.5 * self.squares()
    }

    /// The value at `w`, where C is `c`.
    pub(super) fn value(&self, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> f64 {
        let (with_y, with_c) = self.products(w, c);
        0.5 * (self.squares() - with_y - with_c)
    }

    /// `out = H v`.
    pub(super) fn multiply(
        &self,
        v: MatRef<'_, f64>,
        mut out: MatMut<'_, f64>,
        work: &mut Work<'_, f64>,
    ) {
        self.gram(1.0, v, 0.0, out.rb_mut(), work);
        self.weigh(out);
    }

    /// Columns times the tasks' weights.
    pub(super) fn weigh(&self, mut c: MatMut<'_, f64>) {
        if self.omega.iter().all(|&omega| omega == 1.0) {
            return;
        }
        for i in 0..c.rows() {
            let row = c.row_mut(i).iter_mut().zip(&self.omega);
            row.for_each(|(c, omega)| *c *= omega);
        }
    }

    /// The weighted squares of Y: twice the value at 0.
    pub(super) fn squares(&self) -> f64 {
        dot(default_level(), &self.omega, &self.yy)
    }

    /// `<W, B diag(omega)>` and `<W, C>`.
    fn products(&self, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> (f64, f64) {
        let (level, k) = (default_level(), self.width());
        let (mut with_y, mut with_c) = (0.0, 0.0);
        for j in 0..w.rows() {
            with_c += dot(level, w.row(j), c.row(j));
            let y = self.xy[j * k..][..k].iter().zip(&self.omega);
            with_y += w
                .row(j)
                .iter()
                .zip(y)
                .map(|(w, (y, o))| w * y * o)
                .sum::<f64>();
        }
        (with_y, with_c)
    }

    /// What value and dual value at `s` times the residuals are apart, but for `Omega`: `1/2 (1 - s)^2 ||r||^2 - s <W, C>`.
    pub(super) fn apart(&self, s: f64, w: MatRef<'_, f64>, c: MatRef<'_, f64>) -> f64 {
        let (with_y, with_c) = self.products(w, c);
        let residual = self.squares() - with_y - with_c;
        0.5 * (1.0 - s) * (1.0 - s) * residual - s * with_c
    }

    /// The best intercepts for `w: d x k`.
    pub(super) fn intercepts(&self, w: MatRef<'_, f64>, b: &mut [f64]) {
        b.copy_from_slice(&self.mean_y);
        for (j, mean) in self.mean_x.iter().enumerate() {
            axpy(default_level(), -mean, w.row(j), b);
        }
    }

    /// Rows `features` of `X'X`, `d` numbers each, behind those in `rows`.
    pub(super) fn gram_rows(&self, features: &[usize], rows: &mut Vec<f64>) {
        let d = self.mean_x.len();
        match &self.form {
            Form::Gram(gram) => {
                for &j in features {
                    rows.extend_from_slice(&gram[j * d..(j + 1) * d]);
                }
            }
            Form::Rows(x, n) => {
                let m = features.len();
                let old = rows.len();
                rows.resize(old + m * d, 0.0);
                let mut some = Vec::with_capacity(n * m);
                for row in x.chunks_exact(d) {
                    some.extend(features.iter().map(|&j| row[j]));
                }
                let (some, x) = (MatRef::planned(&some, *n, m), MatRef::planned(x, *n, d));
                let out = MatMut::planned(&mut rows[old..], m, d);
                product(Product::new(some.t(), x), out);
            }
            Form::Coupled(_) => unreachable!("links that are not apart have no rows of their own"),
        }
    }
}

/// A product with scratch of its own.
pub(super) fn product(p: Product<'_, f64>, c: MatMut<'_, f64>) {
    let (level, inner) = (default_level(), p.a.cols());
    let mut scratch = vec![0.0; gemm_scratch::<f64>(level, c.rows(), inner, c.cols())];
    cognate_kernels::gemm(level, p, c, &mut scratch);
}

/// `out = beta out + alpha gram v` for one column.
fn narrow(alpha: f64, gram: &[f64], v: MatRef<'_, f64>, beta: f64, mut out: MatMut<'_, f64>) {
    let mut column = [0.0; NARROW];
    let column = &mut column[..v.rows()];
    column
        .iter_mut()
        .enumerate()
        .for_each(|(i, c)| *c = v.at(i, 0));
    for (i, row) in gram.chunks_exact(column.len()).enumerate() {
        let product: f64 = row.iter().zip(&*column).map(|(g, v)| g * v).sum();
        let out = &mut out.row_mut(i)[0];
        *out = alpha * product + if beta == 0.0 { 0.0 } else { beta * *out };
    }
}

/// `out = beta out + alpha m`.
fn add_scaled(alpha: f64, m: MatRef<'_, f64>, beta: f64, mut out: MatMut<'_, f64>) {
    for i in 0..m.rows() {
        for (out, m) in out.row_mut(i).iter_mut().zip(m.row(i)) {
            *out = alpha * m + if beta == 0.0 { 0.0 } else { beta * *out };
        }
    }
}
