//! What is deployed: a task's own parameters, made and used without a heap.

use alloc::{vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Real};

use super::Adaptation;
use super::episodes::TargetKind;
use super::model::MetaModel;
use super::tasks::Tasks;
use crate::check;
use crate::error::Result;
use crate::layer::{Ctx, Forward, Mode};
use crate::loss::{Target, Targets};
use crate::objective::Objective;
use crate::workspace::Workspace;

/// What a task changed: the adapted spans' numbers, span after span; the rest is the model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapted<T> {
    /// The numbers.
    pub values: Vec<T>,
}

/// A meta-model at work on one task after the other. All memory is taken at the start, for support sets and batches of up to a number of
/// rows; nothing is allocated after that.
#[derive(Clone, Debug)]
pub struct Adapter<'m, T> {
    model: &'m MetaModel<T>,
    theta: Vec<T>,
    workspace: Workspace<T>,
    rows: usize,
}

impl<'m, T: Real> Adapter<'m, T> {
    /// An adapter for up to `rows` rows at once, which begins with the shared parameters.
    pub fn new(model: &'m MetaModel<T>, rows: usize) -> Self {
        let (shape, rows) = (model.shape(), rows.max(1));
        // The need is one of sizes alone: any numbers of this shape will do.
        let x = vec![T::ZERO; rows * shape.features];
        let values = vec![T::ZERO; rows * shape.targets.outputs()];
        let labels = vec![0; rows];
        let x = MatRef::planned(&x, rows, shape.features);
        let y = match shape.targets {
            TargetKind::Numbers(k) => Targets::values(MatRef::planned(&values, rows, k)),
            TargetKind::Classes(_) => Targets::classes(&labels),
        };
        let range = 0..rows;
        let tasks = model.one_task(x, y, &range);
        let mut workspace = Workspace::new(model.learner().adapt_need(&tasks.support(0)));
        workspace.fit(Forward::<T>::need(&model.net.net(), Mode::Predict, rows, 1));
        Self {
            model,
            theta: model.params().to_vec(),
            workspace,
            rows,
        }
    }

    /// Learns a task from the support rows `x: n x d` with targets `y` by `steps` steps, and forgets the one before.
    ///
    /// # Errors
    /// If a shape or the kind of target does not fit, there are more rows than the adapter was made for, a number is not finite, or the
    /// loss after the steps is not: the adapter then has the shared parameters.
    pub fn adapt(
        &mut self,
        x: MatRef<'_, T>,
        y: Targets<'_, T>,
        steps: usize,
    ) -> Result<Adaptation> {
        self.model.check(x, &y)?;
        check::setting(
            "support rows",
            "at most the adapter's",
            x.rows() as f64,
            x.rows() <= self.rows,
        )?;
        let range = 0..x.rows();
        let tasks = self.model.one_task(x, y, &range);
        self.model.learner().adapt(
            &self.model.meta,
            &tasks.support(0),
            steps,
            &mut self.theta,
            &mut self.workspace.slabs().work,
        )
    }

    /// Outputs for `x: n x d` into `z`, `n x k` row by row.
    ///
    /// # Errors
    /// If `x` has other features, `z` another length, or `x` a number that is not finite.
    pub fn predict_into(&mut self, x: MatRef<'_, T>, z: &mut [T]) -> Result<()> {
        let (shape, k) = (self.model.shape(), self.model.shape().targets.outputs());
        check::shape("x", (x.rows(), x.cols()), (x.rows(), shape.features))?;
        check::shape("z", (z.len(), 1), (x.rows() * k, 1))?;
        check::finite("x", x)?;
        let mut slabs = self.workspace.slabs();
        let (mut x, mut z) = (x, MatMut::planned(z, x.rows(), k));
        while x.rows() > 0 {
            let rows = self.rows.min(x.rows());
            let ((block, more), (links, room)) = (x.split_rows(rows), z.split_rows(rows));
            let net = self.model.net.net();
            net.forward(
                &Ctx::PREDICT,
                &self.theta,
                block,
                links,
                &mut [],
                &mut slabs.work,
            );
            (x, z) = (more, room);
        }
        Ok(())
    }

    /// All parameters of the task.
    pub fn params(&self) -> &[T] {
        &self.theta
    }

    /// What the task changed.
    pub fn adapted(&self) -> Adapted<T> {
        let spans = self.model.adapts().iter();
        Adapted {
            values: spans
                .flat_map(|span| span.of(&self.theta))
                .copied()
                .collect(),
        }
    }

    /// Takes up a task where [`Adapter::adapted`] left it.
    ///
    /// # Panics
    /// If it is of another model: its length differs.
    #[track_caller]
    pub fn load(&mut self, adapted: &Adapted<T>) {
        self.reset();
        let mut rest = &adapted.values[..];
        for span in self.model.adapts() {
            let (own, behind) = rest.split_at(span.len());
            span.of_mut(&mut self.theta).copy_from_slice(own);
            rest = behind;
        }
        assert!(rest.is_empty(), "adapted parameters of another model");
    }

    /// Forgets the task: the shared parameters again.
    pub fn reset(&mut self) {
        self.theta.copy_from_slice(self.model.params());
    }

    /// The mean loss of the task's parameters on rows: `(z - y)^2`, or cross-entropy.
    ///
    /// # Errors
    /// As [`Adapter::adapt`].
    pub fn loss(&mut self, x: MatRef<'_, T>, y: Targets<'_, T>) -> Result<f64> {
        self.model.check(x, &y)?;
        check::setting(
            "rows",
            "at most the adapter's",
            x.rows() as f64,
            x.rows() <= self.rows,
        )?;
        let range = 0..x.rows();
        let tasks = self.model.one_task(x, y, &range);
        let work = &mut self.workspace.slabs().work;
        let loss = tasks
            .support(0)
            .value_grad(&self.theta, None, &mut [], work);
        Ok(loss.to_f64())
    }

    /// The share of rows whose largest logit is that of their class `y`.
    ///
    /// # Errors
    /// As [`Adapter::predict_into`]; `z` is room for the logits.
    pub fn accuracy(&mut self, x: MatRef<'_, T>, y: Target<'_, T>, z: &mut [T]) -> Result<f64> {
        self.predict_into(x, z)?;
        let k = self.model.shape().targets.outputs();
        let Target::Classes(labels) = y else {
            return Ok(f64::NAN);
        };
        let right = z.chunks_exact(k).zip(labels).filter(|(z, label)| {
            let top = (1..k).fold(0, |top, j| if z[j] > z[top] { j } else { top });
            top == **label as usize
        });
        Ok(right.count() as f64 / labels.len() as f64)
    }
}
