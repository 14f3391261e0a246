//! What a step does not do: allocate, or form a gradient more than once.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate::layer::{
    At, Backward, Ctx, Dense, Forward, Gram, Mode, Out, RAt, Stack, Tangent, TaskGram,
};
use cognate::mtl::net::{EarlyStopping, Heads, TaskBatch, TaskNet, TaskNetObjective, TaskRows};
use cognate::objective::{Objective, TaskObjective};
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::{Need, Work, Workspace};
use cognate::{Activation, MatMut, MatRef, Real};

use crate::counting::calls;
use crate::problem::{FEATURES, Problem, rules, small};
use crate::support::Random;

#[test]
fn steps_allocate_nothing_after_the_first_epoch() {
    for shared in [true, false] {
        let problem = Problem::<f32>::new(64, shared, 1);
        let set = problem.set();
        for (name, balance) in rules() {
            for stopping in [EarlyStopping::TrainingLoss, EarlyStopping::PerTask] {
                let mlp = small()
                    .with_balance(balance.clone())
                    .with_early_stopping(stopping)
                    .with_max_iter(5)
                    .with_tol(0.0);
                let (before, epochs) = (Cell::new(0), Cell::new(0));
                let watch = &mut |_: &_| {
                    // The rows of tasks of their own vary from batch to batch, and with them the room.
                    if epochs.get() >= 2 {
                        assert_eq!(calls(), before.get(), "{name}, shared {shared}");
                    }
                    before.set(calls());
                    epochs.set(epochs.get() + 1);
                    ControlFlow::Continue(())
                };
                mlp.fit_with(&set, watch).unwrap();
                assert!(epochs.get() == 5 && before.get() > 0);
            }
        }
    }
}

/// A dense layer that counts what is asked of it.
#[derive(Debug)]
struct Counted {
    layer: Dense,
    forward: AtomicUsize,
    weight_gradients: AtomicUsize,
    gram: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl<T: Real> Forward<T> for Counted {
    fn width(&self) -> (usize, usize) {
        Forward::<T>::width(&self.layer)
    }
    fn need(&self, mode: Mode, rows: usize, ways: usize) -> Need {
        Forward::<T>::need(&self.layer, mode, rows, ways)
    }
    fn forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        x: MatRef<'_, T>,
        y: MatMut<'_, T>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        count(&self.forward);
        self.layer.forward(c, p, x, y, saved, w);
    }
}

impl<T: Real> Backward<T> for Counted {
    fn backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        dp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        if !matches!(dp, Out::Skip) {
            // A dense layer makes one product a gradient.
            self.weight_gradients
                .fetch_add(c.gradients(), Ordering::Relaxed);
        }
        self.layer.backward(c, p, at, dy, deltas, dx, dp, w);
    }
}

impl<T: Real> TaskGram<T> for Counted {
    fn each_shared(&self, visit: &mut dyn FnMut(Span)) {
        TaskGram::<T>::each_shared(&self.layer, visit);
    }
    fn gram_scratch(&self, rows: usize, ways: usize, gradients: usize) -> usize {
        TaskGram::<T>::gram_scratch(&self.layer, rows, ways, gradients)
    }
    fn gram_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        at: At<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &mut [T],
        dx: Out<MatMut<'_, T>>,
        gram: &mut Gram<'_>,
        w: &mut Work<'_, T>,
    ) {
        count(&self.gram);
        self.layer.gram_backward(c, p, at, dy, deltas, dx, gram, w);
    }
}

impl<T: Real> Tangent<T> for Counted {
    fn r_forward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        rx: Option<MatRef<'_, T>>,
        ry: MatMut<'_, T>,
        rsaved: &mut [T],
        w: &mut Work<'_, T>,
    ) {
        self.layer.r_forward(c, p, rp, at, rx, ry, rsaved, w);
    }
    fn r_backward(
        &self,
        c: &Ctx<'_>,
        p: &[T],
        rp: &[T],
        at: At<'_, T>,
        r: RAt<'_, T>,
        dy: MatRef<'_, T>,
        deltas: &[T],
        rdy: MatRef<'_, T>,
        rdx: Out<MatMut<'_, T>>,
        rdp: Out<&mut [T]>,
        w: &mut Work<'_, T>,
    ) {
        self.layer
            .r_backward(c, p, rp, at, r, dy, deltas, rdy, rdx, rdp, w);
    }
}

/// A step by a Gram method: one forward pass, one Gram pass, one weight gradient a layer, whatever the number of tasks.
#[test]
fn a_step_forms_one_weight_gradient_a_layer() {
    let problem = Problem::<f32>::new(32, true, 2);
    let set = problem.set();
    let batch = TaskBatch::all(&TaskRows::new(&set));
    let mut layout = LayoutBuf::new();
    let mut dense = |name: &str, inputs, outputs, activation| Counted {
        layer: Dense {
            weight: layout.add_weight(name, inputs, outputs),
            bias: None,
            activation,
        },
        forward: AtomicUsize::new(0),
        weight_gradients: AtomicUsize::new(0),
        gram: AtomicUsize::new(0),
    };
    let trunk = [
        dense("first", FEATURES, 9, Activation::Tanh),
        dense("second", 9, 7, Activation::Relu),
    ];
    let heads: Vec<Counted> = problem
        .tasks
        .iter()
        .map(|task| dense(&task.name, 7, task.kind.links(), Activation::Identity))
        .collect();
    let (trunk_ref, heads_ref): (&[Counted], &[Counted]) = (&trunk, &heads);
    let (body, tasks) = (Stack(trunk_ref), Heads(heads_ref));
    let parts: [&dyn TaskNet<f32>; 2] = [&body, &tasks];
    let params = layout.view().len();
    let objective = TaskNetObjective::new(Stack(&parts[..]), params, &batch);
    let p: Vec<f32> = Random::new(3)
        .numbers(params)
        .into_iter()
        .map(|p| p as f32)
        .collect();
    let mut workspace = Workspace::new(objective.need());
    let mut slabs = workspace.slabs();
    let (mut values, mut gram, mut g) = ([0.0; 3], [0.0; 9], vec![0.0; params]);
    objective.values_gram(&p, &mut values, &mut gram, slabs.saved, &mut slabs.work);
    objective.weighted_grad(&p, &[0.2, 0.3, 0.5], slabs.saved, &mut g, &mut slabs.work);
    let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    for layer in trunk.iter().chain(&heads) {
        assert_eq!(
            (read(&layer.forward), read(&layer.weight_gradients)),
            (1, 1)
        );
    }
    assert!(trunk.iter().all(|layer| read(&layer.gram) == 1));
    assert!(g.iter().any(|&g| g != 0.0));
}

/// Memory of the Gram pass beside the deltas: T blocks of columns at most, never T gradients.
#[test]
fn the_gram_pass_holds_no_gradients() {
    let mut layout = LayoutBuf::new();
    let layer = Dense {
        weight: layout.add_weight("weight", 512, 512),
        bias: Some(layout.add("bias", 1, 512)),
        activation: Activation::Identity,
    };
    let (tasks, params) = (50, layout.view().len());
    let scratch = TaskGram::<f32>::gram_scratch(&layer, 2000, tasks, tasks);
    let own = Forward::<f32>::need(&layer, Mode::Train, 2000, tasks).scratch;
    assert!(scratch <= own + tasks * params / 10, "{scratch} {own}");
}
