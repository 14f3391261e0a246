//! Similarity-preserving distillation (Tung and Mori 2019): rows that the teacher finds alike shall be alike to the student.
//!
//! With hidden units `A: b x d` of a batch, the teacher's `V: b x e` (any width), and `norm` that scales each row to length 1,
//! ```text
//! G = A A'        N = norm(G)        M = norm(V V')        D = N - M        l = |D|^2 / b^2
//! dG_i = 2/b^2 (D_i - N_i (N_i . D_i)) / |G_i|             dA = (dG + dG') A
//! ```
//! A Hessian product differentiates these lines along `RA`. The loss compares the rows that it is given with each other, so it is one of a
//! batch, not a sum over rows. Rows of weight 0, and rows of length 0, are like none; other weights are not looked at. Costs `b^2 (d + e)`.

use cognate_kernels::{Level, MatMut, MatRef, Product, Real, dot, scale as scale_by, sum_squares};

use crate::loss::{Loss, Target, Targets};
use crate::workspace::{Need, Work, cut, cut_mut};

/// The distance between the rows' normalised Gram matrices; targets are the teacher's hidden units, `b x e`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Similarity;

/// The rows that count, and zeros for the others.
fn rows_that_count<T: Real>(
    from: MatRef<'_, T>,
    y: &Targets<'_, T>,
    mut into: MatMut<'_, T>,
) -> usize {
    let mut count = 0;
    for i in 0..from.rows() {
        let counts = y.weight(i, 0) != T::ZERO;
        count += usize::from(counts);
        for j in 0..from.cols() {
            into.set(i, j, if counts { from.at(i, j) } else { T::ZERO });
        }
    }
    count
}

/// Rows scaled to length 1; what they were multiplied by, 0 for a row of length 0, into `factors`.
fn normalise<T: Real>(mut gram: MatMut<'_, T>, factors: &mut [T], level: Level) {
    for (i, factor) in factors.iter_mut().enumerate() {
        let row = gram.row_mut(i);
        let length = sum_squares(level, row).sqrt();
        *factor = if length > T::ZERO {
            T::ONE / length
        } else {
            T::ZERO
        };
        scale_by(level, *factor, row);
    }
}

/// `m = m + m'`.
fn add_transposed<T: Real>(mut m: MatMut<'_, T>) {
    for i in 0..m.rows() {
        for j in 0..=i {
            let sum = m.at(i, j) + m.at(j, i);
            m.set(i, j, sum);
            m.set(j, i, sum);
        }
    }
}

/// The visited point: `N`, `D`, and the factors `1 / |G_i|`.
struct Point<'a, T> {
    n: MatRef<'a, T>,
    d: MatRef<'a, T>,
    factors: &'a [T],
    /// `2 scale / b^2`.
    weight: T,
}

impl<T: Real> Point<'_, T> {
    /// `dG` into `into`.
    fn d_gram(&self, mut into: MatMut<'_, T>, level: Level) {
        for (i, &factor) in self.factors.iter().enumerate() {
            let (n, d) = (self.n.row(i), self.d.row(i));
            let along = dot(level, n, d);
            let row = into.row_mut(i).iter_mut().zip(n.iter().zip(d));
            row.for_each(|(g, (&n, &d))| *g = self.weight * (d - n * along) * factor);
        }
    }

    /// Row by row, `RG` in `rg` becomes the derivative of `dG`: with `RN = (RG - N (N . RG)) / |G|`,
    /// `R dG = (2/b^2 (RN - RN (N . D) - N (RN . D + N . RN)) - dG (N . RG)) / |G|`.
    fn r_d_gram(&self, d_gram: MatRef<'_, T>, mut rg: MatMut<'_, T>, level: Level) {
        for (i, &factor) in self.factors.iter().enumerate() {
            let (n, d, rg) = (self.n.row(i), self.d.row(i), rg.row_mut(i));
            let length = dot(level, n, rg);
            for (rg, &n) in rg.iter_mut().zip(n) {
                *rg = (*rg - n * length) * factor;
            }
            let (along, turn) = (dot(level, n, d), dot(level, rg, d) + dot(level, n, rg));
            for (j, rn) in rg.iter_mut().enumerate() {
                let turned = self.weight * (*rn - *rn * along - n[j] * turn);
                *rn = (turned - d_gram.at(i, j) * length) * factor;
            }
        }
    }
}

/// `2 scale / b^2`.
fn weight<T: Real>(scale: T, count: usize) -> T {
    let count = T::from_usize(count.max(1));
    (scale + scale) / (count * count)
}

impl<T: Real> Loss<T> for Similarity {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        // The teacher's units, any number, are taken one after the other.
        Need {
            saved: 2 * rows * rows + rows,
            ..Need::scratch(2 * rows * rows + 2 * rows * outputs + 2 * rows)
        }
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        let Target::Values(teacher) = y.target else {
            panic!("similarity wants the teacher's units");
        };
        let ((b, k), level) = ((z.rows(), z.cols()), w.level());
        assert_eq!(teacher.rows(), b, "targets against outputs");
        let ([n, d, factors], _) = cut_mut(saved, [b * b, b * b, b]);
        let (slab, mut w) = w.take(b * k + b * b + 2 * b);
        let ([a, dg, column, of_teacher], _) = cut_mut(slab, [b * k, b * b, b, b]);
        let count = rows_that_count(z, y, MatMut::planned(a, b, k));
        let a = MatRef::planned(a, b, k);
        let (mut n, mut d) = (MatMut::planned(n, b, b), MatMut::planned(d, b, b));
        w.gemm(Product::new(a, a.t()), n.rb_mut());
        normalise(n.rb_mut(), factors, level);
        for unit in 0..teacher.cols() {
            let mut column = MatMut::planned(column, b, 1);
            rows_that_count(teacher.cols_range(unit..unit + 1), y, column.rb_mut());
            let beta = if unit == 0 { T::ZERO } else { T::ONE };
            let outer = Product::new(column.rb(), column.rb().t()).beta(beta);
            w.gemm(outer, d.rb_mut());
        }
        normalise(d.rb_mut(), of_teacher, level);
        let mut total = 0.0;
        for i in 0..b {
            for (d, &n) in d.row_mut(i).iter_mut().zip(n.rb().row(i)) {
                *d = n - *d;
                total += (*d * *d).to_f64();
            }
        }
        let point = Point {
            n: n.rb(),
            d: d.rb(),
            factors,
            weight: weight(scale, count),
        };
        if let Some(dz) = dz {
            let mut dg = MatMut::planned(dg, b, b);
            point.d_gram(dg.rb_mut(), level);
            add_transposed(dg.rb_mut());
            w.gemm(Product::new(dg.rb(), a), dz);
        }
        T::from_f64(0.5 * point.weight.to_f64() * total)
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        mut rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let ((b, k), level) = ((z.rows(), z.cols()), w.level());
        let ([n, d, factors], _) = cut(saved, [b * b, b * b, b]);
        let (slab, mut w) = w.take(2 * b * k + 2 * b * b);
        let ([a, ra, dg, rg], _) = cut_mut(slab, [b * k, b * k, b * b, b * b]);
        let count = rows_that_count(z, y, MatMut::planned(a, b, k));
        rows_that_count(rz, y, MatMut::planned(ra, b, k));
        let (a, ra) = (MatRef::planned(a, b, k), MatRef::planned(ra, b, k));
        let (mut dg, mut rg) = (MatMut::planned(dg, b, b), MatMut::planned(rg, b, b));
        let point = Point {
            n: MatRef::planned(n, b, b),
            d: MatRef::planned(d, b, b),
            factors,
            weight: weight(scale, count),
        };
        point.d_gram(dg.rb_mut(), level);
        w.gemm(Product::new(a, ra.t()), rg.rb_mut());
        add_transposed(rg.rb_mut());
        point.r_d_gram(dg.rb(), rg.rb_mut(), level);
        add_transposed(dg.rb_mut());
        add_transposed(rg.rb_mut());
        w.gemm(Product::new(dg.rb(), ra), rdz.rb_mut());
        w.gemm(Product::new(rg.rb(), a).beta(T::ONE), rdz);
    }
}
