//! The digits of the examples: 1797 handwritten ones, 8 x 8 pixels from 0 to 1.
#![allow(dead_code, reason = "each example uses a part of it")]

use std::error::Error;
use std::ops::ControlFlow;

use cognate::data::datasets;
use cognate::data::split::{Split, TestSize, stratified_split};
use cognate::layer::Stack;
use cognate::loss::{Loss, Targets};
use cognate::meta::transfer::{L2Sp, Tuning};
use cognate::metrics::accuracy;
use cognate::model::{ClassModel, MlpClassifier, Network};
use cognate::objective::net::NetObjective;
use cognate::params::Span;
use cognate::{Activation, MatRef};

/// Pixels of a digit.
pub const PIXELS: usize = 64;

/// Digits with their classes.
#[derive(Clone, Default)]
pub struct Digits {
    /// `n x 64`.
    pub x: Vec<f32>,
    /// n classes.
    pub y: Vec<u32>,
}

impl Digits {
    /// All of them.
    pub fn load() -> Result<Self, Box<dyn Error>> {
        let table = datasets::load("digits").ok_or("no digits")?.table;
        let (mut digits, mut columns) = (Self::default(), Vec::new());
        for column in table.columns().iter().filter(|c| c.name != "target") {
            columns.push(column.as_numbers()?);
        }
        for i in 0..table.rows() {
            digits
                .x
                .extend(columns.iter().map(|pixels| pixels[i] as f32 / 16.0));
        }
        let target = table.column("target")?;
        for i in 0..table.rows() {
            digits
                .y
                .push(target.cell(i).ok_or("a digit without class")?.parse()?);
        }
        Ok(digits)
    }

    /// The pixels as a matrix.
    pub fn rows(&self) -> MatRef<'_, f32> {
        MatRef::planned(&self.x, self.y.len(), PIXELS)
    }

    /// Those of these indices.
    pub fn take(&self, rows: &[usize]) -> Self {
        let pixels = |&i: &usize| self.x[i * PIXELS..(i + 1) * PIXELS].iter().copied();
        Self {
            x: rows.iter().flat_map(pixels).collect(),
            y: rows.iter().map(|&i| self.y[i]).collect(),
        }
    }

    /// So many of them, and the others, each with the classes' shares.
    pub fn split(&self, first: usize, seed: u64) -> Result<(Self, Self), Box<dyn Error>> {
        let rest = TestSize::Count(self.y.len() - first);
        let Split { train, test } = stratified_split(&self.y, rest, seed)?;
        Ok((self.take(&train), self.take(&test)))
    }

    /// The share of them, in per cent, that a model classifies right.
    pub fn score(&self, model: &ClassModel<Network<f32>>) -> Result<f64, Box<dyn Error>> {
        Ok(100.0 * accuracy(&self.y, &model.predict(self.rows())?, None)?)
    }

    /// Those of the classes `from..to`, which become 0, 1, ..
    pub fn of_classes(&self, from: u32, to: u32) -> Self {
        let rows: Vec<usize> = (0..self.y.len())
            .filter(|&i| (from..to).contains(&self.y[i]))
            .collect();
        let mut some = self.take(&rows);
        some.y.iter_mut().for_each(|y| *y -= from);
        some
    }

    /// As another hand writes them: a pixel to the right, with squared contrast.
    pub fn moved(&self) -> Self {
        let moved = |digit: &[f32], at: usize| {
            if at.is_multiple_of(8) {
                0.0
            } else {
                digit[at - 1] * digit[at - 1]
            }
        };
        let digits = self.x.chunks(PIXELS);
        Self {
            x: digits
                .flat_map(|digit| (0..PIXELS).map(|at| moved(digit, at)).collect::<Vec<_>>())
                .collect(),
            y: self.y.clone(),
        }
    }

    /// With their quarter turns as classes of their own: four times as many.
    pub fn turned(&self, classes: u32) -> Self {
        let mut all = Self::default();
        for turn in 0..4 {
            for (digit, &y) in self.x.chunks(PIXELS).zip(&self.y) {
                all.x.extend((0..PIXELS).map(|at| digit[source(at, turn)]));
                all.y.push(y + turn * classes);
            }
        }
        all
    }
}

/// The place of a pixel before `turns` quarter turns.
fn source(at: usize, turns: u32) -> usize {
    let turn = |at: usize| (at % 8) * 8 + 7 - at / 8;
    (0..turns).fold(at, |at, _| turn(at))
}

/// A network of these hidden layers for ten classes as training begins.
pub fn untrained(hidden: &[usize], seed: u64) -> Result<Network<f32>, Box<dyn Error>> {
    let mlp = MlpClassifier::default().with_hidden_layer_sizes(hidden);
    Ok(mlp.with_seed(seed).start(PIXELS, 10)?.network())
}

/// The network tuned on the mean loss of these rows, held near where it is by a pull of these strengths.
pub fn tune<L: Loss<f32> + Sync>(
    network: &Network<f32>,
    (x, y): (MatRef<'_, f32>, Targets<'_, f32>),
    loss: L,
    tuning: &Tuning,
    strengths: &[(Span, f32)],
) -> Result<ClassModel<Network<f32>>, Box<dyn Error>> {
    let mut p = network.params().to_vec();
    let inner = NetObjective {
        scale: 1.0 / x.rows() as f32,
        ..NetObjective::new(Stack(network.layers()), loss, p.len(), x, y)
    };
    let pulled = L2Sp {
        inner,
        anchor: network.params(),
        strengths,
    };
    tuning.run(&pulled, &mut p, &mut |_| ControlFlow::Continue(()))?;
    let tuned = Network::new(&network.sizes(), Activation::Relu, p)?;
    Ok(ClassModel::from_map(tuned)?)
}

/// Prints the mean and the standard deviation of scores.
pub fn show(name: &str, scores: &[f64]) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let squares: f64 = scores.iter().map(|s| (s - mean) * (s - mean)).sum();
    println!(
        "  {name:28} {mean:5.2} +- {:.2} %",
        (squares / (n - 1.0)).sqrt()
    );
}
