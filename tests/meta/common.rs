//! Small networks with one task's rows, as the tests need them.

use cognate::layer::{Contextual, Dense, Stack};
use cognate::loss::{Loss, Softmax, Squared, Targets};
use cognate::meta::{BatchReport, Learner, NetTasks, Rows, Tasks};
use cognate::model::Network;
use cognate::params::Span;
use cognate::workspace::{Need, Work, Workspace};
use cognate::{Activation, MatMut, MatRef, Real};

/// What the outputs are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Numbers,
    Classes,
}

/// Rows of one task.
#[derive(Clone, Debug)]
pub struct Set {
    pub x: Vec<f64>,
    /// Numbers, or classes as numbers.
    pub y: Vec<f64>,
}

/// A network and a task.
#[derive(Clone, Debug)]
pub struct Case {
    pub kind: Kind,
    pub sizes: Vec<usize>,
    pub activation: Activation,
    /// Numbers of the context, the last of the parameters.
    pub context: usize,
    pub support: Set,
    pub query: Set,
}

/// Either loss.
#[derive(Clone, Copy)]
pub struct Either(pub Kind);

impl<T: Real> Loss<T> for Either {
    fn need(&self, rows: usize, outputs: usize) -> Need {
        match self.0 {
            Kind::Numbers => Loss::<T>::need(&Squared, rows, outputs),
            Kind::Classes => Loss::<T>::need(&Softmax::default(), rows, outputs),
        }
    }

    fn value_grad(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        dz: Option<MatMut<'_, T>>,
        saved: &mut [T],
        w: &mut Work<'_, T>,
    ) -> T {
        match self.0 {
            Kind::Numbers => Squared.value_grad(z, y, scale, dz, saved, w),
            Kind::Classes => Softmax::default().value_grad(z, y, scale, dz, saved, w),
        }
    }

    fn hvp(
        &self,
        z: MatRef<'_, T>,
        y: &Targets<'_, T>,
        scale: T,
        saved: &[T],
        rz: MatRef<'_, T>,
        rdz: MatMut<'_, T>,
        w: &mut Work<'_, T>,
    ) {
        match self.0 {
            Kind::Numbers => Squared.hvp(z, y, scale, saved, rz, rdz, w),
            Kind::Classes => Softmax::default().hvp(z, y, scale, saved, rz, rdz, w),
        }
    }
}

/// A set's rows in `T`, repeated as several tasks.
struct Typed<T> {
    x: Vec<T>,
    values: Vec<T>,
    labels: Vec<u32>,
    ranges: Vec<std::ops::Range<usize>>,
}

impl<T: Real> Typed<T> {
    fn new(sets: &[&Set], inputs: usize, outputs: usize, kind: Kind) -> Self {
        let numbers =
            |pick: fn(&Set) -> &Vec<f64>| sets.iter().flat_map(move |set| pick(set)).copied();
        let y: Vec<f64> = numbers(|set| &set.y).collect();
        let mut end = 0;
        let mut range = |set: &&Set| {
            let start = end;
            end += set.x.len() / inputs;
            assert_eq!(
                set.y.len(),
                (end - start) * if kind == Kind::Numbers { outputs } else { 1 }
            );
            start..end
        };
        Self {
            x: numbers(|set| &set.x).map(T::from_f64).collect(),
            values: y.iter().map(|&y| T::from_f64(y)).collect(),
            labels: y.iter().map(|&y| y as u32).collect(),
            ranges: sets.iter().map(&mut range).collect(),
        }
    }

    fn rows(&self, inputs: usize, kind: Kind) -> Rows<'_, T> {
        let n = self.x.len() / inputs;
        Rows {
            x: MatRef::planned(&self.x, n, inputs),
            y: match kind {
                Kind::Numbers => {
                    Targets::values(MatRef::planned(&self.values, n, self.values.len() / n))
                }
                Kind::Classes => Targets::classes(&self.labels),
            },
            ranges: &self.ranges,
        }
    }
}

impl Case {
    /// Dense layers in order, then the spans of weights and biases, then the context.
    pub fn layers(&self) -> (Vec<Dense>, Vec<Span>, Span) {
        let mut sizes = self.sizes.clone();
        sizes[0] += self.context;
        let count = sizes.windows(2).map(|s| (s[0] + 1) * s[1]).sum();
        let net = Network::new(&sizes, self.activation, vec![0.0f64; count]).unwrap();
        let context = Span::new("context", count, 1, self.context);
        (net.layers().to_vec(), net.layout().spans.to_vec(), context)
    }

    /// Number of parameters, the context included.
    pub fn params(&self) -> usize {
        self.layers().2.range().end
    }

    /// `learner` on `count` copies of the task: its report and gradient.
    pub fn gradient<T: Real>(
        &self,
        learner: &Learner<'_>,
        meta: &[f64],
        count: usize,
    ) -> (BatchReport, Vec<f64>) {
        let cases = vec![self; count];
        gradient::<T>(&cases, learner, meta, 1)
    }
}

/// `learner` on the tasks of several cases of the same network, on `threads` threads.
pub fn gradient<T: Real>(
    cases: &[&Case],
    learner: &Learner<'_>,
    meta: &[f64],
    threads: usize,
) -> (BatchReport, Vec<f64>) {
    with_tasks::<T, _>(cases, |tasks| {
        let meta: Vec<T> = meta.iter().map(|&x| T::from_f64(x)).collect();
        let mut grad = vec![T::NAN; meta.len()];
        let need = learner.need(tasks, threads);
        let mut workspace = Workspace::new(need).with_threads(threads);
        let report = learner.gradient(tasks, &meta, &mut grad, &mut workspace.slabs().work);
        (report, grad.iter().map(|g| g.to_f64()).collect())
    })
}

/// The network's tasks, as every test has them.
pub type CaseTasks<'a, T> = NetTasks<'a, T, Contextual<Stack<&'a [Dense]>>, Either>;

/// Calls `run` with the tasks of `cases`.
pub fn with_tasks<T: Real, R>(cases: &[&Case], run: impl FnOnce(&CaseTasks<'_, T>) -> R) -> R {
    let case = cases[0];
    let (layers, _, context) = case.layers();
    let (inputs, outputs) = (case.sizes[0], case.sizes[case.sizes.len() - 1]);
    let typed = |pick: fn(&Case) -> &Set| {
        let sets: Vec<&Set> = cases.iter().map(|case| pick(case)).collect();
        Typed::<T>::new(&sets, inputs, outputs, case.kind)
    };
    let (support, query) = (typed(|case| &case.support), typed(|case| &case.query));
    run(&NetTasks {
        net: Contextual {
            context,
            layer: Stack(&layers[..]),
        },
        loss: Either(case.kind),
        factor: if case.kind == Kind::Numbers { 2.0 } else { 1.0 },
        params: case.params(),
        support: support.rows(inputs, case.kind),
        query: query.rows(inputs, case.kind),
    })
}

/// Where `learner` ends from `meta` after `steps` steps on the task of `case`.
pub fn adapted(
    case: &Case,
    learner: &Learner<'_>,
    meta: &[f64],
    steps: usize,
) -> (f64, f64, Vec<f64>) {
    with_tasks::<f64, _>(&[case], |tasks| {
        let support = tasks.support(0);
        let mut workspace = Workspace::new(learner.adapt_need(&support));
        let mut theta = vec![f64::NAN; tasks.params];
        let work = &mut workspace.slabs().work;
        let report = learner
            .adapt(meta, &support, steps, &mut theta, work)
            .unwrap();
        (report.loss_before, report.loss_after, theta)
    })
}
