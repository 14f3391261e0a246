//! Prototypes (Snell, Swersky and Zemel 2017): a class is the mean of its support features.
//!
//! With `p_c = sum of u_i h_i over class c / sum of u_i` (C x d) and a query feature `h`,
//! ```text
//! squared distance    z_c = -|h - p_c|^2                          dz_c/dh = -2 (h - p_c)      dz_c/dp_c = 2 (h - p_c)
//! cosine              z_c = s cos(h, p_c) = s h^ . p^_c           h^ = h / |h|, s learned across tasks, as its logarithm
//! ```
//! and a row of class c passes on `u_i / sum u` of what its prototype gets. A vector of length 0 has no direction: its cosines and
//! their gradients are 0. Some libraries use the distance and not its square, which is another softmax.
//!
//! Since `|h|^2` is common to a row's classes, squared distances are the linear head `W_c = 2 p_c`, `b_c = -|p_c|^2` to every softmax:
//! from there ProtoMAML starts its steps (Triantafillou and others 2020).

use cognate_kernels::{Level, MatMut, MatRef, Product, Real, dot, scale, sum_squares};

use super::support::{Support, finite};
use super::{Head, HeadAdjoint, HeadGradient, HeadPoint, Shape};
use crate::error::{Error, Result};
use crate::loss::Target;
use crate::workspace::{Need, Work, cut_mut};

/// How near a feature is to a prototype.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Nearness {
    /// `-|h - p|^2`.
    SquaredDistance,
    /// The cosine of the angle, times a scale that starts here (10 in most work).
    Cosine {
        /// `s` at the start of meta-training.
        scale: f64,
    },
}

/// Nearness to the classes' mean features; targets are classes, each with a row of weight in the support set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrototypeHead {
    /// What the outputs are.
    pub nearness: Nearness,
}

impl PrototypeHead {
    /// Squared distances.
    pub const SQUARED: Self = Self {
        nearness: Nearness::SquaredDistance,
    };

    /// Cosines, times 10 at the start.
    pub const COSINE: Self = Self {
        nearness: Nearness::Cosine { scale: 10.0 },
    };
}

/// The class of row `i`, and its share of the class's mean.
fn share<T: Real>(support: &Support<'_, T>, i: usize, totals: &[T]) -> (usize, T) {
    let Target::Classes(labels) = support.y.target else {
        panic!("prototypes want class labels");
    };
    let class = labels[i] as usize;
    (class, support.y.weight(i, 0) / totals[class])
}

/// The weight of each class, in `totals`.
fn class_weights<T: Real>(support: &Support<'_, T>, totals: &mut [T]) -> Result<()> {
    let Target::Classes(labels) = support.y.target else {
        return Err(Error::Setting {
            name: "the targets of prototypes",
            must: "classes",
            found: f64::NAN,
        });
    };
    totals.fill(T::ZERO);
    for (i, &class) in labels.iter().enumerate() {
        totals[class as usize] += support.y.weight(i, 0);
    }
    match totals.iter().position(|&total| total == T::ZERO) {
        None => Ok(()),
        Some(class) => Err(Error::FewRows {
            class: class as u32,
            found: 0,
            needed: 1,
        }),
    }
}

/// The classes' means into `means: C x d`, and their weights into `totals`.
pub(super) fn class_means<T: Real>(
    support: &Support<'_, T>,
    mut means: MatMut<'_, T>,
    totals: &mut [T],
) -> Result<()> {
    support.check()?;
    class_weights(support, totals)?;
    means.fill(T::ZERO);
    for i in 0..support.h.rows() {
        let (class, part) = share(support, i, totals);
        if part == T::ZERO {
            continue; // A row without weight may hold anything.
        }
        for (mean, &h) in means.row_mut(class).iter_mut().zip(support.h.row(i)) {
            *mean += part * h;
        }
    }
    Ok(())
}

/// Rows scaled to length 1, a row of length 0 as it is; the lengths, 0 or not, into `lengths`.
pub(super) fn unit_rows<T: Real>(mut rows: MatMut<'_, T>, lengths: &mut [T], level: Level) {
    for (i, length) in lengths.iter_mut().enumerate() {
        let row = rows.row_mut(i);
        *length = sum_squares(level, row).sqrt();
        if *length > T::ZERO {
            scale(level, T::ONE / *length, row);
        }
    }
}

/// From the gradient by a unit vector `u = v / |v|` to that by `v`: `(g - u (u . g)) / |v|`, in place.
fn unit_adjoint<T: Real>(u: MatRef<'_, T>, lengths: &[T], mut g: MatMut<'_, T>, level: Level) {
    for (i, &length) in lengths.iter().enumerate() {
        let (u, g) = (u.row(i), g.row_mut(i));
        let along = dot(level, u, g);
        let factor = if length > T::ZERO {
            T::ONE / length
        } else {
            T::ZERO
        };
        for (g, &u) in g.iter_mut().zip(u) {
            *g = (*g - u * along) * factor;
        }
    }
}

/// `z = -|h - p|^2` by products: `2 h.p - |h|^2 - |p|^2` loses the digits that both have in common, so differences are taken.
fn squared_distances<T: Real>(h: MatRef<'_, T>, prototypes: MatRef<'_, T>, mut z: MatMut<'_, T>) {
    for i in 0..h.rows() {
        for c in 0..prototypes.rows() {
            let pairs = h.row(i).iter().zip(prototypes.row(c));
            let near = pairs.fold(T::ZERO, |sum, (&h, &p)| sum - (h - p) * (h - p));
            z.set(i, c, near);
        }
    }
}

impl PrototypeHead {
    /// The gradient by the prototypes of squared distances into `dp`, by the query into `into.query`.
    fn squared_adjoint<T: Real>(
        (h, prototypes): (MatRef<'_, T>, MatRef<'_, T>),
        dz: MatRef<'_, T>,
        (mut dh, mut dp): (MatMut<'_, T>, MatMut<'_, T>),
        w: &mut Work<'_, T>,
    ) {
        let two = T::ONE + T::ONE;
        for i in 0..h.rows() {
            let total = two * (0..dz.cols()).fold(T::ZERO, |sum, c| sum + dz.at(i, c));
            let pairs = dh.row_mut(i).iter_mut().zip(h.row(i));
            pairs.for_each(|(d, &h)| *d = -total * h);
        }
        w.gemm(Product::new(dz, prototypes).alpha(two).beta(T::ONE), dh);
        for c in 0..prototypes.rows() {
            let total = two * (0..dz.rows()).fold(T::ZERO, |sum, i| sum + dz.at(i, c));
            let pairs = dp.row_mut(c).iter_mut().zip(prototypes.row(c));
            pairs.for_each(|(d, &p)| *d = -total * p);
        }
        w.gemm(Product::new(dz.t(), h).alpha(two).beta(T::ONE), dp);
    }

    /// The same of cosines times `s`; returns the gradient by `ln s`.
    fn cosine_adjoint<T: Real>(
        s: T,
        (h, prototypes): (MatRef<'_, T>, MatRef<'_, T>),
        dz: MatRef<'_, T>,
        (mut dh, mut dp): (MatMut<'_, T>, MatMut<'_, T>),
        w: &mut Work<'_, T>,
    ) -> T {
        let ((m, d), c, level) = ((h.rows(), h.cols()), prototypes.rows(), w.level());
        let (slab, mut w) = w.take(m * d + c * d + m + c);
        let ([units, means, lengths, norms], _) = cut_mut(slab, [m * d, c * d, m, c]);
        let mut units = MatMut::planned(units, m, d);
        let mut means = MatMut::planned(means, c, d);
        units.copy_from(h);
        means.copy_from(prototypes);
        unit_rows(units.rb_mut(), lengths, level);
        unit_rows(means.rb_mut(), norms, level);
        w.gemm(Product::new(dz, means.rb()).alpha(s), dh.rb_mut());
        w.gemm(Product::new(dz.t(), units.rb()).alpha(s), dp.rb_mut());
        let rows = (0..m).map(|i| dot(level, dh.rb().row(i), units.rb().row(i)));
        let d_log = rows.fold(T::ZERO, |sum, row| sum + row);
        unit_adjoint(units.rb(), lengths, dh, level);
        unit_adjoint(means.rb(), norms, dp, level);
        d_log
    }
}

impl<T: Real> Head<T> for PrototypeHead {
    fn params(&self) -> usize {
        match self.nearness {
            Nearness::SquaredDistance => 0,
            Nearness::Cosine { .. } => 1,
        }
    }

    fn start(&self, p: &mut [T]) {
        if let Nearness::Cosine { scale } = self.nearness {
            p[0] = T::from_f64(scale).ln();
        }
    }

    fn fitted(&self, shape: &Shape) -> usize {
        shape.outputs * shape.features
    }

    fn need(&self, shape: &Shape) -> Need {
        let rows = shape.query + 2 * shape.outputs;
        Need {
            saved: shape.outputs,
            ..Need::scratch(rows * (shape.features + 1))
        }
    }

    fn fit(
        &self,
        _p: &[T],
        support: &Support<'_, T>,
        fitted: &mut [T],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> Result<()> {
        let (c, d) = (support.outputs, support.h.cols());
        let fitted = &mut fitted[..c * d];
        class_means(support, MatMut::planned(fitted, c, d), &mut saved[..c])?;
        finite(fitted, w.level())
    }

    fn predict(
        &self,
        p: &[T],
        fitted: &[T],
        h: MatRef<'_, T>,
        mut z: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let ((d, c), level) = ((h.cols(), z.cols()), w.level());
        let prototypes = MatRef::planned(fitted, c, d);
        if self.nearness == Nearness::SquaredDistance {
            return squared_distances(h, prototypes, z);
        }
        let (slab, mut w) = w.take(c * d + c);
        let ([means, norms], _) = cut_mut(slab, [c * d, c]);
        let mut means = MatMut::planned(means, c, d);
        means.copy_from(prototypes);
        unit_rows(means.rb_mut(), norms, level);
        w.gemm(Product::new(h, means.rb().t()), z.rb_mut());
        for i in 0..h.rows() {
            let length = sum_squares(level, h.row(i)).sqrt();
            let factor = if length > T::ZERO {
                p[0].exp() / length
            } else {
                T::ZERO
            };
            for j in 0..c {
                z.set(i, j, factor * z.at(i, j));
            }
        }
    }
}

impl<T: Real> HeadAdjoint<T> for PrototypeHead {
    fn adjoint(
        &self,
        p: &[T],
        at: &HeadPoint<'_, T>,
        dz: MatRef<'_, T>,
        mut into: HeadGradient<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        let (c, d) = (dz.cols(), at.query.cols());
        let (dp, mut w) = w.take(c * d);
        let mut dp = MatMut::planned(dp, c, d);
        let of = (at.query, MatRef::planned(at.fitted, c, d));
        let places = (into.query.rb_mut(), dp.rb_mut());
        match self.nearness {
            Nearness::SquaredDistance => Self::squared_adjoint(of, dz, places, &mut w),
            Nearness::Cosine { .. } => {
                into.params[0] = Self::cosine_adjoint(p[0].exp(), of, dz, places, &mut w);
            }
        }
        for i in 0..at.support.h.rows() {
            let (class, part) = share(&at.support, i, &at.saved[..c]);
            for j in 0..d {
                into.support.set(i, j, part * dp.at(class, j));
            }
        }
    }
}

/// The linear head that squared distances to `prototypes: C x d` are: `W = 2 P'` into `weights: d x C`, `b_c = -|p_c|^2` into `bias`.
pub fn prototypes_as_linear<T: Real>(
    prototypes: MatRef<'_, T>,
    mut weights: MatMut<'_, T>,
    bias: &mut [T],
    level: Level,
) {
    for (c, bias) in bias.iter_mut().enumerate() {
        let row = prototypes.row(c);
        *bias = -sum_squares(level, row);
        for (j, &p) in row.iter().enumerate() {
            weights.set(j, c, p + p);
        }
    }
}

/// From the gradient by that linear head to the gradient by the prototypes: `dp_c = 2 dW_c - 2 db_c p_c`, into `dp: C x d`.
pub fn prototypes_as_linear_adjoint<T: Real>(
    prototypes: MatRef<'_, T>,
    d_weights: MatRef<'_, T>,
    d_bias: &[T],
    mut dp: MatMut<'_, T>,
) {
    for (c, &db) in d_bias.iter().enumerate() {
        for j in 0..prototypes.cols() {
            let half = d_weights.at(j, c) - db * prototypes.at(c, j);
            dp.set(c, j, half + half);
        }
    }
}
