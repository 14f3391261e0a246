//! Random networks of many tasks, in both forms: layers that tasks share, then heads.

use std::ops::Range;

use cognate::Real;
use cognate::layer::Stack;
use cognate::mtl::net::{Heads, TaskNet};

use crate::harness::Pass;
use crate::harness::build::{Build, Ours};
use crate::support::layers::{Act, Layer, RowMap};
use crate::support::{Random, Scalar};

/// Layers one after the other.
pub type Tower<'a, T> = Stack<Vec<&'a dyn TaskNet<T>>>;

/// A network of many tasks.
pub struct Net {
    pub build: Build,
    /// Layers that tasks share.
    pub trunk: Range<usize>,
    /// Layers of each head.
    pub heads: Vec<Range<usize>>,
}

pub fn layer<T: Real>(ours: &Ours) -> &dyn TaskNet<T> {
    match ours {
        Ours::Dense(layer) => layer,
        Ours::Dropout(layer) => layer,
        Ours::LayerNorm(layer) => layer,
    }
}

impl Net {
    /// A trunk of `depth` layers of any kind on `inputs`, and a head for each of `outputs`.
    pub fn any(
        inputs: usize,
        depth: usize,
        outputs: &[usize],
        pass: &Pass,
        random: &mut Random,
    ) -> Self {
        let mut build = Build::default();
        let width = (0..depth).fold(inputs, |width, _| build.any(width, pass, random));
        let trunk = 0..build.ours.len();
        let head = |&outputs: &usize| {
            let first = build.ours.len();
            let hidden = random.below(2);
            for _ in 0..hidden {
                build.dense(width, 5, Act::ALL[random.below(5)], true);
            }
            let last = if hidden == 0 { width } else { 5 };
            build.dense(last, outputs, Act::Identity, !random.one_in(3));
            first..build.ours.len()
        };
        let heads = outputs.iter().map(head).collect();
        Self {
            build,
            trunk,
            heads,
        }
    }

    fn tower<T: Real>(&self, cut: &Range<usize>) -> Tower<'_, T> {
        Stack(self.build.ours[cut.clone()].iter().map(layer).collect())
    }

    pub fn own<T: Real>(&self) -> Heads<Vec<Tower<'_, T>>> {
        Heads(self.heads.iter().map(|cut| self.tower(cut)).collect())
    }

    /// The whole network.
    pub fn ours<T: Real>(&self) -> Stack<Vec<Box<dyn TaskNet<T> + '_>>> {
        let mut layers: Vec<Box<dyn TaskNet<T> + '_>> = Vec::new();
        if !self.trunk.is_empty() {
            layers.push(Box::new(self.tower::<T>(&self.trunk)));
        }
        layers.push(Box::new(self.own::<T>()));
        Stack(layers)
    }
}

impl RowMap for Net {
    fn row<S: Scalar>(&self, i: usize, p: &[S], x: &[S]) -> Vec<S> {
        let layers = |cut: &Range<usize>| -> Vec<Layer> { self.build.theirs[cut.clone()].to_vec() };
        let shared = layers(&self.trunk).row(i, p, x);
        let head = |cut| layers(cut).row(i, p, &shared);
        self.heads.iter().flat_map(head).collect()
    }
}
