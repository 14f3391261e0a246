//! Relations between heads: `R(W) = 1/2 sum over s, t of P_st <W_s, W_t> = 1/2 tr(W P W')`.
//!
//! `W_t` is the weight of task t's head, all of one shape, and `P = lambda K^-1` a `T x T` task precision, symmetric, positive
//! semidefinite: what a linear method does to its coefficients, done to the last layer of a network that the tasks share. Then
//! ```text
//! dR/dW_s = sum over t of P_st W_t        H V = the same of V
//! ```
//! Biases are left alone.

use alloc::vec::Vec;

use cognate_kernels::{Level, Real, axpy, dot};

use crate::check;
use crate::error::{Error, Result};
use crate::params::Span;

/// The penalty of a task precision on the weights of heads.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadRelation {
    heads: Vec<Span>,
    precision: Vec<f64>,
}

impl HeadRelation {
    /// The penalty on `heads`, one a task, of `precision`: `T x T`, row-major.
    ///
    /// # Errors
    /// If there are no heads or they differ in shape, or the precision is not `T x T`, finite and symmetric.
    pub fn new(heads: &[Span], precision: &[f64]) -> Result<Self> {
        let tasks = heads.len();
        check::not_empty("heads", tasks)?;
        for head in heads {
            let expected = (heads[0].rows, heads[0].cols);
            check::shape("heads", (head.rows, head.cols), expected)?;
        }
        check::shape("precision", (precision.len(), 1), (tasks * tasks, 1))?;
        for (k, &entry) in precision.iter().enumerate() {
            let (row, column) = (k / tasks, k % tasks);
            if !entry.is_finite() {
                return Err(Error::NotFinite {
                    argument: "precision",
                    row,
                    column,
                });
            }
            if entry != precision[column * tasks + row] {
                return Err(Error::Setting {
                    name: "precision",
                    must: "symmetric",
                    found: entry,
                });
            }
        }
        Ok(Self {
            heads: heads.to_vec(),
            precision: precision.to_vec(),
        })
    }

    /// `R` at the weights in `p`.
    pub fn value<T: Real>(&self, level: Level, p: &[T]) -> f64 {
        let pairs = self.pairs().map(|(s, t, weight)| {
            let product = dot(level, s.of(p), t.of(p));
            weight * product.to_f64()
        });
        0.5 * pairs.sum::<f64>()
    }

    /// `out += kappa H v`: the gradient at `v`, and the Hessian's product with it anywhere.
    pub fn add_product<T: Real>(&self, level: Level, kappa: T, v: &[T], out: &mut [T]) {
        for (s, t, weight) in self.pairs() {
            let weight = kappa * T::from_f64(weight);
            axpy(level, weight, t.of(v), s.of_mut(out));
        }
    }

    /// Every two heads that are related, in both orders, with their precision.
    fn pairs(&self) -> impl Iterator<Item = (Span, Span, f64)> + '_ {
        let tasks = self.heads.len();
        let related = self.precision.iter().enumerate();
        let related = related.filter(|(_, weight)| **weight != 0.0);
        related.map(move |(k, &weight)| (self.heads[k / tasks], self.heads[k % tasks], weight))
    }
}
