//! Conjugate gradients (Hestenes and Stiefel 1952): `A x = b` for a symmetric positive definite A that is known by its products alone.
//!
//! ```text
//! x = 0,  r = b,  z = M r,  p = z
//! until ||r|| <= tol ||b||:
//!     a = r'z / p'A p,   x += a p,   r -= a A p
//!     z = M r,           p = z + (r'z / the r'z before) p
//! ```
//! M is an optional diagonal preconditioner, an estimate of the inverse of A's diagonal. Every x on the way minimises `1/2 x'A x - b'x`
//! over the space searched so far, so stopping early is useful: Newton's method does (Steihaug 1983).
//!
//! *A need not be definite.* The curvature along p, `p'A p / p'M^-1 p`, is judged against the largest one met: negative, zero, or
//! positive but lost in the rounding of that one (eps times it), it ends the work. So a singular A does no harm.

use cognate_kernels::{Level, Real, axpy, dot};

/// Settings of [`Cg::solve`].
#[derive(Clone, Copy, Debug)]
pub struct Cg<'a, T> {
    /// Most products with A.
    pub max_iter: usize,
    /// Solved when `||b - A x|| <= tol ||b||`.
    pub tol: f64,
    /// Diagonal of M: positive, as long as `b`.
    pub inverse_diagonal: Option<&'a [T]>,
}

/// Why [`Cg::solve`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CgStop {
    /// The residual is as small as was asked.
    Converged,
    /// All products are used.
    MaxIterations,
    /// A direction of zero or negative curvature was met; `x` is where it was.
    Curvature,
    /// A number became NaN or infinite; `x` is the last finite one.
    NotFinite,
}

/// The outcome of [`Cg::solve`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CgReport {
    /// Steps taken: `x` is 0 if there was none.
    pub iterations: usize,
    /// Products with A.
    pub products: usize,
    /// `||b - A x||` by the recurrence, which rounding can part from the true one.
    pub residual: f64,
    /// Why the work ended.
    pub stopped: CgStop,
}

/// Elements of scratch that [`Cg::solve`] needs for `n` unknowns.
pub const fn cg_scratch(n: usize) -> usize {
    4 * n
}

impl<T: Real> Cg<'_, T> {
    /// Solves `A x = b` from `x = 0`; `apply(v, out)` writes `A v`. `b`, `x`: n; `scratch`: [`cg_scratch`]`(n)`.
    ///
    /// # Panics
    /// If the lengths do not fit.
    #[track_caller]
    pub fn solve(
        &self,
        level: Level,
        mut apply: impl FnMut(&[T], &mut [T]),
        b: &[T],
        x: &mut [T],
        scratch: &mut [T],
    ) -> CgReport {
        let n = b.len();
        assert_eq!(n, x.len());
        let (r, rest) = scratch[..cg_scratch(n)].split_at_mut(n);
        let (z, rest) = rest.split_at_mut(n);
        let (p, ap) = rest.split_at_mut(n);
        x.fill(T::ZERO);
        r.copy_from_slice(b);
        self.precondition(r, z);
        p.copy_from_slice(z);
        let mut rz = dot(level, r, z);
        let mut report = CgReport {
            iterations: 0,
            products: 0,
            residual: norm(level, r),
            stopped: CgStop::Converged,
        };
        let enough = self.tol * report.residual;
        let mut top = 0.0f64;
        while report.residual > enough {
            if report.products == self.max_iter {
                report.stopped = CgStop::MaxIterations;
                break;
            }
            apply(p, ap);
            report.products += 1;
            let product = dot(level, p, ap);
            let curvature = product.to_f64() / self.square(level, p);
            if !(curvature.is_finite() && norm(level, ap).is_finite()) {
                report.stopped = CgStop::NotFinite;
                break;
            }
            top = top.max(curvature);
            if curvature <= T::EPSILON.to_f64() * top {
                report.stopped = CgStop::Curvature;
                break;
            }
            let a = rz / product;
            axpy(level, a, p, x);
            axpy(level, -a, ap, r);
            self.precondition(r, z);
            let before = core::mem::replace(&mut rz, dot(level, r, z));
            let b = rz / before;
            for i in 0..n {
                p[i] = z[i] + b * p[i];
            }
            report.iterations += 1;
            report.residual = norm(level, r);
        }
        report
    }

    /// `p' M^-1 p`.
    fn square(&self, level: Level, p: &[T]) -> f64 {
        match self.inverse_diagonal {
            None => dot(level, p, p).to_f64(),
            Some(m) => {
                let terms = p
                    .iter()
                    .zip(m)
                    .map(|(&p, &m)| p.to_f64() * p.to_f64() / m.to_f64());
                terms.sum()
            }
        }
    }

    fn precondition(&self, r: &[T], z: &mut [T]) {
        match self.inverse_diagonal {
            None => z.copy_from_slice(r),
            Some(m) => {
                for i in 0..r.len() {
                    z[i] = m[i] * r[i];
                }
            }
        }
    }
}

fn norm<T: Real>(level: Level, x: &[T]) -> f64 {
    Real::sqrt(dot(level, x, x).to_f64())
}
