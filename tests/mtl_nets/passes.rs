//! Ways, groups, weights and the Gram pass of a network are what plain passes, one task at a time, add up to.

use std::ops::Range;

use cognate::layer::{At, Backward, Ctx, Forward, Gram, Mode, Out, RAt, Tangent, TaskGram};
use cognate::mtl::net::Network;
use cognate::params::Span;
use cognate::workspace::Workspace;
use cognate::{MatMut, MatRef};
use proptest::prelude::*;

use crate::cases::{Case, Which, case, heads};
use crate::harness::config;
use crate::support::Random;
use crate::support::layers::Act;

/// A point and cotangents, a way a task or one for all.
pub struct Point {
    pub rows: usize,
    pub p: Vec<f64>,
    pub x: Vec<f64>,
    pub dy: Vec<f64>,
}

/// What a pass gives.
#[derive(Debug, PartialEq)]
pub struct Passed {
    pub y: Vec<f64>,
    /// One gradient behind the other.
    pub dp: Vec<f64>,
    pub dx: Vec<f64>,
    /// The Gram matrix, where there is a gradient a task.
    pub gram: Vec<f64>,
    /// Where there is one gradient, the derivatives of `y` and `dp` along `x`, `p` and `dy` themselves.
    pub ry: Vec<f64>,
    pub rdp: Vec<f64>,
}

/// Forward and backward, and the Gram pass, through `net`; what nobody writes is NaN.
pub fn pass(net: &Network, c: &Ctx<'_>, point: &Point) -> Passed {
    let (layer, n, tasks) = (net.graph(), point.rows, c.gradients());
    let (inputs, outputs) = Forward::<f64>::width(layer);
    let mut need = Forward::<f64>::need(layer, Mode::Train, n, c.ways);
    let scratch = TaskGram::<f64>::gram_scratch(layer, n, c.ways, tasks);
    need.scratch = need.scratch.max(scratch);
    let mut workspace = Workspace::new(need);
    let mut slabs = workspace.slabs();
    slabs.saved.fill(f64::NAN);
    slabs.deltas.fill(f64::NAN);
    let w = &mut slabs.work;
    w.scratch().fill(f64::NAN);
    let x = MatRef::planned(&point.x, n, inputs);
    let mut y = vec![0.0; n * outputs];
    let into = MatMut::planned(&mut y, n, outputs);
    layer.forward(c, &point.p, x, into, slabs.saved, w);
    let at = At {
        x,
        y: MatRef::planned(&y, n, outputs),
        saved: slabs.saved,
    };
    let dy = MatRef::planned(&point.dy, c.ways * n, outputs);
    let mut dp = vec![f64::NAN; tasks * point.p.len()];
    let mut dx = vec![f64::NAN; c.ways * n * inputs];
    let into = Out::Set(MatMut::planned(&mut dx, c.ways * n, inputs));
    let deltas = slabs.deltas;
    layer.backward(c, &point.p, at, dy, deltas, into, Out::Set(&mut dp), w);
    let mut products = vec![f64::NAN; tasks * tasks];
    let mut gram = Gram::new(&mut products, tasks);
    layer.gram_backward(c, &point.p, at, dy, deltas, Out::Skip, &mut gram, w);
    let (mut ry, mut rdp) = (vec![0.0; n * outputs], vec![f64::NAN; point.p.len()]);
    if tasks == 1 && c.weights.is_empty() {
        let (p, into) = (&point.p, MatMut::planned(&mut ry, n, outputs));
        w.scratch().fill(f64::NAN);
        layer.r_forward(c, p, p, at, Some(x), into, slabs.rsaved, w);
        let r = RAt {
            rx: Some(x),
            ry: MatRef::planned(&ry, n, outputs),
            rsaved: slabs.rsaved,
        };
        let into = Out::Set(&mut rdp[..]);
        layer.r_backward(c, p, p, at, r, dy, deltas, dy, Out::Skip, into, w);
    }
    Passed {
        gram: products,
        y,
        dp,
        dx,
        ry,
        rdp,
    }
}

impl Point {
    pub fn random(case: &Case, rows: usize, random: &mut Random) -> Self {
        let (inputs, outputs) = Forward::<f64>::width(case.net.graph());
        Self {
            rows,
            p: random.numbers(case.net.layout().len()),
            x: random.numbers(rows * inputs),
            dy: random.numbers(rows * outputs),
        }
    }

    /// Where `keep(i, t)`, row `i` of task `t`'s cotangents, else 0.
    fn masked(&self, columns: &[Range<usize>], keep: impl Fn(usize, usize) -> f64) -> Self {
        let width = self.dy.len() / self.rows;
        let factor = |k: usize| {
            let task = columns.iter().position(|c| c.contains(&(k % width)));
            keep(k / width, task.unwrap())
        };
        let dy = self.dy.iter().enumerate();
        Self {
            dy: dy.map(|(k, dy)| factor(k) * dy).collect(),
            p: self.p.clone(),
            x: self.x.clone(),
            rows: self.rows,
        }
    }
}

/// The columns of each task's links.
fn columns(net: &Network) -> Vec<Range<usize>> {
    let mut end = 0;
    let columns = net.graph().links().map(|links| {
        end += links;
        end - links..end
    });
    columns.collect()
}

fn of(spans: &[Span], dp: &[f64]) -> Vec<f64> {
    spans.iter().flat_map(|span| span.of(dp).to_vec()).collect()
}

/// Fails unless all numbers are equal, but for the order of sums of `terms` numbers below `size`.
pub fn assert_near(what: &str, found: &[f64], wanted: &[f64], terms: usize) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let size = wanted.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
    let tolerance = 2.0 * terms as f64 * f64::EPSILON * size;
    for (found, wanted) in found.iter().zip(wanted) {
        let off = (found - wanted).abs();
        assert!(off <= tolerance, "{what}: {found:e} {wanted:e}");
    }
}

/// Gradients of one task at a time, by plain passes.
fn one_by_one(case: &Case, point: &Point) -> Vec<Passed> {
    let (columns, tasks) = (columns(&case.net), case.tasks);
    let alone = |t| point.masked(&columns, |_, s| f64::from(u8::from(s == t)));
    let pass = |t| pass(&case.net, &Ctx::train(1), &alone(t));
    (0..tasks).map(pass).collect()
}

fn any_case(which: Which, seed: u64) -> (Case, Point) {
    let mut random = Random::new(seed);
    let case = case(which, 3, Act::Tanh, &mut random);
    let rows = 2 + random.below(9);
    let point = Point::random(&case, rows, &mut random);
    (case, point)
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn a_way_a_task(which in proptest::sample::select(&Which::ALL[..]), seed: u64) {
        let (case, point) = any_case(which, seed);
        let c = Ctx { ways: case.tasks, ..Ctx::train(1) };
        // Whatever a way says of other tasks is not looked at.
        let ways = Point { dy: point.dy.repeat(case.tasks), p: point.p.clone(), x: point.x.clone(), rows: point.rows };
        let (found, wanted) = (pass(&case.net, &c, &ways), one_by_one(&case, &point));
        let dp: Vec<f64> = wanted.iter().flat_map(|w| w.dp.clone()).collect();
        let dx: Vec<f64> = wanted.iter().flat_map(|w| w.dx.clone()).collect();
        prop_assert_eq!(found.dp, dp);
        prop_assert_eq!(found.dx, dx);
        let shared = case.net.shared();
        let rows: Vec<Vec<f64>> = wanted.iter().map(|w| of(&shared, &w.dp)).collect();
        let product = |(s, t): (usize, usize)| rows[s].iter().zip(&rows[t]).map(|(a, b)| a * b).sum::<f64>();
        let pairs = (0..case.tasks).flat_map(|s| (0..case.tasks).map(move |t| (s, t)));
        let gram: Vec<f64> = pairs.map(product).collect();
        assert_near("gram", &found.gram, &gram, point.p.len() + 4 * point.rows);
    }

    #[test]
    fn rows_of_their_own(which in proptest::sample::select(&Which::ALL[..]), seed: u64) {
        let (case, point) = any_case(which, seed);
        let (columns, n) = (columns(&case.net), point.rows);
        let groups: Vec<Range<usize>> = (0..case.tasks).map(|t| n * t / case.tasks..n * (t + 1) / case.tasks).collect();
        let own = point.masked(&columns, |i, t| f64::from(u8::from(groups[t].contains(&i))));
        let c = Ctx { groups: &groups, ..Ctx::train(1) };
        let (plain, apart) = (pass(&case.net, &Ctx::train(1), &own), pass(&case.net, &c, &own));
        let merged = pass(&case.net, &Ctx { merged: true, ..c }, &own);
        let width = point.dy.len() / n;
        for t in 0..case.tasks {
            for i in groups[t].clone() {
                let block = i * width + columns[t].start..i * width + columns[t].end;
                prop_assert_eq!(&merged.ry[block.clone()], &plain.ry[block.clone()]);
                prop_assert_eq!(&apart.y[block.clone()], &plain.y[block]);
            }
        }
        assert_near("dx", &apart.dx, &plain.dx, 100);
        assert_near("merged", &merged.dp, &plain.dp, 100);
        assert_near("merged, derivative", &merged.rdp, &plain.rdp, 100);
        let wanted: Vec<f64> = one_by_one(&case, &own).iter().flat_map(|w| w.dp.clone()).collect();
        assert_near("dp", &apart.dp, &wanted, 100);
    }

    #[test]
    fn weights_count_for_what_is_shared(which in proptest::sample::select(&Which::ALL[..]), seed: u64) {
        let (case, point) = any_case(which, seed);
        let weights: Vec<f64> = (0..case.tasks).map(|t| t as f64 * 0.75).collect();
        let found = pass(&case.net, &Ctx { weights: &weights, ..Ctx::train(1) }, &point);
        let plain = pass(&case.net, &Ctx::train(1), &point);
        let weighted = pass(&case.net, &Ctx::train(1), &point.masked(&columns(&case.net), |_, t| weights[t]));
        let shared = case.net.shared();
        prop_assert_eq!(of(&shared, &found.dp), of(&shared, &weighted.dp));
        prop_assert_eq!(&found.dx, &weighted.dx);
        for t in 0..case.tasks {
            let own = case.net.own(t);
            prop_assert_eq!(of(&own, &found.dp), of(&own, &plain.dp));
        }
    }

    #[test]
    fn shared_is_what_more_than_one_task_reaches(which in proptest::sample::select(&Which::ALL[..]), seed: u64) {
        let (case, point) = any_case(which, seed);
        let alone = one_by_one(&case, &point);
        let reaches = |t: usize, span: &Span| span.of(&alone[t].dp).iter().any(|g| *g != 0.0);
        for span in case.net.shared() {
            let reached = (0..case.tasks).filter(|&t| reaches(t, &span)).count();
            // A network of one task, and a gate of one expert, whose weight never moves, are for nobody else.
            let may_rest = case.tasks == 1 || span.cols == 1;
            prop_assert!(reached > 1 || may_rest, "{which:?} {span:?}: {reached} of {}", case.tasks);
        }
        for t in 0..case.tasks {
            for span in case.net.own(t) {
                prop_assert!((0..case.tasks).all(|s| s == t || !reaches(s, &span)), "{which:?} {span:?}");
            }
        }
        let spans = case.net.shared().len() + (0..case.tasks).map(|t| case.net.own(t).len()).sum::<usize>();
        prop_assert_eq!(spans, case.net.layout().spans.len());
        prop_assert_eq!(case.net.graph().links().count(), heads(case.tasks).len());
    }
}
