//! The rates of the inner steps: one number, or learned ones.
//!
//! A step moves the adapted spans by `theta -= a_k . d`, elementwise. What learns the rates needs `dL/da_k = -d . lambda`, lambda being
//! the gradient of the loss by where the step arrived, summed over what shares a rate:
//! ```text
//! shared by         rates a step              method
//! everything        1                         a learned scalar
//! a span            number of adapted spans   MAML++'s per-layer, per-step rates     (Antoniou, Edwards and Storkey 2019)
//! nothing           numbers adapted           Meta-SGD                               (Li, Zhou, Chen and Li 2017)
//! ```
//! each once, or once a step. Learned rates lie behind the parameters in one meta-vector, step after step, span after span.

use core::ops::Range;

use cognate_kernels::{Level, Real, axpy, dot};

use crate::params::Span;

/// Which parameters share a learned rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedBy {
    /// All of them: one rate.
    All,
    /// Those of a span: a rate for each adapted span.
    Span,
    /// None: a rate for each adapted parameter.
    Parameter,
}

/// How far the inner steps go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rates {
    /// The same everywhere, given.
    Fixed(f64),
    /// Learned together with the parameters.
    Learned {
        /// Which parameters share a rate.
        shared_by: SharedBy,
        /// Whether each step has rates of its own.
        per_step: bool,
    },
}

impl Rates {
    /// How many rates are learned for `steps` steps on the spans `adapts`.
    pub fn count(&self, adapts: &[Span], steps: usize) -> usize {
        match *self {
            Self::Fixed(_) => 0,
            Self::Learned {
                shared_by,
                per_step,
            } => shared_by.count(adapts) * if per_step { steps } else { 1 },
        }
    }

    /// Where the rates of step `k` lie among the learned ones; those of the last trained step for any step beyond.
    fn range(&self, adapts: &[Span], steps: usize, k: usize) -> Range<usize> {
        match *self {
            Self::Fixed(_) => 0..0,
            Self::Learned {
                shared_by,
                per_step,
            } => {
                let each = shared_by.count(adapts);
                let step = if per_step { k.min(steps.max(1) - 1) } else { 0 };
                step * each..(step + 1) * each
            }
        }
    }
}

impl SharedBy {
    fn count(self, adapts: &[Span]) -> usize {
        match self {
            Self::All => 1,
            Self::Span => adapts.len(),
            Self::Parameter => adapts.iter().map(Span::len).sum(),
        }
    }
}

/// The rates of one step.
#[derive(Clone, Copy, Debug)]
pub(super) struct StepRates<'a, T> {
    adapts: &'a [Span],
    kind: Kind<'a, T>,
    /// The step's place among the learned rates.
    place: (usize, usize),
}

#[derive(Clone, Copy, Debug)]
enum Kind<'a, T> {
    Fixed(T),
    Learned(SharedBy, &'a [T]),
}

/// Neighbouring spans as one range.
pub(super) fn runs(adapts: &[Span]) -> impl Iterator<Item = Range<usize>> {
    let mut rest = adapts.iter().map(Span::range).peekable();
    core::iter::from_fn(move || {
        let mut run = rest.next()?;
        while let Some(next) = rest.next_if(|next| next.start == run.end) {
            run.end = next.end;
        }
        Some(run)
    })
}

impl<'a, T: Real> StepRates<'a, T> {
    /// Step `k` of `steps`; `learned` are all learned rates.
    pub(super) fn new(
        rates: Rates,
        adapts: &'a [Span],
        (k, steps): (usize, usize),
        learned: &'a [T],
    ) -> Self {
        let range = rates.range(adapts, steps, k);
        let kind = match rates {
            Rates::Fixed(rate) => Kind::Fixed(T::from_f64(rate)),
            Rates::Learned { shared_by, .. } => Kind::Learned(shared_by, &learned[range.clone()]),
        };
        Self {
            adapts,
            kind,
            place: (range.start, range.end),
        }
    }

    /// The rate, where there is one for all.
    pub(super) fn single(&self) -> Option<T> {
        match self.kind {
            Kind::Fixed(a) => Some(a),
            Kind::Learned(SharedBy::All, a) => Some(a[0]),
            Kind::Learned(..) => None,
        }
    }

    /// `out -= a . x` on the adapted spans; the others stay as they are.
    pub(super) fn descend(&self, level: Level, x: &[T], out: &mut [T]) {
        let mut along = |a: T, range: Range<usize>| {
            axpy(level, -a, &x[range.clone()], &mut out[range]);
        };
        match self.kind {
            Kind::Fixed(a) => runs(self.adapts).for_each(|range| along(a, range)),
            Kind::Learned(SharedBy::All, a) => {
                runs(self.adapts).for_each(|range| along(a[0], range));
            }
            Kind::Learned(SharedBy::Span, a) => {
                let spans = self.adapts.iter().zip(a);
                spans.for_each(|(span, &a)| along(a, span.range()));
            }
            Kind::Learned(SharedBy::Parameter, a) => {
                let mut rest = a;
                for range in runs(self.adapts) {
                    let (own, behind) = rest.split_at(range.len());
                    rest = behind;
                    let numbers = own.iter().zip(&x[range.clone()]);
                    for (out, (&a, &x)) in out[range].iter_mut().zip(numbers) {
                        *out -= a * x;
                    }
                }
            }
        }
    }

    /// `out -= d . lambda`, summed over what shares a rate; `out` are the gradients of all learned rates.
    pub(super) fn gradient(&self, level: Level, d: &[T], lambda: &[T], out: &mut [T]) {
        let Kind::Learned(shared_by, _) = self.kind else {
            return;
        };
        let out = &mut out[self.place.0..self.place.1];
        let part = |range: Range<usize>| dot(level, &d[range.clone()], &lambda[range]);
        match shared_by {
            SharedBy::All => {
                for range in runs(self.adapts) {
                    out[0] -= part(range);
                }
            }
            SharedBy::Span => {
                for (out, span) in out.iter_mut().zip(self.adapts) {
                    *out -= part(span.range());
                }
            }
            SharedBy::Parameter => {
                let adapted = runs(self.adapts).flatten();
                for (out, i) in out.iter_mut().zip(adapted) {
                    *out -= d[i] * lambda[i];
                }
            }
        }
    }
}
