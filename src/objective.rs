//! The hinge: a function of one flat parameter vector.
//!
//! Models make objectives out of data, a network or a linear map, and a loss; optimisers, meta-learners and certificates use nothing
//! else. Hessian products are exact, by the layers' tangent verbs, never differences.

pub mod linear;
pub mod net;
#[cfg(feature = "alloc")]
mod preconditioner;

use cognate_kernels::Real;

use crate::workspace::{Need, Work};

/// A smooth function of `p` (flat, [`Objective::len`] numbers) with first and second derivatives.
pub trait Objective<T: Real> {
    /// Number of parameters.
    fn len(&self) -> usize;

    /// Whether there are no parameters.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory: `saved` holds a visited point for the products, `scratch` is free after each call.
    fn need(&self) -> Need;

    /// The value at `p`, and the gradient into `g` if wanted. With `g`, `saved` then holds the point for [`Objective::hvp`].
    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], w: &mut Work<'_, T>) -> T;

    /// `out = H v`, H the Hessian at the point that `saved` holds (the `p` of the last call of `value_grad` with a gradient). Exact.
    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>);

    /// `v = P v`, P a symmetric positive definite estimate of the inverse Hessian, always the same, from which solvers start; false, and
    /// nothing is done, where there is none.
    fn precondition(&self, _v: &mut [T], _w: &mut Work<'_, T>) -> bool {
        false
    }

    /// `out = G v`, G the Gauss-Newton matrix `J' H_loss J` at the same point: positive semidefinite for convex losses.
    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>);
}

/// A reference to an objective is the objective.
impl<T: Real, O: Objective<T> + ?Sized> Objective<T> for &O {
    fn len(&self) -> usize {
        (**self).len()
    }

    fn need(&self) -> Need {
        (**self).need()
    }

    fn value_grad(&self, p: &[T], g: Option<&mut [T]>, saved: &mut [T], w: &mut Work<'_, T>) -> T {
        (**self).value_grad(p, g, saved, w)
    }

    fn hvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        (**self).hvp(p, saved, v, out, w);
    }

    fn precondition(&self, v: &mut [T], w: &mut Work<'_, T>) -> bool {
        (**self).precondition(v, w)
    }

    fn gnvp(&self, p: &[T], saved: &[T], v: &[T], out: &mut [T], w: &mut Work<'_, T>) {
        (**self).gnvp(p, saved, v, out, w);
    }
}

/// An objective that is a sum over tasks, for methods that weigh the tasks by their gradients.
pub trait TaskObjective<T: Real>: Objective<T> {
    /// Number of tasks.
    fn tasks(&self) -> usize;

    /// Each task's value (`T` numbers) and the Gram matrix of their gradients on the shared spans (`T x T`), in f64.
    fn values_gram(
        &self,
        p: &[T],
        values: &mut [f64],
        gram: &mut [f64],
        saved: &mut [T],
        w: &mut Work<'_, T>,
    );

    /// The gradient of `sum_t weights_t L_t` at the point that `saved` holds; heads keep weight 1.
    fn weighted_grad(
        &self,
        p: &[T],
        weights: &[f64],
        saved: &[T],
        g: &mut [T],
        w: &mut Work<'_, T>,
    );
}
