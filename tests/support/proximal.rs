//! Penalised linear models of many tasks, slowly: losses row by row, penalties by their definitions, proximal steps by methods that need
//! no theorem about them, and a walk of many small steps.
//!
//! `W` is a matrix of `d` rows and `K` columns, row-major; a task of numbers or two classes has one column, one of more classes as many.

use super::Random;

/// A task's rows, labels and weights.
#[derive(Clone, Debug)]
pub struct SlowTask {
    pub x: Vec<Vec<f64>>,
    pub y: Vec<f64>,
    pub weights: Vec<f64>,
    /// 0 for numbers.
    pub classes: usize,
}

/// A norm by its definition.
#[derive(Clone, Debug)]
pub enum SlowNorm {
    Entries,
    Rows,
    RowMaxima,
    /// The task of each column.
    Tasks(Vec<usize>),
    Nuclear,
    /// Columns and weight of each group.
    Tree(Vec<(Vec<usize>, f64)>),
}

fn length(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

fn shrink(v: &mut [f64], tau: f64) {
    let size = length(v);
    let factor = if size > tau { 1.0 - tau / size } else { 0.0 };
    v.iter_mut().for_each(|v| *v *= factor);
}

/// Columns `U S` and `V` of `W = (U S) V'`, one a vector, by rotations of pairs of columns until all are at right angles.
pub fn one_sided_jacobi(w: &[f64], columns: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let d = w.len() / columns;
    let column = |k: usize| (0..d).map(|j| w[j * columns + k]).collect::<Vec<f64>>();
    let mut us: Vec<Vec<f64>> = (0..columns).map(column).collect();
    let mut v: Vec<Vec<f64>> = (0..columns)
        .map(|k| (0..columns).map(|l| f64::from(k == l)).collect())
        .collect();
    for _ in 0..60 {
        for p in 0..columns {
            for q in p + 1..columns {
                let dot: f64 = us[p].iter().zip(&us[q]).map(|(a, b)| a * b).sum();
                let (a, b) = (length(&us[p]).powi(2), length(&us[q]).powi(2));
                if dot.abs() <= 1e-17 * (a * b).sqrt() {
                    continue;
                }
                let angle = 0.5 * (2.0 * dot).atan2(a - b);
                for m in [&mut us, &mut v] {
                    for i in 0..m[p].len() {
                        let (x, y) = (m[p][i], m[q][i]);
                        m[p][i] = angle.cos() * x + angle.sin() * y;
                        m[q][i] = angle.cos() * y - angle.sin() * x;
                    }
                }
            }
        }
    }
    (us, v)
}

impl SlowNorm {
    pub fn value(&self, w: &[f64], columns: usize) -> f64 {
        let rows = w.chunks(columns);
        match self {
            Self::Entries => w.iter().map(|w| w.abs()).sum(),
            Self::Rows => rows.map(length).sum(),
            Self::RowMaxima => rows
                .map(|r| r.iter().fold(0.0, |m: f64, w| m.max(w.abs())))
                .sum(),
            Self::Tasks(of) => (0..columns)
                .map(|t| {
                    let own: Vec<f64> = (0..w.len())
                        .filter(|e| of[e % columns] == t)
                        .map(|e| w[e])
                        .collect();
                    length(&own)
                })
                .sum(),
            Self::Nuclear => one_sided_jacobi(w, columns)
                .0
                .iter()
                .map(|u| length(u))
                .sum(),
            Self::Tree(groups) => {
                let of = |row: &[f64]| -> f64 {
                    let group = |(g, c): &(Vec<usize>, f64)| {
                        c * length(&g.iter().map(|&k| row[k]).collect::<Vec<f64>>())
                    };
                    groups.iter().map(group).sum()
                };
                rows.map(of).sum()
            }
        }
    }

    /// The dual norm, where it has a formula.
    pub fn dual(&self, c: &[f64], columns: usize) -> Option<f64> {
        let rows = c.chunks(columns);
        let most = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
        match self {
            Self::Entries => Some(most(c.iter().map(|c| c.abs()).collect())),
            Self::Rows => Some(most(rows.map(length).collect())),
            Self::RowMaxima => Some(most(
                rows.map(|r| r.iter().map(|c| c.abs()).sum()).collect(),
            )),
            Self::Tasks(of) => Some(most(
                (0..columns)
                    .map(|t| {
                        let own: Vec<f64> = (0..c.len())
                            .filter(|e| of[e % columns] == t)
                            .map(|e| c[e])
                            .collect();
                        length(&own)
                    })
                    .collect(),
            )),
            Self::Nuclear => Some(most(
                one_sided_jacobi(c, columns)
                    .0
                    .iter()
                    .map(|u| length(u))
                    .collect(),
            )),
            Self::Tree(_) => None,
        }
    }

    pub fn prox(&self, tau: f64, w: &mut [f64], columns: usize) {
        match self {
            Self::Entries => w.chunks_mut(1).for_each(|w| shrink(w, tau)),
            Self::Rows => w.chunks_mut(columns).for_each(|row| shrink(row, tau)),
            Self::RowMaxima => w.chunks_mut(columns).for_each(|row| cut(row, tau)),
            Self::Tasks(of) => {
                for t in 0..columns {
                    let own: Vec<usize> = (0..w.len()).filter(|e| of[e % columns] == t).collect();
                    let mut part: Vec<f64> = own.iter().map(|&e| w[e]).collect();
                    shrink(&mut part, tau);
                    own.iter().zip(part).for_each(|(&e, p)| w[e] = p);
                }
            }
            Self::Nuclear => {
                let (mut us, v) = one_sided_jacobi(w, columns);
                us.iter_mut().for_each(|u| shrink(u, tau));
                for (e, w) in w.iter_mut().enumerate() {
                    let (j, k) = (e / columns, e % columns);
                    *w = us.iter().zip(&v).map(|(u, v)| u[j] * v[k]).sum();
                }
            }
            Self::Tree(groups) => w.chunks_mut(columns).for_each(|row| tree(groups, tau, row)),
        }
    }
}

/// Cut at the height above which `tau` lies, by bisection.
fn cut(row: &mut [f64], tau: f64) {
    let above = |h: f64| row.iter().map(|w| (w.abs() - h).max(0.0)).sum::<f64>();
    let (mut low, mut high) = (0.0, row.iter().fold(0.0, |m: f64, w| m.max(w.abs())));
    if above(0.0) > tau {
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if above(middle) > tau {
                low = middle
            } else {
                high = middle
            }
        }
    } else {
        high = 0.0;
    }
    row.iter_mut().for_each(|w| *w = w.clamp(-high, high));
}

/// By the dual: `row - sum_g z_g` with `||z_g|| <= tau c_g`, each z in turn at its best until nothing moves.
fn tree(groups: &[(Vec<usize>, f64)], tau: f64, row: &mut [f64]) {
    let mut z: Vec<Vec<f64>> = groups.iter().map(|(g, _)| vec![0.0; g.len()]).collect();
    for _ in 0..1000 {
        let before = row.to_vec();
        // In the order that is wrong for one pass.
        for ((group, weight), z) in groups.iter().zip(&mut z).rev() {
            let mut best: Vec<f64> = group.iter().zip(&*z).map(|(&k, z)| row[k] + z).collect();
            let size = length(&best);
            let most = tau * weight;
            if size > most {
                best.iter_mut().for_each(|b| *b *= most / size);
            }
            for ((&k, z), b) in group.iter().zip(z).zip(best) {
                row[k] += *z - b;
                *z = b;
            }
        }
        if before == row {
            break;
        }
    }
}

/// A problem: tasks, norms with their strengths (W is the sum of as many parts), a square, intercepts or none.
#[derive(Clone, Debug)]
pub struct Slow {
    pub features: usize,
    pub tasks: Vec<SlowTask>,
    pub norms: Vec<(SlowNorm, f64)>,
    pub square: f64,
    pub intercept: bool,
}

impl Slow {
    pub fn columns(&self) -> usize {
        let of = |t: &SlowTask| if t.classes > 2 { t.classes } else { 1 };
        self.tasks.iter().map(of).sum()
    }

    /// The losses at `w` and `b`, with their gradients.
    pub fn losses(&self, w: &[f64], b: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let columns = self.columns();
        let (mut value, mut gw, mut gb) = (0.0, vec![0.0; w.len()], vec![0.0; columns]);
        let mut first = 0;
        for task in &self.tasks {
            let width = if task.classes > 2 { task.classes } else { 1 };
            for ((x, &y), &weight) in task.x.iter().zip(&task.y).zip(&task.weights) {
                let link = |k: usize| -> f64 {
                    let products = x.iter().enumerate().map(|(j, x)| x * w[j * columns + k]);
                    products.sum::<f64>() + b[k]
                };
                let z: Vec<f64> = (first..first + width).map(link).collect();
                let (loss, slopes) = loss(task.classes, &z, y);
                value += weight * loss;
                for (k, slope) in (first..).zip(slopes) {
                    gb[k] += weight * slope;
                    for (j, x) in x.iter().enumerate() {
                        gw[j * columns + k] += weight * slope * x;
                    }
                }
            }
            first += width;
        }
        (value, gw, gb)
    }

    /// The objective at `parts` and `b`.
    pub fn objective(&self, parts: &[Vec<f64>], b: &[f64]) -> f64 {
        let w = sum(parts);
        let norms = self.norms.iter().zip(parts);
        let norms: f64 = norms
            .map(|((norm, s), w)| s * norm.value(w, self.columns()))
            .sum();
        self.losses(&w, b).0 + norms + 0.5 * self.square * length(&w).powi(2)
    }

    /// Parts and intercepts after `steps` accelerated proximal steps with a step length that is safe, momentum dropped where the objective
    /// rises.
    pub fn minimise(&self, steps: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let (columns, parts) = (self.columns(), self.norms.len());
        let squares = |task: &SlowTask| -> f64 {
            let row = |(x, c): (&Vec<f64>, &f64)| c * (length(x).powi(2) * parts as f64 + 1.0);
            task.x.iter().zip(&task.weights).map(row).sum()
        };
        let bound = self.tasks.iter().map(squares).fold(0.0, f64::max) + self.square * parts as f64;
        let step = 1.0 / bound;
        let mut x = (
            vec![vec![0.0; self.features * columns]; parts],
            vec![0.0; columns],
        );
        let (mut y, mut t, mut last) = (x.clone(), 1.0_f64, f64::INFINITY);
        for _ in 0..steps {
            let w = sum(&y.0);
            let (_, gw, gb) = self.losses(&w, &y.1);
            let mut z = y.clone();
            for ((norm, strength), part) in self.norms.iter().zip(&mut z.0) {
                for (e, p) in part.iter_mut().enumerate() {
                    *p -= step * (gw[e] + self.square * w[e]);
                }
                norm.prox(step * strength, part, columns);
            }
            if self.intercept {
                z.1.iter_mut().zip(gb).for_each(|(b, g)| *b -= step * g);
            }
            let value = self.objective(&z.0, &z.1);
            let next = 0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt());
            let beta = if value > last { 0.0 } else { (t - 1.0) / next };
            t = if value > last { 1.0 } else { next };
            last = value;
            let on = |z: &[f64], x: &[f64]| -> Vec<f64> {
                z.iter().zip(x).map(|(z, x)| z + beta * (z - x)).collect()
            };
            y.0 = z.0.iter().zip(&x.0).map(|(z, x)| on(z, x)).collect();
            y.1 = on(&z.1, &x.1);
            x = z;
        }
        x
    }
}

pub fn sum(parts: &[Vec<f64>]) -> Vec<f64> {
    let entry = |e: usize| parts.iter().map(|part| part[e]).sum();
    (0..parts[0].len()).map(entry).collect()
}

/// The loss of a row, and its slopes.
fn loss(classes: usize, z: &[f64], y: f64) -> (f64, Vec<f64>) {
    match classes {
        0 => (0.5 * (z[0] - y).powi(2), vec![z[0] - y]),
        2 => {
            let away = if y == 1.0 { -z[0] } else { z[0] };
            let softplus = away.max(0.0) + (-away.abs()).exp().ln_1p();
            (softplus, vec![1.0 / (1.0 + (-z[0]).exp()) - y])
        }
        _ => {
            let top = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let total: f64 = z.iter().map(|z| (z - top).exp()).sum();
            let label = y as usize;
            let slope =
                |(j, z): (usize, &f64)| (z - top).exp() / total - f64::from(u8::from(j == label));
            let value = top + total.ln() - z[label];
            (value, z.iter().enumerate().map(slope).collect())
        }
    }
}

/// A random task that a linear map would have made, every class present.
pub fn random_task(random: &mut Random, rows: usize, features: usize, classes: usize) -> SlowTask {
    let map = random.numbers(features * classes.max(1));
    let x: Vec<Vec<f64>> = (0..rows).map(|_| random.numbers(features)).collect();
    let label = |(i, x): (usize, &Vec<f64>)| {
        let link =
            |k: usize| -> f64 { x.iter().zip(&map[k * features..]).map(|(x, m)| x * m).sum() };
        match classes {
            0 => 2.0 * link(0) + 0.5 * random.number() + 0.3,
            _ if i < classes => i as f64,
            _ if random.one_in(4) => random.below(classes) as f64,
            _ => {
                let best = (0..classes).max_by(|&a, &b| link(a).total_cmp(&link(b)));
                best.unwrap() as f64
            }
        }
    };
    let y = x.iter().enumerate().map(label).collect();
    SlowTask {
        x,
        y,
        weights: vec![1.0; rows],
        classes,
    }
}
