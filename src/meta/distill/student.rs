//! Training a student: any layer with parameters, taught one task or several.
//!
//! On a mini-batch of s rows, with the tasks' lessons `l_t` ([`Lessons`]),
//! ```text
//! 1/s (sum_i sum_t w_t l_t(z_it, [v_it, y_it]) + decay/2 |W|^2)
//! ```
//! Every row counts the same, labelled or not, so that the teacher's part of the loss does not depend on how many labels there are.

use alloc::vec::Vec;

use cognate_kernels::{MatRef, Real};

use super::{Annealing, Lessons, Pupil, Taught};
use crate::check;
use crate::error::Result;
use crate::layer::Tangent;
use crate::meta::MiniBatches;
use crate::objective::net::NetObjective;
use crate::optim::{Callback, Report};
use crate::params::Span;

/// How a student is trained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distillation {
    /// Mini-batches, epochs, rate.
    pub training: MiniBatches,
    /// Strength of the penalty on weights, at least 0. Default 0.
    pub decay: f64,
    /// Whether the lessons' `alpha` gives way to a rise from 0 towards 1 over all epochs, none of which is left out then. Default false.
    pub anneal: bool,
}

/// A student: a layer from features to the links of its tasks, side by side.
pub struct Student<'a, T> {
    /// The layer.
    pub net: &'a (dyn Tangent<T> + Sync),
    /// The spans that are penalised, usually all weights and no bias.
    pub weights: &'a [Span],
    /// All its parameters, to be moved.
    pub params: &'a mut [T],
    /// Its tasks, in the order of their links.
    pub tasks: &'a [Pupil],
}

impl Distillation {
    /// Trains `student` on rows `x: n x d`, of which the tasks' teachers and the truth say `taught`: of several tasks, [`Taught::together`].
    ///
    /// # Errors
    /// If a setting is not allowed, there are no rows, a number is not finite, or the first epoch's objective is not.
    ///
    /// # Panics
    /// If the student's outputs or the columns of `taught` are not those of the tasks.
    pub fn train<T: Real>(
        &self,
        student: Student<'_, T>,
        x: MatRef<'_, T>,
        taught: &Taught<T>,
        callback: Callback<'_>,
    ) -> Result<Report> {
        let decay = self.decay;
        check::setting("decay", "at least 0", decay, decay >= 0.0)?;
        for task in student.tasks {
            task.lesson.check()?;
        }
        let mut training = self.training.clone();
        let annealing = Annealing {
            steps: training.steps(x.rows()),
        };
        if self.anneal {
            training.n_iter_no_change = usize::MAX;
        }
        let (net, count) = (student.net, student.params.len());
        training.train(
            (x, taught.targets()),
            student.params,
            &|batch, use_it| {
                let mut tasks: Vec<Pupil> = student.tasks.to_vec();
                for task in tasks.iter_mut().filter(|_| self.anneal) {
                    task.lesson = task.lesson.with_alpha(annealing.alpha(batch.step));
                }
                let rows = batch.x.rows() as f64;
                use_it(&NetObjective {
                    scale: T::from_f64(1.0 / rows),
                    l2: T::from_f64(self.decay / rows),
                    penalised: student.weights,
                    ..NetObjective::new(net, Lessons(&tasks), count, batch.x, batch.y)
                });
            },
            callback,
        )
    }
}
