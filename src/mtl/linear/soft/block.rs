//! A few rows of a task, gathered, and what the losses of classes make of them.

use alloc::{vec, vec::Vec};

use core::ops::Range;

use cognate_kernels::{Level, MatMut, MatRef, Product, gemm, gemm_scratch, scale_rows};

use super::terms::Expansion;
use crate::error::Result;
use crate::loss::{Logistic, Loss, Softmax, Targets};
use crate::mtl::{Kind, Summaries, TaskSet};
use crate::workspace::{Work, default_level};

/// Rows that are gathered together.
const BLOCK: usize = 128;

/// Numbers in a triangle of `m` rows.
pub(super) fn triangle(m: usize) -> usize {
    m * (m + 1) / 2
}

/// A few rows of a task and what is made of them.
pub(super) struct Block {
    width: usize,
    links: usize,
    rows: usize,
    /// `rows x D`.
    x: Vec<f64>,
    y: Vec<f64>,
    classes: Vec<u32>,
    weights: Vec<f64>,
    /// Links, slopes by them, and what the loss keeps: probabilities.
    z: Vec<f64>,
    dz: Vec<f64>,
    p: Vec<f64>,
    scaled: Vec<f64>,
    scratch: Vec<f64>,
    /// `m x m`.
    hessian: Vec<f64>,
}

impl Block {
    pub fn new(width: usize, links: usize) -> Self {
        let cells = BLOCK * links;
        let m = links * width;
        let scratch = gemm_scratch::<f64>(default_level(), width, BLOCK, width);
        Self {
            width,
            links,
            rows: 0,
            x: vec![1.0; BLOCK * width],
            y: vec![0.0; BLOCK],
            classes: vec![0; BLOCK],
            weights: vec![0.0; BLOCK],
            z: vec![0.0; cells],
            dz: vec![0.0; cells],
            p: vec![0.0; cells],
            scaled: vec![0.0; BLOCK * width],
            scratch: vec![0.0; scratch.max(4 * cells)],
            hessian: vec![0.0; m * m],
        }
    }

    /// Ranges of a task's rows that fit.
    fn ranges(tasks: &TaskSet<'_, f64>, t: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let n = tasks.tasks()[t].rows.len();
        (0..n)
            .step_by(BLOCK)
            .map(move |start| start..(start + BLOCK).min(n))
    }

    /// Takes in those of a range of the rows of task `t` that have a weight, and that times the task's.
    fn load(&mut self, tasks: &TaskSet<'_, f64>, t: usize, range: Range<usize>) {
        let (task, x) = (&tasks.tasks()[t], tasks.x());
        self.rows = 0;
        for (&row, &label) in task.rows[range.clone()].iter().zip(&task.labels[range]) {
            let weight = tasks.weight(row);
            if weight == 0.0 {
                continue;
            }
            let into = &mut self.x[self.rows * self.width..][..self.width];
            for j in 0..x.cols() {
                into[j] = x.at(row as usize, j);
            }
            self.y[self.rows] = label;
            self.classes[self.rows] = label as u32;
            self.weights[self.rows] = task.weight * weight;
            self.rows += 1;
        }
    }

    /// The summaries of the tasks that predict a number; none of the others' rows.
    #[inline]
    pub fn summaries(&mut self, tasks: &TaskSet<'_, f64>) -> Result<Summaries> {
        let (all, d) = (tasks.tasks(), tasks.features());
        let mut summaries = Summaries::new(all.len(), d);
        for t in (0..all.len()).filter(|&t| all[t].kind == Kind::Number) {
            for range in Self::ranges(tasks, t) {
                self.load(tasks, t, range);
                let x = MatRef::planned(&self.x, self.rows, self.width);
                let (y, weights) = (&self.y[..self.rows], &self.weights[..self.rows]);
                summaries.add(
                    &vec![t as u32; self.rows],
                    x.split_cols(d).0,
                    y,
                    Some(weights),
                )?;
            }
        }
        Ok(summaries)
    }

    /// The loss of task `t`, of classes, at `theta`; its gradient and the triangle of its Hessian if wanted.
    #[inline]
    pub fn pass(
        &mut self,
        tasks: &TaskSet<'_, f64>,
        t: usize,
        theta: &[f64],
        mut derivatives: Option<(&mut [f64], &mut [f64])>,
    ) -> Expansion {
        let mut whole = Expansion {
            value: 0.0,
            least_curvature: f64::INFINITY,
        };
        if let Some((g, _)) = &mut derivatives {
            g.fill(0.0);
            self.hessian.fill(0.0);
        }
        for range in Self::ranges(tasks, t) {
            self.load(tasks, t, range);
            whole.value += self.loss(theta);
            if let Some((g, _)) = &mut derivatives {
                self.add_gradient(g);
                whole.least_curvature = whole.least_curvature.min(self.add_hessian());
            }
        }
        if let Some((_, packed)) = derivatives {
            let m = theta.len();
            for (i, row) in self.hessian.chunks_exact(m).enumerate() {
                packed[triangle(i)..triangle(i + 1)].copy_from_slice(&row[..=i]);
            }
        }
        whole
    }

    /// The loss of the rows; slopes and probabilities are kept.
    #[inline]
    fn loss(&mut self, theta: &[f64]) -> f64 {
        let (level, n, k) = (default_level(), self.rows, self.links);
        let x = MatRef::planned(&self.x, n, self.width);
        let product = Product::new(x, MatRef::planned(theta, k, self.width).t());
        gemm(level, product, MatMut::planned(&mut self.z, n, k), &mut []);
        let z = MatRef::planned(&self.z, n, k);
        let y = Targets::classes(&self.classes[..n]).weighted(Some(&self.weights[..n]));
        let dz = Some(MatMut::planned(&mut self.dz, n, k));
        let (p, w) = (
            &mut self.p[..n * k],
            &mut Work::new(level, &mut self.scratch),
        );
        match k {
            1 => Logistic.value_grad(z, &y, 1.0, dz, p, w),
            _ => Softmax::default().value_grad(z, &y, 1.0, dz, p, w),
        }
    }

    fn add_gradient(&self, g: &mut [f64]) {
        let x = MatRef::planned(&self.x, self.rows, self.width);
        let dz = MatRef::planned(&self.dz, self.rows, self.links);
        let g = MatMut::planned(g, self.links, self.width);
        gemm(
            default_level(),
            Product::new(dz.t(), x).beta(1.0),
            g,
            &mut [],
        );
    }

    /// Adds the rows' Hessian, its lower blocks; the least curvature of a row.
    fn add_hessian(&mut self) -> f64 {
        let (level, n, k) = (default_level(), self.rows, self.links);
        if k == 1 {
            for i in 0..n {
                self.z[i] = self.weights[i] * self.p[i] * (1.0 - self.p[i]);
            }
            self.add_block(level, 0, 0);
            return self.z[..n]
                .iter()
                .fold(f64::INFINITY, |least, &h| least.min(h));
        }
        for a in 0..k {
            for b in 0..=a {
                for i in 0..n {
                    let (p, q) = (self.p[i * k + a], self.p[i * k + b]);
                    self.z[i] = self.weights[i] * p * if a == b { 1.0 - p } else { -q };
                }
                self.add_block(level, a, b);
            }
        }
        let rows = self.p[..n * k].chunks_exact(k).zip(&self.weights);
        rows.map(|(p, w)| w * product_of_two_least(p))
            .fold(f64::INFINITY, f64::min)
    }

    /// Adds `X' diag(z) X` to block (a, b) of the Hessian.
    fn add_block(&mut self, level: Level, a: usize, b: usize) {
        let (n, width) = (self.rows, self.width);
        let x = MatRef::planned(&self.x, n, width);
        let mut scaled = MatMut::planned(&mut self.scaled, n, width);
        scaled.copy_from(x);
        scale_rows(level, &self.z[..n], scaled.rb_mut());
        let m = self.links * width;
        let rows = MatMut::planned(&mut self.hessian, m, m).rows_range(a * width..(a + 1) * width);
        let (_, right) = rows.split_cols(b * width);
        let (into, _) = right.split_cols(width);
        gemm(
            level,
            Product::new(scaled.rb().t(), x).beta(1.0),
            into,
            &mut self.scratch,
        );
    }
}

fn product_of_two_least(p: &[f64]) -> f64 {
    let (mut least, mut second) = (f64::INFINITY, f64::INFINITY);
    for &v in p {
        if v < least {
            (least, second) = (v, least);
        } else {
            second = second.min(v);
        }
    }
    least * second
}
