//! Networks of tasks, one row at a time, from the papers' formulas; parameters are found by name.

use super::Scalar;
use super::layers::{Act, RowMap};
use super::scalar::{dot, sum};

/// A named matrix in a flat parameter vector, `rows x cols`, row after row.
#[derive(Clone, Debug)]
pub struct Named {
    pub name: String,
    pub start: usize,
    pub rows: usize,
    pub cols: usize,
}

/// What a task's links are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Number,
    Binary,
    Classes,
}

/// Which network.
#[derive(Clone, Debug)]
pub enum Kind {
    /// For each task the trunk's layers below it.
    Depths(Vec<usize>),
    /// For each task what it reads.
    Dag(Vec<Vec<usize>>),
    CrossStitch,
    /// Experts.
    Mmoe(usize),
    /// Own and shared experts, levels.
    Ple(usize, usize, usize),
    Mtan,
}

/// A network of tasks.
#[derive(Clone, Debug)]
pub struct Net {
    pub kind: Kind,
    pub act: Act,
    pub tasks: Vec<(String, Outcome)>,
    pub params: Vec<Named>,
}

/// The network under one set of parameters.
struct At<'a, S> {
    net: &'a Net,
    p: &'a [S],
}

fn softmax<S: Scalar>(z: &[S]) -> Vec<S> {
    let top = z.iter().map(|z| z.value()).fold(f64::MIN, f64::max);
    let e: Vec<S> = z.iter().map(|&z| (z - S::exact(top)).exp()).collect();
    let total = sum(e.iter().copied());
    e.iter().map(|&e| e / total).collect()
}

fn add<S: Scalar>(a: &[S], b: &[S]) -> Vec<S> {
    a.iter().zip(b).map(|(&a, &b)| a + b).collect()
}

/// `sum_k weights_k vectors_k`.
fn combine<S: Scalar>(weights: &[S], vectors: &[Vec<S>]) -> Vec<S> {
    let entry = |j: usize| dot(weights.iter().copied(), vectors.iter().map(move |v| v[j]));
    (0..vectors[0].len()).map(entry).collect()
}

impl<S: Scalar> At<'_, S> {
    fn find(&self, name: &str) -> Option<&Named> {
        self.net.params.iter().find(|part| part.name == name)
    }

    /// `x W + b`, without `b` where there is none.
    fn linear(&self, name: &str, x: &[S]) -> Vec<S> {
        let weight = self.find(&format!("{name}.weight")).expect(name);
        assert_eq!(weight.rows, x.len(), "{name}");
        let column =
            |j: usize| (0..x.len()).map(move |i| self.p[weight.start + i * weight.cols + j]);
        let bias = self.find(&format!("{name}.bias"));
        let output = |j: usize| {
            let product = dot(x.iter().copied(), column(j));
            bias.map_or(product, |bias| product + self.p[bias.start + j])
        };
        (0..weight.cols).map(output).collect()
    }

    fn act(&self, z: &[S]) -> Vec<S> {
        z.iter().map(|&z| self.net.act.of(z)).collect()
    }

    fn dense(&self, name: &str, x: &[S]) -> Vec<S> {
        self.act(&self.linear(name, x))
    }

    /// Layers `NAME.0`, `NAME.1` as long as there are any.
    fn tower(&self, name: &str, x: &[S]) -> Vec<S> {
        let (mut x, mut l) = (x.to_vec(), 0);
        while self.find(&format!("{name}.{l}.weight")).is_some() {
            x = self.dense(&format!("{name}.{l}"), &x);
            l += 1;
        }
        x
    }

    fn name(&self, t: usize) -> &str {
        &self.net.tasks[t].0
    }

    fn head(&self, t: usize, h: &[S]) -> Vec<S> {
        self.linear(&format!("head.{}", self.name(t)), h)
    }

    fn topped(&self, t: usize, h: &[S]) -> Vec<S> {
        self.head(t, &self.tower(&format!("task.{}", self.name(t)), h))
    }

    fn depths(&self, depths: &[usize], x: &[S]) -> Vec<S> {
        let task = |(t, &depth): (usize, &usize)| {
            let below = (0..depth).fold(x.to_vec(), |h, l| self.dense(&format!("trunk.{l}"), &h));
            self.topped(t, &below)
        };
        depths.iter().enumerate().flat_map(task).collect()
    }

    /// Hidden layer and links of task `t`, by recursion.
    fn dag_task(&self, reads: &[Vec<usize>], t: usize, z: &[S]) -> (Vec<S>, Vec<S>) {
        let name = format!("task.{}", self.name(t));
        let mut first = self.linear(&format!("{name}.0"), z);
        for &s in &reads[t] {
            let (hidden, links) = self.dag_task(reads, s, z);
            let outcome = match self.net.tasks[s].1 {
                Outcome::Number => links,
                Outcome::Binary => links.iter().map(|z| z.logistic()).collect(),
                Outcome::Classes => softmax(&links),
            };
            let edge = format!("{name}.from.{}", self.name(s));
            first = add(&first, &self.linear(&format!("{edge}.hidden"), &hidden));
            first = add(&first, &self.linear(&format!("{edge}.outcome"), &outcome));
        }
        let (mut hidden, mut l) = (self.act(&first), 1);
        while self.find(&format!("{name}.{l}.weight")).is_some() {
            hidden = self.dense(&format!("{name}.{l}"), &hidden);
            l += 1;
        }
        let links = self.head(t, &hidden);
        (hidden, links)
    }

    fn cross_stitch(&self, x: &[S]) -> Vec<S> {
        let tasks = self.net.tasks.len();
        let (mut h, mut l) = (vec![x.to_vec(); tasks], 0);
        while let Some(stitch) = self.find(&format!("stitch.{l}")) {
            let layer = |t| self.dense(&format!("task.{}.{l}", self.name(t)), &h[t]);
            let towers: Vec<Vec<S>> = (0..tasks).map(layer).collect();
            h = (0..tasks)
                .map(|t| combine(&self.p[stitch.start + t * tasks..][..tasks], &towers))
                .collect();
            l += 1;
        }
        (0..tasks).flat_map(|t| self.head(t, &h[t])).collect()
    }

    fn mixture(&self, gate: &str, source: &[S], experts: &[Vec<S>]) -> Vec<S> {
        combine(&softmax(&self.linear(gate, source)), experts)
    }

    fn mmoe(&self, experts: usize, x: &[S]) -> Vec<S> {
        let expert = |k| self.tower(&format!("expert.{k}"), x);
        let experts: Vec<_> = (0..experts).map(expert).collect();
        let task = |t| {
            let gate = format!("gate.{}", self.name(t));
            self.topped(t, &self.mixture(&gate, x, &experts))
        };
        (0..self.net.tasks.len()).flat_map(task).collect()
    }

    fn ple(&self, own: usize, shared: usize, levels: usize, x: &[S]) -> Vec<S> {
        let tasks = self.net.tasks.len();
        let (mut h, mut common) = (vec![x.to_vec(); tasks], x.to_vec());
        for l in 0..levels {
            let expert = |name: String, x: &[S]| self.tower(&format!("level.{l}.{name}"), x);
            let theirs = |t: usize| -> Vec<Vec<S>> {
                (0..own)
                    .map(|k| expert(format!("task.{}.{k}", self.name(t)), &h[t]))
                    .collect()
            };
            let owned: Vec<Vec<Vec<S>>> = (0..tasks).map(theirs).collect();
            let shared: Vec<Vec<S>> = (0..shared)
                .map(|k| expert(format!("shared.{k}"), &common))
                .collect();
            let mix = |t: usize| {
                let experts = [&owned[t][..], &shared].concat();
                let gate = format!("level.{l}.gate.task.{}", self.name(t));
                self.mixture(&gate, &h[t], &experts)
            };
            let mixed = (0..tasks).map(mix).collect();
            if l + 1 < levels && !shared.is_empty() {
                let experts = [&owned.concat()[..], &shared].concat();
                let gate = format!("level.{l}.gate.shared");
                common = self.mixture(&gate, &common, &experts);
            }
            h = mixed;
        }
        (0..tasks).flat_map(|t| self.topped(t, &h[t])).collect()
    }

    fn mtan(&self, x: &[S]) -> Vec<S> {
        let task = |t: usize| {
            let (mut z, mut before, mut l) = (x.to_vec(), None, 0);
            while self.find(&format!("trunk.{l}.weight")).is_some() {
                z = self.dense(&format!("trunk.{l}"), &z);
                let name = format!("attention.{}.{l}", self.name(t));
                let mut hidden = self.linear(&format!("{name}.features"), &z);
                if let Some(before) = before {
                    let before: Vec<S> = before;
                    let more = self.linear(&format!("{name}.before"), &before);
                    hidden = add(&hidden, &more);
                }
                let mask = self.linear(&format!("{name}.mask"), &self.act(&hidden));
                let seen = mask.iter().zip(&z).map(|(u, &z)| u.logistic() * z);
                before = Some(seen.collect::<Vec<S>>());
                l += 1;
            }
            self.head(t, &before.expect("a trunk"))
        };
        (0..self.net.tasks.len()).flat_map(task).collect()
    }
}

impl RowMap for Net {
    fn row<S: Scalar>(&self, _i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let at = At { net: self, p };
        match &self.kind {
            Kind::Depths(depths) => at.depths(depths, x),
            Kind::Dag(reads) => {
                let z = at.tower("trunk", x);
                let task = |t| at.dag_task(reads, t, &z).1;
                (0..self.tasks.len()).flat_map(task).collect()
            }
            Kind::CrossStitch => at.cross_stitch(x),
            Kind::Mmoe(experts) => at.mmoe(*experts, x),
            &Kind::Ple(own, shared, levels) => at.ple(own, shared, levels, x),
            Kind::Mtan => at.mtan(x),
        }
    }
}

/// The sum of blocks of columns, activated.
pub struct Blocks {
    pub blocks: usize,
    pub act: Act,
}

impl RowMap for Blocks {
    fn row<S: Scalar>(&self, _i: usize, _p: &[S], x: &[S]) -> Vec<S> {
        let width = x.len() / self.blocks;
        let entry = |j: usize| self.act.of(sum(x.iter().skip(j).step_by(width).copied()));
        (0..width).map(entry).collect()
    }
}

/// A softmax of the row.
pub struct Softmax;

impl RowMap for Softmax {
    fn row<S: Scalar>(&self, _i: usize, _p: &[S], x: &[S]) -> Vec<S> {
        softmax(x)
    }
}

/// `T` blocks, each a combination of all, by the `T x T` parameters.
pub struct Mix(pub usize);

impl RowMap for Mix {
    fn row<S: Scalar>(&self, _i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let blocks: Vec<Vec<S>> = x.chunks(x.len() / self.0).map(<[S]>::to_vec).collect();
        let rows = p.chunks(self.0);
        rows.flat_map(|weights| combine(weights, &blocks)).collect()
    }
}

/// Experts of one width and then the weights of each gate's experts.
pub struct Blend {
    pub width: usize,
    pub experts: usize,
    pub gates: Vec<Vec<usize>>,
}

impl RowMap for Blend {
    fn row<S: Scalar>(&self, _i: usize, _p: &[S], x: &[S]) -> Vec<S> {
        let (experts, mut weights) = x.split_at(self.experts * self.width);
        let mut mixtures = Vec::new();
        for gate in &self.gates {
            let (own, rest) = weights.split_at(gate.len());
            weights = rest;
            let chosen: Vec<Vec<S>> = gate
                .iter()
                .map(|k| experts[k * self.width..][..self.width].to_vec())
                .collect();
            mixtures.extend(combine(own, &chosen));
        }
        mixtures
    }
}

/// Features and then masks on them.
pub struct Attend(pub usize);

impl RowMap for Attend {
    fn row<S: Scalar>(&self, _i: usize, _p: &[S], x: &[S]) -> Vec<S> {
        let (z, masks) = x.split_at(self.0);
        let weigh = |u: &[S]| u.iter().zip(z).map(|(&u, &z)| u * z).collect::<Vec<S>>();
        masks.chunks(self.0).flat_map(weigh).collect()
    }
}
