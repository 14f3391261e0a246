//! The learners written down naively on dual numbers: the inner gradients by one derivative, the gradient through them by a second,
//! each with a bound on what rounding may do to it. So the way back is held to exact derivatives in f64 and f32, within bounds that are
//! computed.

use cognate::Activation;
use cognate::Real;
use cognate::meta::{InnerLoop, Learner, MetaGradient, Rates, SharedBy};
use cognate::params::Span;

use crate::common::{Case, Kind, Set};
use crate::support::layers::{Act, Dense, Layer, RowMap};
use crate::support::losses::RowLoss;
use crate::support::scalar::{dot, sum};
use crate::support::{Bounded, Dual, Random, Scalar};

/// A network, a task and a way to learn it, naively.
struct Reference<'a> {
    case: &'a Case,
    inner: InnerLoop<'a>,
    weights: Vec<f64>,
}

impl Reference<'_> {
    fn map(&self) -> Vec<Layer> {
        let (layers, ..) = self.case.layers();
        let dense = |(i, layer): (usize, &cognate::layer::Dense)| {
            Layer::Dense(Dense {
                weight: layer.weight.start,
                bias: layer.bias.map(|b| b.start),
                outputs: layer.weight.cols,
                act: if i + 1 < layers.len() {
                    Act::Tanh
                } else {
                    Act::Identity
                },
            })
        };
        layers.iter().enumerate().map(dense).collect()
    }

    /// The mean loss of a set's rows.
    fn loss<S: Scalar>(&self, p: &[S], set: &Set) -> S {
        let (map, case) = (self.map(), self.case);
        let (loss, factor) = match case.kind {
            Kind::Numbers => (RowLoss::Squared, 2.0),
            Kind::Classes => (RowLoss::Softmax(0.0), 1.0),
        };
        let context = case.layers().2;
        let rows = set.x.len() / case.sizes[0];
        let cells = set.y.len() / rows;
        let row = |i: usize| {
            let x = set.x[i * case.sizes[0]..][..case.sizes[0]].iter();
            let x: Vec<S> = x
                .map(|&x| S::exact(x))
                .chain(context.of(p).iter().copied())
                .collect();
            let y = &set.y[i * cells..][..cells];
            loss.row(&map.row(i, p, &x), y, &vec![1.0; cells])
        };
        sum((0..rows).map(row)) * S::exact(factor / set.y.len() as f64)
    }

    fn support_gradient<S: Scalar>(&self, p: &[S]) -> Vec<S> {
        let along = |i: usize| {
            let moved = p
                .iter()
                .enumerate()
                .map(|(j, &p)| Dual::new(p, S::exact(f64::from(u8::from(i == j)))));
            self.loss(&moved.collect::<Vec<_>>(), &self.case.support)
                .slope
        };
        (0..p.len()).map(along).collect()
    }

    /// The rate of the adapted parameter number `i`, in the span number `span`, at step `k`.
    fn rate<S: Scalar>(&self, rates: &[S], (k, span, i): (usize, usize, usize)) -> S {
        let (shared_by, per_step) = match self.inner.rates {
            Rates::Fixed(rate) => return S::exact(rate),
            Rates::Learned {
                shared_by,
                per_step,
            } => (shared_by, per_step),
        };
        let each = rates.len() / if per_step { self.inner.steps } else { 1 };
        let step = if per_step { k * each } else { 0 };
        rates[step
            + match shared_by {
                SharedBy::All => 0,
                SharedBy::Span => span,
                SharedBy::Parameter => i,
            }]
    }

    /// `sum_k w_k L_Q(theta_k)` as a function of the meta-vector.
    fn judged<S: Scalar>(&self, meta: &[S]) -> S {
        let (start, rates) = meta.split_at(self.case.params());
        let inner = &self.inner;
        let adapted: Vec<usize> = inner.adapts.iter().flat_map(|span| span.range()).collect();
        let mut theta = start.to_vec();
        let mut d = vec![S::exact(0.0); theta.len()];
        let judge = |k: usize, theta: &[S]| {
            let weight = self.weights[k];
            (weight != 0.0).then(|| S::exact(weight) * self.loss(theta, &self.case.query))
        };
        let mut judged = vec![judge(0, &theta)];
        for k in 0..inner.steps {
            let g = self.support_gradient(&theta);
            let length = dot(adapted.iter().map(|&i| g[i]), adapted.iter().map(|&i| g[i])).sqrt();
            let clip = inner.clip.filter(|&limit| length.value() > limit);
            let factor = clip.map_or(S::exact(1.0), |limit| S::exact(limit) / length);
            for &i in &adapted {
                let pull = S::exact(inner.proximal) * (theta[i] - start[i]);
                d[i] = factor * g[i] + pull + S::exact(inner.momentum) * d[i];
            }
            let mut number = 0;
            for (span, place) in inner.adapts.iter().enumerate() {
                for i in place.range() {
                    theta[i] = theta[i] - self.rate(rates, (k, span, number)) * d[i];
                    number += 1;
                }
            }
            judged.push(judge(k + 1, &theta));
        }
        sum(judged.into_iter().flatten())
    }

    fn gradient(&self, meta: &[f64]) -> Vec<Bounded> {
        let along = |j: usize| {
            let moved = meta.iter().enumerate().map(|(i, &x)| {
                Dual::new(
                    Bounded::exact(x),
                    Bounded::exact(f64::from(u8::from(i == j))),
                )
            });
            self.judged(&moved.collect::<Vec<_>>()).slope
        };
        (0..meta.len()).map(along).collect()
    }
}

/// A task of random rows for a network with random sizes.
pub fn random_case(kind: Kind, context: usize, random: &mut Random) -> Case {
    let (inputs, outputs) = (1 + random.below(2), 2);
    let mut set = |rows: usize| Set {
        x: random.numbers(rows * inputs),
        y: match kind {
            Kind::Numbers => random.numbers(rows * outputs),
            Kind::Classes => (0..rows).map(|i| (i % outputs) as f64).collect(),
        },
    };
    Case {
        kind,
        support: set(3),
        query: set(4),
        sizes: vec![inputs, 3, outputs],
        activation: Activation::Tanh,
        context,
    }
}

fn check<T: Real>(grad: &[f64], reference: &[Bounded], what: &str) {
    let unit = T::EPSILON.to_f64() / 2.0;
    assert_eq!(grad.len(), reference.len());
    for (j, (g, r)) in grad.iter().zip(reference).enumerate() {
        let tolerance = r.tolerance(unit, T::MIN_POSITIVE.to_f64());
        assert!(
            (g - r.value()).abs() <= tolerance,
            "{what}, entry {j} in {}: {g}, not {} within {tolerance:e}",
            T::NAME,
            r.value()
        );
    }
}

/// Random settings of every kind.
fn any_inner<'a>(spans: &'a [Span], random: &mut Random) -> InnerLoop<'a> {
    let from = random.below(spans.len());
    let kinds = [SharedBy::All, SharedBy::Span, SharedBy::Parameter];
    let rates = match random.below(4) {
        3 => Rates::Fixed(0.3),
        kind => Rates::Learned {
            shared_by: kinds[kind],
            per_step: random.one_in(2),
        },
    };
    InnerLoop {
        momentum: if random.one_in(2) { 0.7 } else { 0.0 },
        proximal: if random.one_in(2) { 0.4 } else { 0.0 },
        clip: random.one_in(2).then_some(0.2),
        ..InnerLoop::new(&spans[from..], random.below(4), rates)
    }
}

#[test]
fn the_way_back_is_the_derivative() {
    let mut random = Random::new(5);
    let mut seen = 0;
    for round in 0..24 {
        let kind = if round % 2 == 0 {
            Kind::Numbers
        } else {
            Kind::Classes
        };
        let case = random_case(kind, round % 3, &mut random);
        let (_, mut spans, context) = case.layers();
        spans.push(context);
        let inner = any_inner(&spans, &mut random);
        let single = (0..=inner.steps)
            .map(|k| f64::from(u8::from(k == inner.steps)))
            .collect();
        let weights = match random.one_in(3) {
            true => random.numbers(inner.steps + 1),
            false => single,
        };
        let learner = Learner {
            query_weights: &weights,
            ..Learner::new(inner, MetaGradient::SecondOrder)
        };
        let rates = random.numbers(inner.learned_rates());
        let meta = [random.numbers(case.params()), rates].concat();
        // The same numbers in both types.
        let meta: Vec<f64> = meta.iter().map(|&x| f64::from(x as f32)).collect();
        let reference = Reference {
            case: &case,
            inner,
            weights: weights.clone(),
        };
        let reference = reference.gradient(&meta);
        let what = format!("{learner:?}");
        check::<f64>(
            &case.gradient::<f64>(&learner, &meta, 1).1,
            &reference,
            &what,
        );
        check::<f32>(
            &case.gradient::<f32>(&learner, &meta, 1).1,
            &reference,
            &what,
        );
        seen += 1;
    }
    assert_eq!(seen, 24);
}
