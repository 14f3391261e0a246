//! The Gram pass adds up what the explicit gradients' products are, to rounding, layer by layer.

use std::ops::Range;

use cognate::layer::{At, Ctx, Dense, Forward, Gram, Mode, Out, Stack, TaskGram};
use cognate::mtl::net::TaskNet;
use cognate::params::{LayoutBuf, Span};
use cognate::workspace::Workspace;
use cognate::{Activation, Level, MatMut, MatRef, Real};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use crate::harness::build::{Build, Ours};
use crate::harness::{Pass, close, config, levels, typed};
use crate::nets::layer;
use crate::support::layers::{Layer, RowMap};
use crate::support::scalar::sum;
use crate::support::{Bounded, Dual, Random, Scalar};

/// A layer at a point, with a cotangent a way.
pub struct Point {
    pub p: Vec<f64>,
    pub x: Vec<f64>,
    pub dy: Vec<f64>,
    pub rows: usize,
}

/// The Gram matrix that `layer` finds; its last shared layer's if `last`.
pub fn gram<T: Real>(
    layer: &dyn TaskGram<T>,
    c: &Ctx<'_>,
    point: &Point,
    last: bool,
    level: Level,
) -> Vec<f64> {
    let ((inputs, outputs), n, tasks) = (layer.width(), point.rows, c.gradients());
    let mut need = layer.need(Mode::Train, n, c.ways);
    need.scratch = need.scratch.max(layer.gram_scratch(n, c.ways, tasks));
    let mut workspace = Workspace::with_level(level, need);
    let mut slabs = workspace.slabs();
    slabs.saved.fill(T::NAN);
    slabs.deltas.fill(T::NAN);
    let (p, x, dy) = (
        typed::<T>(&point.p),
        typed::<T>(&point.x),
        typed::<T>(&point.dy),
    );
    let (x, mut y) = (MatRef::planned(&x, n, inputs), vec![T::NAN; n * outputs]);
    let w = &mut slabs.work;
    w.scratch().fill(T::NAN);
    layer.forward(
        c,
        &p,
        x,
        MatMut::planned(&mut y, n, outputs),
        slabs.saved,
        w,
    );
    w.scratch().fill(T::NAN);
    let at = At {
        x,
        y: MatRef::planned(&y, n, outputs),
        saved: slabs.saved,
    };
    let dy = MatRef::planned(&dy, c.ways * n, outputs);
    let mut products = vec![f64::NAN; tasks * tasks];
    let mut gram = Gram::new(&mut products, tasks);
    if last {
        gram = gram.last_layer();
    }
    layer.gram_backward(c, &p, at, dy, slabs.deltas, Out::Skip, &mut gram, w);
    products
}

/// The gradients of the blocks of `c` by each of the parameters `shared`, by dual numbers, a parameter after the other.
pub fn gradients(
    map: &impl RowMap,
    c: &Ctx<'_>,
    point: &Point,
    shared: &[Range<usize>],
) -> Vec<Vec<Bounded>> {
    let (inputs, outputs) = (
        point.x.len() / point.rows,
        point.dy.len() / point.rows / c.ways,
    );
    let by = |k: usize| {
        let slope = |at| Bounded::exact(f64::from(u8::from(at == k)));
        let number = |(at, &value): (usize, &f64)| Dual {
            value: Bounded::exact(value),
            slope: slope(at),
        };
        let p: Vec<Dual<Bounded>> = point.p.iter().enumerate().map(number).collect();
        let row = |i: usize| {
            let x: Vec<_> = point.x[i * inputs..][..inputs]
                .iter()
                .map(|&x| Scalar::exact(x))
                .collect();
            map.row(i, &p, &x)
        };
        let y: Vec<Vec<Dual<Bounded>>> = (0..point.rows).map(row).collect();
        let block = |block: cognate::layer::Block| {
            let cells = block
                .dy
                .zip(block.x)
                .flat_map(|(d, i)| (0..outputs).map(move |j| (d, i, j)));
            sum(cells.map(|(d, i, j)| Bounded::exact(point.dy[d * outputs + j]) * y[i][j].slope))
        };
        c.blocks(point.rows).map(block).collect()
    };
    shared.iter().cloned().flatten().map(by).collect()
}

/// `found` holds the products of `gradients`, which stand parameter after parameter.
pub fn compare<T: Real>(found: &[f64], gradients: &[Vec<Bounded>]) -> Result<(), TestCaseError> {
    let tasks = gradients[0].len();
    for s in 0..tasks {
        for t in 0..tasks {
            let product = sum(gradients.iter().map(|g| g[s] * g[t]));
            close::<T>("G", found[s * tasks + t], product)?;
        }
    }
    Ok(())
}

fn layers<T: Real>(build: &Build) -> Vec<&dyn TaskNet<T>> {
    build.ours.iter().map(layer).collect()
}

proptest! {
    #![proptest_config(config(60))]
    #[test]
    fn the_gram_pass_gives_the_products_of_the_gradients(
        pass in Pass::any(), inputs in 1..=20_usize, depth in 1..=3_usize,
    ) {
        let mut build = Build::default();
        let mut random = Random::new(pass.seed);
        let outputs = (0..depth).fold(inputs, |width, _| build.any(width, &pass, &mut random));
        let point = Point {
            p: random.numbers(build.params()),
            x: random.numbers(pass.rows * inputs),
            dy: random.numbers(pass.ways * pass.rows * outputs),
            rows: pass.rows,
        };
        let groups = pass.ranges();
        let c = Ctx { groups: &groups, ways: pass.ways, ..Ctx::train(pass.seed) };
        let map: &Vec<Layer> = &build.theirs;
        let all = 0..build.params();
        let expected = gradients(map, &c, &point, std::slice::from_ref(&all));
        prop_assume!(!expected.is_empty());
        for level in levels() {
            compare::<f64>(&gram(&Stack(layers::<f64>(&build)), &c, &point, false, level), &expected)?;
            compare::<f32>(&gram(&Stack(layers::<f32>(&build)), &c, &point, false, level), &expected)?;
        }
    }
}

/// One dense layer of two outputs and the identity.
fn dense(inputs: usize, outputs: usize) -> (Dense, usize) {
    let mut layout = LayoutBuf::new();
    let weight = layout.add_weight("weight", inputs, outputs);
    let bias = Some(layout.add("bias", 1, outputs));
    (
        Dense {
            weight,
            bias,
            activation: Activation::Identity,
        },
        layout.view().len(),
    )
}

#[test]
fn the_known_layer() {
    let file: Value = serde_json::from_str(include_str!("../data/mtl.json")).unwrap();
    let case = &file["dense_layer_gramian"];
    let floats = |value: &Value| -> Vec<f64> {
        let rows = value.as_array().unwrap().iter();
        rows.flat_map(|row| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()))
            .collect()
    };
    let dy: Vec<f64> = case["deltas"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(floats)
        .collect();
    let (layer, params) = dense(3, 2);
    let point = Point {
        p: vec![0.0; params],
        x: floats(&case["A"]),
        dy,
        rows: 4,
    };
    let c = Ctx {
        ways: 2,
        ..Ctx::train(0)
    };
    let found = gram::<f64>(&layer, &c, &point, false, Level::detect());
    for (found, wanted) in found.iter().zip(floats(&case["gramian"])) {
        // 8 significant digits after products of numbers of two decimals: exact but for our own rounding.
        assert!((found - wanted).abs() <= 1e-13 * 40.0, "{found} {wanted}");
    }
}

#[test]
fn the_last_layer_alone() {
    let pass = Pass::plain(5, 3);
    let mut build = Build::default();
    build.dense(4, 6, crate::support::layers::Act::Tanh, true);
    build.dense(6, 3, crate::support::layers::Act::Tanh, true);
    build.dropout(3, 0.0, &pass);
    let mut random = Random::new(7);
    let point = Point {
        p: random.numbers(build.params()),
        x: random.numbers(5 * 4),
        dy: random.numbers(2 * 5 * 3),
        rows: 5,
    };
    let c = Ctx {
        ways: 2,
        ..Ctx::train(pass.seed)
    };
    let Ours::Dense(last) = build.ours[1] else {
        unreachable!()
    };
    let spans: Vec<Range<usize>> = [Some(last.weight), last.bias]
        .into_iter()
        .flatten()
        .map(|s: Span| s.range())
        .collect();
    let expected = gradients(&build.theirs, &c, &point, &spans);
    let found = gram(
        &Stack(layers::<f64>(&build)),
        &c,
        &point,
        true,
        Level::detect(),
    );
    compare::<f64>(&found, &expected).unwrap();
    assert_eq!(Forward::<f64>::width(&last), (6, 3));
}
