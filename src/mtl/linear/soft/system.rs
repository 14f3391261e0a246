//! The whole objective over the nodes of a relation: the tasks' losses, and the penalty.
//!
//! A point is `v: N x m`, a block of `m = k D` numbers a node: for each link the coefficients, then the intercept where there is one.
//!
//! **Intercepts without a level.** The level of the intercepts of tasks that hang together is free, so the rows must give it. Where they
//! have no weight, or are classes of which one never occurs, they do not: the best level would be at infinity. There, and only there,
//! intercepts have the ridge of a coefficient.
//!
//! **Softmax** does not see a number added to all links of a row, and neither does the penalty at its minimum: along it gradients are 0
//! and points stay where they start, at 0. So matrices get a diagonal there, to be regular, that moves nothing.

use alloc::{vec, vec::Vec};

use cognate_kernels::{axpy, dot};

use super::relation::{Mix, Relation, Ridge};
use super::terms::{Expansion, Terms};
use crate::workspace::default_level;

/// Losses and penalty.
pub(super) struct System<'s, 'a> {
    pub relation: &'s Relation,
    pub terms: &'s mut Terms<'a>,
    ridges: Vec<Ridge>,
    /// Tasks that sit on each node.
    on_node: Vec<Vec<u32>>,
}

impl<'s, 'a> System<'s, 'a> {
    #[inline]
    pub fn new(relation: &'s Relation, terms: &'s mut Terms<'a>) -> Self {
        let mut on_node = vec![Vec::new(); relation.nodes.len()];
        if let Mix::Node(places) = &relation.mix {
            for (t, &n) in places.iter().enumerate() {
                on_node[n].push(t as u32);
            }
        }
        let ridges = ridges(relation, terms);
        Self {
            relation,
            terms,
            ridges,
            on_node,
        }
    }

    /// Nodes, `N`.
    pub fn nodes(&self) -> usize {
        self.ridges.len()
    }

    /// Numbers a node, `m`.
    pub fn size(&self) -> usize {
        self.terms.size()
    }

    /// Whether number `i` of a block is an intercept.
    fn is_intercept(&self, i: usize) -> bool {
        self.terms.intercept && (i + 1).is_multiple_of(self.terms.width)
    }

    /// Whether number `i` of node `n` is nothing: a coefficient of the intercepts' common level.
    pub fn is_void(&self, n: usize, i: usize) -> bool {
        let factors = matches!(self.relation.mix, Mix::Factors(_));
        factors && n + 1 == self.nodes() && !self.is_intercept(i)
    }

    /// The nodes that task `t` is made of, with their factors.
    pub fn parts(&self, t: usize) -> Vec<(usize, f64)> {
        match &self.relation.mix {
            Mix::Node(places) => vec![(places[t], 1.0)],
            Mix::Factors(factors) => {
                let level = self.nodes() - 1;
                let row = &factors[t * level..][..level];
                let factors = row.iter().copied().chain([1.0]);
                factors.enumerate().collect()
            }
        }
    }

    /// Task `t`'s own numbers, `m`, of a point or direction `v`.
    pub fn task(&self, t: usize, v: &[f64], theta: &mut [f64]) {
        let m = self.size();
        match &self.relation.mix {
            Mix::Node(places) => theta.copy_from_slice(&v[places[t] * m..][..m]),
            Mix::Factors(_) => {
                theta.fill(0.0);
                for (n, factor) in self.parts(t) {
                    axpy(default_level(), factor, &v[n * m..][..m], theta);
                }
            }
        }
    }

    /// Adds what task `t` says of its own numbers to what is said of the nodes'.
    pub fn add_task(&self, t: usize, g: &[f64], into: &mut [f64]) {
        let m = self.size();
        for (n, factor) in self.parts(t) {
            for i in 0..m {
                if !self.is_void(n, i) {
                    into[n * m + i] += factor * g[i];
                }
            }
        }
    }

    /// The objective at `v`.
    #[inline]
    pub fn value(&mut self, v: &[f64]) -> f64 {
        let mut theta = vec![0.0; self.size()];
        let mut value = self.penalty(v);
        for t in 0..self.relation.tasks() {
            self.task(t, v, &mut theta);
            value += self.terms.value(t, &theta);
        }
        value
    }

    /// The objective at `v`, and its gradient into `g`; Hessians of the tasks' losses are kept.
    #[inline]
    pub fn expand(&mut self, v: &[f64], g: &mut [f64]) -> Expansion {
        let m = self.size();
        let (mut theta, mut own) = (vec![0.0; m], vec![0.0; m]);
        let mut whole = Expansion {
            value: self.penalty(v),
            least_curvature: f64::INFINITY,
        };
        g.fill(0.0);
        self.add_penalty(v, g);
        for t in 0..self.relation.tasks() {
            self.task(t, v, &mut theta);
            let part = self.terms.expand(t, &theta, &mut own);
            whole.value += part.value;
            whole.least_curvature = whole.least_curvature.min(part.least_curvature);
            self.add_task(t, &own, g);
        }
        whole
    }

    fn penalty(&self, v: &[f64]) -> f64 {
        let (m, level) = (self.size(), default_level());
        let mut twice = 0.0;
        for (n, block) in v.chunks_exact(m).enumerate() {
            twice += (0..m)
                .map(|i| self.ridge(n, i) * block[i] * block[i])
                .sum::<f64>();
        }
        let mut apart = vec![0.0; m];
        for spring in &self.relation.springs {
            let (a, b) = spring.ends;
            apart.copy_from_slice(&v[a * m..][..m]);
            axpy(level, -1.0, &v[b * m..][..m], &mut apart);
            twice += spring.stiffness * dot(level, &apart, &apart);
        }
        0.5 * twice
    }

    /// `out += P v`, P the penalty's matrix.
    pub fn add_penalty(&self, v: &[f64], out: &mut [f64]) {
        let m = self.size();
        for (n, block) in v.chunks_exact(m).enumerate() {
            for i in 0..m {
                out[n * m + i] += self.ridge(n, i) * block[i];
            }
        }
        for spring in &self.relation.springs {
            let (a, b) = (spring.ends.0 * m, spring.ends.1 * m);
            for i in 0..m {
                let pull = spring.stiffness * (v[a + i] - v[b + i]);
                out[a + i] += pull;
                out[b + i] -= pull;
            }
        }
    }

    pub fn ridge(&self, n: usize, i: usize) -> f64 {
        if self.is_void(n, i) {
            1.0
        } else if self.is_intercept(i) {
            self.ridges[n].intercept
        } else {
            self.ridges[n].coef
        }
    }

    /// `out += ` the ridge of node `n` and the Hessians of the tasks on it, `m x m`; springs are the caller's.
    pub fn add_node(&self, n: usize, out: &mut [f64]) {
        for &t in &self.on_node[n] {
            self.terms.add_hessian(t as usize, 1.0, out);
        }
        self.add_diagonal(n, !self.on_node[n].is_empty(), out);
    }

    fn add_diagonal(&self, n: usize, gauged: bool, out: &mut [f64]) {
        let m = self.size();
        for i in 0..m {
            out[i * m + i] += self.ridge(n, i);
        }
        if gauged {
            self.add_gauge(out);
        }
    }

    /// The blocks, `m x m` each, of these pairs of nodes in `H + P`, apart from springs.
    #[inline]
    pub fn blocks(&self, pairs: &[(usize, usize)]) -> Vec<f64> {
        let (m, level) = (self.size(), self.nodes() - 1);
        let mut blocks = vec![0.0; pairs.len() * m * m];
        let Mix::Factors(factors) = &self.relation.mix else {
            for (block, &(a, b)) in blocks.chunks_exact_mut(m * m).zip(pairs) {
                if a == b {
                    self.add_node(a, block);
                }
            }
            return blocks;
        };
        let mut hessian = vec![0.0; m * m];
        for t in 0..self.relation.tasks() {
            hessian.fill(0.0);
            self.terms.add_hessian(t, 1.0, &mut hessian);
            let row = &factors[t * level..][..level];
            let factor = |n: usize| row.get(n).copied().unwrap_or(1.0);
            for (block, &(a, b)) in blocks.chunks_exact_mut(m * m).zip(pairs) {
                axpy(default_level(), factor(a) * factor(b), &hessian, block);
            }
        }
        for (block, &(a, b)) in blocks.chunks_exact_mut(m * m).zip(pairs) {
            for (at, v) in block.iter_mut().enumerate() {
                if self.is_void(a, at / m) || self.is_void(b, at % m) {
                    *v = 0.0;
                }
            }
            if a == b {
                self.add_diagonal(a, a == level, block);
            }
        }
        blocks
    }

    /// Makes the intercepts' common direction, which softmax does not see, regular.
    fn add_gauge(&self, out: &mut [f64]) {
        let (m, k) = (self.size(), self.terms.links);
        if k > 1 && self.terms.intercept {
            let place = |link: usize| (link + 1) * self.terms.width - 1;
            for a in 0..k {
                for b in 0..k {
                    out[place(a) * m + place(b)] += 1.0 / k as f64;
                }
            }
        }
    }

    /// The point whose tasks are nearest to `theta: T x m`, for a dense relation.
    pub fn nearest(&self, theta: &[f64]) -> Vec<f64> {
        let (m, tasks) = (self.size(), self.relation.tasks());
        let mut v = vec![0.0; self.nodes() * m];
        let level = (self.nodes() - 1) * m;
        for own in theta.chunks_exact(m) {
            for i in (0..m).filter(|&i| self.is_intercept(i)) {
                v[level + i] += own[i] / tasks as f64;
            }
        }
        for (t, own) in theta.chunks_exact(m).enumerate() {
            let mut parts = self.parts(t);
            parts.pop();
            for (n, factor) in parts {
                for i in 0..m {
                    v[n * m + i] += factor * (own[i] - v[level + i]);
                }
            }
        }
        v
    }
}

/// The nodes' ridges, with those of intercepts whose level nothing else gives.
#[inline]
fn ridges(relation: &Relation, terms: &Terms<'_>) -> Vec<Ridge> {
    let mut ridges = relation.nodes.clone();
    let levels = levels(relation);
    let (mut seen, mut given) = (vec![Vec::new(); ridges.len()], vec![false; ridges.len()]);
    for t in 0..relation.tasks() {
        let level = match &relation.mix {
            Mix::Node(places) => levels[places[t]],
            Mix::Factors(_) => ridges.len() - 1,
        };
        given[level] = given[level] || terms.gives_level(t, &mut seen[level]);
    }
    for (n, ridge) in ridges.iter_mut().enumerate() {
        if !given[levels[n]] {
            ridge.intercept = ridge.coef;
        }
    }
    ridges
}

/// For each node the first of those that it hangs together with.
fn levels(relation: &Relation) -> Vec<usize> {
    let mut first: Vec<usize> = (0..relation.nodes.len()).collect();
    let find = |first: &[usize], mut n: usize| {
        while first[n] != n {
            n = first[n];
        }
        n
    };
    for spring in &relation.springs {
        let (a, b) = (find(&first, spring.ends.0), find(&first, spring.ends.1));
        first[a.max(b)] = a.min(b);
    }
    for n in 0..first.len() {
        first[n] = find(&first, n);
    }
    first
}
