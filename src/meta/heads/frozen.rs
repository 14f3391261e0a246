//! A head on a frozen body, or on raw inputs: the baselines that a meta-learner has to beat.
//!
//! *Baseline* (Chen and others 2019): train a network on all classes at once, throw its last layer away, and fit a linear head
//! ([`LogisticHead`](super::LogisticHead)) on its features for every new task; *baseline++* fits a [`CosineHead`](super::CosineHead), and
//! SimpleShot takes the nearest mean ([`CentroidHead`](super::CentroidHead)). Without layers the features are the inputs themselves.

use alloc::{vec, vec::Vec};
use core::ops::Range;

use cognate_kernels::{MatMut, MatRef, Real};

use super::{Head, Shape, Support};
use crate::check;
use crate::error::Result;
use crate::layer::{Ctx, Dense, Forward, Mode, Stack};
use crate::loss::{Target, Targets};
use crate::meta::Score;
use crate::meta::episodes::{EpisodeBatch, Episodes};
use crate::model::Network;
use crate::workspace::Workspace;

/// A head on features that do not change.
#[derive(Clone, Copy, Debug)]
pub struct Frozen<'a, T, H> {
    /// The body; none for raw inputs.
    pub layers: &'a [Dense],
    /// The parameters of its layers.
    pub params: &'a [T],
    /// The head, which learns nothing across tasks: it keeps the numbers that it starts with.
    pub head: H,
}

impl<T: Real, H: Head<T>> Frozen<'_, T, H> {
    /// The head on raw inputs.
    pub fn raw(head: H) -> Self {
        Self {
            layers: &[],
            params: &[],
            head,
        }
    }
}

impl<'a, T: Real, H: Head<T>> Frozen<'a, T, H> {
    /// The head on the last hidden layer of a trained network.
    pub fn on(network: &'a Network<T>, head: H) -> Self {
        let layers = network.layers();
        Self {
            layers: &layers[..layers.len() - 1],
            params: network.params(),
            head,
        }
    }

    /// The features of `x: n x in`: `n x d`, row by row.
    ///
    /// # Errors
    /// If `x` has other columns than the body has inputs, or a number that is not finite.
    pub fn features(&self, x: MatRef<'_, T>) -> Result<Vec<T>> {
        check::finite("x", x)?;
        let n = x.rows();
        let (inputs, d) = match (self.layers.first(), self.layers.last()) {
            (Some(first), Some(last)) => (first.weight.rows, last.weight.cols),
            _ => (x.cols(), x.cols()),
        };
        check::shape("x", (n, x.cols()), (n, inputs))?;
        let mut h = vec![T::ZERO; n * d];
        let mut into = MatMut::planned(&mut h, n, d);
        if self.layers.is_empty() {
            into.copy_from(x);
            return Ok(h);
        }
        let stack = Stack(self.layers);
        let mut workspace = Workspace::new(Forward::<T>::need(&stack, Mode::Predict, n, 1));
        let work = &mut workspace.slabs().work;
        stack.forward(&Ctx::PREDICT, self.params, x, into, &mut [], work);
        Ok(h)
    }

    /// The outputs for `query: m x in` after learning the support rows `x: n x in` with targets `y`: `m x outputs`, row by row.
    ///
    /// # Errors
    /// If rows do not fit the body, the targets do not fit the head, or it has no fit.
    pub fn adapt_and_predict(
        &self,
        (x, y): (MatRef<'_, T>, Targets<'_, T>),
        outputs: usize,
        query: MatRef<'_, T>,
    ) -> Result<Vec<T>> {
        let (h, asked) = (self.features(x)?, self.features(query)?);
        let (n, m) = (x.rows(), query.rows());
        let d = h.len() / n.max(1);
        let shape = Shape {
            support: n,
            query: m,
            features: d,
            outputs,
        };
        let mut workspace = Workspace::new(self.head.need(&shape));
        let mut slabs = workspace.slabs();
        let (mut p, mut z) = (
            vec![T::ZERO; self.head.params()],
            vec![T::ZERO; m * outputs],
        );
        let mut fitted = vec![T::ZERO; self.head.fitted(&shape)];
        self.head.start(&mut p);
        let support = Support::new(MatRef::planned(&h, n, d), y, outputs);
        let w = &mut slabs.work;
        self.head.fit(&p, &support, &mut fitted, slabs.saved, w)?;
        let (asked, into) = (
            MatRef::planned(&asked, m, d),
            MatMut::planned(&mut z, m, outputs),
        );
        self.head.predict(&p, &fitted, asked, into, w);
        Ok(z)
    }

    /// Learns each of the tasks numbered `tasks` and scores its query rows: the mean squared error, or the share classified right.
    ///
    /// # Errors
    /// As [`Frozen::adapt_and_predict`].
    ///
    /// # Panics
    /// If `tasks` is empty.
    #[track_caller]
    pub fn evaluate<E: Episodes<T> + ?Sized>(
        &self,
        episodes: &E,
        tasks: Range<u64>,
    ) -> Result<Score> {
        assert!(!tasks.is_empty(), "nothing to evaluate");
        let outputs = episodes.shape().targets.outputs();
        let (mut batch, mut scores) = (EpisodeBatch::new(), Vec::new());
        for task in tasks {
            batch.draw(episodes, task..task + 1);
            let (support, query) = (batch.support(), batch.query());
            let z = self.adapt_and_predict((support.x, support.y), outputs, query.x)?;
            scores.push(score(&z, query.y.target));
        }
        Ok(Score::of(&scores))
    }
}

/// The mean of `(z - y)^2`, or the share of rows whose largest logit is that of their class.
fn score<T: Real>(z: &[T], y: Target<'_, T>) -> f64 {
    match y {
        Target::Values(y) => {
            let cell = |(at, z): (usize, &T)| {
                let apart = (*z - y.at(at / y.cols(), at % y.cols())).to_f64();
                apart * apart
            };
            z.iter().enumerate().map(cell).sum::<f64>() / z.len() as f64
        }
        Target::Classes(labels) => {
            let k = z.len() / labels.len();
            let right = z.chunks_exact(k).zip(labels).filter(|(z, label)| {
                let top = (1..k).fold(0, |top, j| if z[j] > z[top] { j } else { top });
                top == **label as usize
            });
            right.count() as f64 / labels.len() as f64
        }
    }
}
