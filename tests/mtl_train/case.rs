//! Random task sets with a network on them, and what the reference says about both.

use cognate::mtl::net::{TaskBatch, TaskNet, TaskNetObjective, TaskRows};
use cognate::mtl::{Kind, Task, TaskSet};
use cognate::params::Span;
use cognate::{MatRef, Real};

use crate::harness::{Pass, Twice, typed};
use crate::nets::Net;
use crate::support::layers::RowMap;
use crate::support::losses::RowLoss;
use crate::support::scalar::sum;
use crate::support::{Bounded, Dual, Random, Scalar};

/// A network and its tasks.
pub struct Case {
    pub net: Net,
    pub tasks: Vec<Task>,
    pub rows: usize,
    pub inputs: usize,
    pub x: Vec<f64>,
    pub p: Vec<f64>,
    pub v: Vec<f64>,
    pub sample_weight: Option<Vec<f64>>,
    pub l2: f64,
    pub seed: u64,
}

/// A label that a task of this kind may have.
fn label(kind: Kind, random: &mut Random) -> f64 {
    match kind {
        Kind::Number => random.number(),
        Kind::Classes(classes) => random.below(classes) as f64,
    }
}

fn task(t: usize, labelled: impl Fn(usize) -> bool, rows: usize, random: &mut Random) -> Task {
    let kind = [Kind::Number, Kind::Classes(2), Kind::Classes(3)][random.below(3)];
    let rows: Vec<usize> = (0..rows).filter(|&i| labelled(i)).collect();
    let labels: Vec<(u32, f64)> = rows
        .iter()
        .map(|&i| (i as u32, label(kind, random)))
        .collect();
    Task {
        weight: 1.0 + 0.5 * random.number(),
        ..Task::new(&format!("task {t}"), kind, labels.into_iter())
    }
}

impl Case {
    /// `tasks` tasks on `rows` rows, which they share (with labels missing) or bring themselves.
    pub fn any(rows: usize, tasks: usize, depth: usize, shared: bool, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let inputs = 1 + random.below(6);
        let owner: Vec<usize> = (0..rows).map(|_| random.below(tasks)).collect();
        let dropped: Vec<bool> = (0..rows * tasks).map(|_| random.one_in(3)).collect();
        let labelled = |i: usize, t: usize| match shared {
            true => !dropped[i * tasks + t],
            false => owner[i] == t,
        };
        let tasks: Vec<Task> = (0..tasks)
            .map(|t| task(t, |i| labelled(i, t), rows, &mut random))
            .collect();
        let outputs: Vec<usize> = tasks.iter().map(|task| task.kind.links()).collect();
        let net = Net::any(
            inputs,
            depth,
            &outputs,
            &Pass::plain(rows, seed),
            &mut random,
        );
        let params = net.build.params();
        let weight = |random: &mut Random| {
            if random.one_in(5) {
                0.0
            } else {
                1.0 + 0.5 * random.number()
            }
        };
        Self {
            tasks,
            rows,
            inputs,
            x: random.numbers(rows * inputs),
            p: random.numbers(params),
            v: random.numbers(params),
            sample_weight: random.one_in(2).then(|| {
                let mut weights: Vec<f64> = (0..rows).map(|_| weight(&mut random)).collect();
                weights[0] = 1.0;
                weights
            }),
            l2: random.number().abs(),
            net,
            seed,
        }
    }

    fn weight(&self, i: usize) -> f64 {
        self.sample_weight
            .as_ref()
            .map_or(1.0, |weights| weights[i])
    }

    /// Calls `f` with the objective in `T` on all rows.
    pub fn with<T: Real, R>(
        &self,
        f: impl FnOnce(&TaskNetObjective<'_, T, &dyn TaskNet<T>>, &TaskBatch<T>) -> R,
    ) -> R {
        let (x, weights) = (
            typed::<T>(&self.x),
            self.sample_weight.as_ref().map(|w| typed::<T>(w)),
        );
        let x = MatRef::planned(&x, self.rows, self.inputs);
        let set = TaskSet::new(x, weights.as_deref(), self.tasks.clone()).unwrap();
        let (batch, net, penalised) = (
            TaskBatch::all(&TaskRows::new(&set)),
            self.net.ours::<T>(),
            self.penalised(),
        );
        let net: &dyn TaskNet<T> = &net;
        let objective = TaskNetObjective {
            l2: T::from_f64(self.l2),
            penalised: &penalised,
            seed: self.seed,
            ..TaskNetObjective::new(net, self.p.len(), &batch)
        };
        f(&objective, &batch)
    }

    pub fn penalised(&self) -> Vec<Span> {
        self.net.build.weights()
    }

    /// Each task's loss at parameters `p`; its own curvature alone if `linear`.
    pub fn losses<S: Scalar>(&self, p: &[S], flatten: impl Fn(&mut S)) -> Vec<S> {
        let row = |i: usize| {
            let x: Vec<S> = self.x[i * self.inputs..][..self.inputs]
                .iter()
                .map(|&x| S::exact(x))
                .collect();
            let mut z = self.net.row(i, p, &x);
            z.iter_mut().for_each(&flatten);
            z
        };
        let z: Vec<Vec<S>> = (0..self.rows).map(row).collect();
        let mut column = 0;
        let mut losses = Vec::new();
        for task in &self.tasks {
            let columns = column..column + task.kind.links();
            column = columns.end;
            let loss = match task.kind {
                Kind::Number => RowLoss::Squared,
                Kind::Classes(2) => RowLoss::Logistic,
                Kind::Classes(_) => RowLoss::Softmax(0.0),
            };
            let labelled = || {
                task.rows
                    .iter()
                    .zip(&task.labels)
                    .map(|(&i, &label)| (i as usize, label))
            };
            let weight: f64 = labelled().map(|(i, _)| self.weight(i)).sum();
            let scale = if weight > 0.0 {
                task.weight / weight
            } else {
                0.0
            };
            let row = |(i, label): (usize, f64)| {
                loss.row(&z[i][columns.clone()], &[label], &[self.weight(i)])
            };
            losses.push(S::exact(scale) * sum(labelled().map(row)));
        }
        losses
    }

    /// The objective, its slope along `u`, and the slope of that along v; of the Gauss-Newton matrix if `linear`.
    pub fn reference(&self, u: &[f64], linear: bool) -> Twice {
        let numbers = self.p.iter().zip(u).zip(&self.v);
        let p: Vec<Twice> = numbers
            .map(|((&p, &u), &v)| Twice::twice(p, u, v))
            .collect();
        let flatten = |z: &mut Twice| {
            if linear {
                z.slope.slope = Scalar::exact(0.0);
            }
        };
        let losses = self.losses(&p, flatten);
        let squares = self.penalised().into_iter().flat_map(|w| w.range());
        sum(losses) + Twice::exact(0.5 * self.l2) * sum(squares.map(|k| p[k] * p[k]))
    }

    /// Each task's gradient by parameter `k`.
    pub fn slopes(&self, k: usize) -> Vec<Bounded> {
        let slope = |at| Bounded::exact(if at == k { 1.0 } else { 0.0 });
        let number = |(at, &value)| Dual {
            value: Bounded::exact(value),
            slope: slope(at),
        };
        let p: Vec<Dual<Bounded>> = self.p.iter().enumerate().map(number).collect();
        self.losses(&p, |_| ())
            .into_iter()
            .map(|loss| loss.slope)
            .collect()
    }
}
