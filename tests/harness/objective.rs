//! A whole objective against the dual-number reference: `scale * sum_i loss_i(map(p, x_i)) + l2 / 2 * sum of squares of some p`.

use std::ops::Range;

use cognate::objective::Objective;
use cognate::workspace::{Work, Workspace};
use cognate::{Level, Real};
use proptest::test_runner::TestCaseError;

use super::labels::Labels;
use super::{Block, Pass, Twice, close, coordinates, doubles, inner, typed};
use crate::support::layers::RowMap;
use crate::support::scalar::sum;
use crate::support::{Random, Scalar};

/// A map, its rows, its loss and a direction.
pub struct Case<M> {
    pub map: M,
    pub labels: Labels,
    /// Parameters under the penalty.
    pub penalised: Vec<Range<usize>>,
    pub pass: Pass,
    pub inputs: usize,
    pub p: Vec<f64>,
    pub scale: f64,
    pub l2: f64,
    v: Vec<f64>,
    x: Vec<f64>,
}

/// What an objective says at a point.
#[derive(Debug, PartialEq)]
pub struct Results {
    value: f64,
    g: Vec<f64>,
    hv: Vec<f64>,
    gv: Vec<f64>,
}

impl<M: RowMap> Case<M> {
    /// Random numbers for a map of `params` parameters from `inputs` to `outputs`.
    pub fn new(
        map: M,
        params: usize,
        penalised: Vec<Range<usize>>,
        (inputs, outputs): (usize, usize),
        pass: Pass,
    ) -> Self {
        let mut random = Random::new(pass.seed ^ 3);
        Self {
            map,
            labels: Labels::any(pass.rows, outputs, &mut random),
            penalised,
            inputs,
            p: random.numbers(params),
            v: random.numbers(params),
            x: random.numbers(pass.rows * inputs),
            scale: random.number(),
            l2: random.number(),
            pass,
        }
    }

    /// The inputs in `T`.
    pub fn x<T: Real>(&self) -> Block<T> {
        Block::new(&self.x, self.inputs, self.pass.beside)
    }

    /// Value, gradient and products along `u`; of the Gauss-Newton matrix if `linear`, else of the Hessian.
    fn reference(&self, u: &[f64], linear: bool) -> Twice {
        let numbers = self.p.iter().zip(u).zip(&self.v);
        let twice = |((&p, &u), &v): ((&f64, &f64), &f64)| Twice::twice(p, u, v);
        let p: Vec<Twice> = numbers.map(twice).collect();
        let row = |i: usize| {
            let inputs = &self.x[i * self.inputs..][..self.inputs];
            let x: Vec<Twice> = inputs.iter().map(|&x| Twice::exact(x)).collect();
            let mut z = self.map.row(i, &p, &x);
            for z in z.iter_mut().filter(|_| linear) {
                // Gauss-Newton drops the map's own curvature.
                z.slope.slope = Scalar::exact(0.0);
            }
            self.labels.loss_of_row(i, &z)
        };
        let loss = Twice::exact(self.scale) * sum((0..self.pass.rows).map(row));
        let squares = self
            .penalised
            .iter()
            .cloned()
            .flatten()
            .map(|k| p[k] * p[k]);
        loss + Twice::exact(0.5 * self.l2) * sum(squares)
    }

    /// Every verb of `objective`, with NaN in whatever it should not read.
    pub fn run<T: Real>(
        &self,
        objective: &dyn Objective<T>,
        level: Level,
        threads: usize,
    ) -> Results {
        let (p, v) = (typed::<T>(&self.p), typed::<T>(&self.v));
        let mut workspace = Workspace::with_level(level, objective.need()).with_threads(threads);
        let mut slabs = workspace.slabs();
        slabs.saved.fill(T::NAN);
        let w = &mut slabs.work;
        let dirty = |w: &mut Work<'_, T>| w.scratch().fill(T::NAN);
        let mut outs = [(); 3].map(|()| vec![T::NAN; p.len()]);
        let [g, hv, gv] = &mut outs;
        dirty(w);
        let value = objective.value_grad(&p, Some(g), slabs.saved, w);
        dirty(w);
        let elsewhere = vec![T::ZERO; p.len()];
        objective.value_grad(&elsewhere, None, slabs.saved, w);
        let again = objective.value_grad(&p, None, slabs.saved, w);
        assert_eq!(value, again, "a value alone is the same value");
        dirty(w);
        objective.hvp(&p, slabs.saved, &v, hv, w);
        dirty(w);
        objective.gnvp(&p, slabs.saved, &v, gv, w);
        Results {
            value: value.to_f64(),
            g: doubles(g),
            hv: doubles(hv),
            gv: doubles(gv),
        }
    }

    /// Fails unless all `results` in `T` are the reference's to rounding.
    pub fn compare<T: Real>(&self, results: &[Results]) -> Result<(), TestCaseError> {
        for (u, _) in coordinates(self.p.len(), &mut Random::new(self.pass.seed ^ 2)) {
            let (exact, linear) = (self.reference(&u, false), self.reference(&u, true));
            for r in results {
                close::<T>("value", r.value, exact.value.value)?;
                close::<T>("g", inner(&r.g, &u), exact.slope.value)?;
                close::<T>("H v", inner(&r.hv, &u), exact.slope.slope)?;
                close::<T>("G v", inner(&r.gv, &u), linear.slope.slope)?;
            }
        }
        Ok(())
    }
}
