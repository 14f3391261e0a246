//! Optimisers allocate before their first iteration and never after; steps from single gradients never.

#[path = "harness/counting.rs"]
mod counting;

use std::ops::ControlFlow;

use cognate::objective::Objective;
use cognate::optim::{
    Adam, Lbfgs, LbfgsState, Method, NewtonCg, NewtonCgState, Progress, Sgd, StepState, clip_norm,
};
use cognate::workspace::{Need, Work, Workspace, default_level};
use counting::calls;

/// `sum_i 100 (p_(i+1) - p_i^2)^2 + (1 - p_i)^2`, on slices alone.
struct Valley;

const N: usize = 8;

impl Objective<f64> for Valley {
    fn len(&self) -> usize {
        N
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
        let mut unwanted = [0.0; N];
        let g = g.unwrap_or(&mut unwanted);
        g.fill(0.0);
        let mut value = 0.0;
        for i in 0..N - 1 {
            let off = p[i + 1] - p[i] * p[i];
            value += 100.0 * off * off + (1.0 - p[i]) * (1.0 - p[i]);
            g[i] += -400.0 * p[i] * off - 2.0 * (1.0 - p[i]);
            g[i + 1] += 200.0 * off;
        }
        value
    }

    fn hvp(&self, p: &[f64], _: &[f64], v: &[f64], out: &mut [f64], _: &mut Work<'_, f64>) {
        out.fill(0.0);
        for i in 0..N - 1 {
            let mixed = -400.0 * p[i];
            out[i] += (1200.0 * p[i] * p[i] - 400.0 * p[i + 1] + 2.0) * v[i] + mixed * v[i + 1];
            out[i + 1] += mixed * v[i] + 200.0 * v[i + 1];
        }
    }

    fn gnvp(&self, p: &[f64], saved: &[f64], v: &[f64], out: &mut [f64], w: &mut Work<'_, f64>) {
        self.hvp(p, saved, v, out, w);
    }
}

/// A callback that notes the count of calls at the first and at the last iteration.
fn watch<'a>(
    first: &'a mut Option<usize>,
    last: &'a mut usize,
) -> impl FnMut(&Progress) -> ControlFlow<()> + 'a {
    |_| {
        *last = calls();
        first.get_or_insert(*last);
        ControlFlow::Continue(())
    }
}

#[test]
fn iterations_of_both_solvers_allocate_nothing() {
    let mut workspace = Workspace::<f64>::new(Valley.need());
    for newton in [false, true] {
        let (mut first, mut last) = (None, 0);
        let mut p = [-1.2; N];
        let before = calls();
        let report = if newton {
            let mut state = NewtonCgState::new(N);
            let mut call = watch(&mut first, &mut last);
            NewtonCg::default().with_tol(1e-9).minimise(
                &Valley,
                &mut p,
                &mut state,
                workspace.slabs(),
                &mut call,
            )
        } else {
            let mut state = LbfgsState::new(N, 10);
            let mut call = watch(&mut first, &mut last);
            Lbfgs::default().with_tol(1e-9).minimise(
                &Valley,
                &mut p,
                &mut state,
                workspace.slabs(),
                &mut call,
            )
        };
        assert!(report.iterations > 10 && report.converged(), "{report:?}");
        assert!(first.unwrap() > before, "the counter counts");
        assert_eq!(first.unwrap(), last, "newton: {newton}");
    }
}

#[test]
fn steps_allocate_nothing() {
    let level = default_level();
    let momentum = Sgd::default().with_momentum(0.9);
    for method in [Method::Adam(Adam::default()), Method::Sgd(momentum)] {
        let mut memory = [0f32; 2 * N];
        let mut state = StepState::new(&mut memory[..method.memory(N)]);
        let (mut p, mut g) = ([1f32; N], [0.5f32; N]);
        let before = calls();
        for _ in 0..10 {
            clip_norm(level, &mut g, 1.0);
            method.step(level, 0.01, &mut p, &g, &mut state);
        }
        assert_eq!(calls(), before, "{method:?}");
    }
}
