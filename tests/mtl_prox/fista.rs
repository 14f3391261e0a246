//! FISTA by itself: a penalty that knows no gap, an objective that is no model.

use cognate::objective::Objective;
use cognate::optim::{Fista, Prox, Stop};
use cognate::workspace::{Need, Work, Workspace};

use crate::Random;

/// `sum_i 1/2 a_i (p_i - c_i)^2`.
struct Bowl {
    a: Vec<f64>,
    c: Vec<f64>,
}

impl Objective<f64> for Bowl {
    fn len(&self) -> usize {
        self.a.len()
    }

    fn need(&self) -> Need {
        Need::default()
    }

    fn value_grad(
        &self,
        p: &[f64],
        g: Option<&mut [f64]>,
        _: &mut [f64],
        _: &mut Work<'_, f64>,
    ) -> f64 {
        let slope = |i: usize| self.a[i] * (p[i] - self.c[i]);
        if let Some(g) = g {
            (0..p.len()).for_each(|i| g[i] = slope(i));
        }
        (0..p.len())
            .map(|i| 0.5 * slope(i) * (p[i] - self.c[i]))
            .sum()
    }

    fn hvp(&self, _: &[f64], _: &[f64], v: &[f64], out: &mut [f64], _: &mut Work<'_, f64>) {
        (0..v.len()).for_each(|i| out[i] = self.a[i] * v[i]);
    }

    fn gnvp(&self, p: &[f64], s: &[f64], v: &[f64], out: &mut [f64], w: &mut Work<'_, f64>) {
        self.hvp(p, s, v, out, w);
    }
}

/// Zero or more, at a price of 1 each.
struct Positive;

impl Prox for Positive {
    fn prox(&mut self, step: f64, p: &mut [f64]) -> f64 {
        p.iter_mut().for_each(|p| *p = (*p - step).max(0.0));
        p.iter().sum()
    }
}

#[test]
fn a_penalty_without_a_gap() {
    let mut random = Random::new(3);
    let n = 30;
    // Curvatures from 1 to 1e4.
    let a: Vec<f64> = (0..n)
        .map(|_| 10_f64.powf(2.0 + 2.0 * random.number()))
        .collect();
    let c: Vec<f64> = random.numbers(n);
    let (bowl, mut p) = (Bowl { a, c }, vec![1.0; n]);
    let fista = Fista::default().with_tol(1e-10);
    let mut workspace = Workspace::new(bowl.need());
    let report = fista.minimise(&bowl, &mut Positive, &mut p, workspace.slabs());
    assert_eq!(report.stopped, Stop::Converged, "{report:?}");
    assert!(report.gap.is_none() && report.certificate <= 1e-10);
    for (i, p) in p.iter().enumerate() {
        let best = (bowl.c[i] - 1.0 / bowl.a[i]).max(0.0);
        // A relative move of 1e-10 at a step of 1 / 1e4 or more, along a curvature of 1.
        assert!((p - best).abs() <= 1e-5, "{i}: {p}, not {best}");
        assert_eq!(*p == 0.0, best == 0.0, "{i}");
    }
    let few = Fista::default().with_tol(1e-10).with_max_iter(3);
    let report = few.minimise(&bowl, &mut Positive, &mut vec![1.0; n], workspace.slabs());
    assert_eq!(
        (report.stopped, report.iterations),
        (Stop::MaxIterations, 3)
    );
}

#[test]
fn what_is_not_finite_has_diverged() {
    let (a, c) = (vec![1.0, f64::NAN], vec![0.0, 1.0]);
    let mut workspace = Workspace::new(Need::default());
    let bowl = Bowl { a, c };
    let report = Fista::default().minimise(&bowl, &mut Positive, &mut [1.0; 2], workspace.slabs());
    assert_eq!(report.stopped, Stop::Diverged);
}
