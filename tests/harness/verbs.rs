//! The four verbs of any layer against the dual-number reference.
//!
//! The reference sees one scalar function, `phi(p, x) = sum_ij dy_ij y_ij(p, x)`, a way and a group at a time. Along a coordinate or a
//! direction `u` of `(p, x)` and the direction `v = (rp, rx, rdy)` at once it yields everything that the verbs claim:
//! ```text
//! y    J v = ry    u . (dp, dx) = phi' u    u . (rdp, rdx) = u' (d/dv grad phi)
//! ```
//! Outputs start as NaN where they are set, and so does every slab: a verb that reads what nobody wrote is found out.

use std::ops::Range;

use cognate::layer::{self, At, Ctx, Mode, Out, RAt, Tangent};
use cognate::workspace::Workspace;
use cognate::{Level, Real};
use proptest::test_runner::TestCaseError;

use super::{Block, Pass, Twice, close, coordinates, doubles, inner, levels, typed};
use crate::support::layers::RowMap;
use crate::support::scalar::sum;
use crate::support::{Bounded, Random, Scalar};

/// Every number that goes into the verbs.
pub struct Data {
    pub p: Vec<f64>,
    pub rp: Vec<f64>,
    pub x: Vec<f64>,
    pub rx: Vec<f64>,
    pub dy: Vec<f64>,
    pub rdy: Vec<f64>,
    start: f64,
}

impl Data {
    pub fn new(pass: &Pass, params: usize, (inputs, outputs): (usize, usize)) -> Self {
        let mut random = Random::new(pass.seed);
        let still = if pass.still { 0.0 } else { 1.0 };
        let mut rx = random.numbers(pass.rows * inputs);
        rx.iter_mut().for_each(|v| *v *= still);
        Self {
            p: random.numbers(params),
            rp: random.numbers(params),
            x: random.numbers(pass.rows * inputs),
            rx,
            dy: random.numbers(pass.ways * pass.rows * outputs),
            rdy: random.numbers(pass.ways * pass.rows * outputs),
            start: if pass.add { 0.75 } else { 0.0 },
        }
    }
}

impl Data {
    /// The same for the rows of one block.
    pub fn part(&self, block: &layer::Block, inputs: usize, outputs: usize) -> Self {
        let cut = |numbers: &[f64], rows: &Range<usize>, width| {
            numbers[rows.start * width..rows.end * width].to_vec()
        };
        Self {
            p: self.p.clone(),
            rp: self.rp.clone(),
            x: cut(&self.x, &block.x, inputs),
            rx: cut(&self.rx, &block.x, inputs),
            dy: cut(&self.dy, &block.dy, outputs),
            rdy: cut(&self.rdy, &block.dy, outputs),
            start: self.start,
        }
    }
}

/// Every number that comes out of them.
pub struct Results {
    pub y: Vec<f64>,
    pub dx: Vec<f64>,
    pub dp: Vec<f64>,
    pub ry: Vec<f64>,
    pub rdx: Vec<f64>,
    pub rdp: Vec<f64>,
}

fn out<V>(add: bool, place: V) -> Out<V> {
    if add {
        Out::Add(place)
    } else {
        Out::Set(place)
    }
}

/// The four verbs, one after the other.
pub fn run<T: Real>(
    layer: &dyn Tangent<T>,
    pass: &Pass,
    c: &Ctx<'_>,
    data: &Data,
    level: Level,
) -> Results {
    let (inputs, outputs) = layer.width();
    let block = |numbers: &[f64], cols| Block::<T>::new(numbers, cols, pass.beside);
    let (p, rp) = (typed::<T>(&data.p), typed::<T>(&data.rp));
    let (x, rx) = (block(&data.x, inputs), block(&data.rx, inputs));
    let (dy, rdy) = (block(&data.dy, outputs), block(&data.rdy, outputs));
    let start = if pass.add {
        T::from_f64(data.start)
    } else {
        T::NAN
    };
    let blank = |rows, cols, value| Block::<T>::filled(value, rows, cols, pass.beside);
    let mut y = blank(pass.rows, outputs, T::NAN);
    let mut ry = y.clone();
    let mut dx = blank(pass.ways * pass.rows, inputs, start);
    let mut rdx = dx.clone();
    let mut dp = vec![start; p.len() * c.gradients()];
    let mut rdp = dp.clone();
    let need = layer.need(Mode::Train, pass.rows, pass.ways);
    let mut workspace = Workspace::<T>::with_level(level, need);
    let mut slabs = workspace.slabs();
    slabs.saved.fill(T::NAN);
    slabs.deltas.fill(T::NAN);
    slabs.rsaved.fill(T::NAN);
    let w = &mut slabs.work;
    w.scratch().fill(T::NAN);

    layer.forward(c, &p, x.view(), y.view_mut(), slabs.saved, w);
    let at = At {
        x: x.view(),
        y: y.view(),
        saved: slabs.saved,
    };
    let (into_x, into_p) = (out(pass.add, dx.view_mut()), out(pass.add, &mut dp[..]));
    layer.backward(c, &p, at, dy.view(), slabs.deltas, into_x, into_p, w);
    w.scratch().fill(T::NAN);
    let moving = (!pass.still).then(|| rx.view());
    layer.r_forward(c, &p, &rp, at, moving, ry.view_mut(), slabs.rsaved, w);
    w.scratch().fill(T::NAN);
    let r = RAt {
        rx: moving,
        ry: ry.view(),
        rsaved: slabs.rsaved,
    };
    let (into_x, into_p) = (out(pass.add, rdx.view_mut()), out(pass.add, &mut rdp[..]));
    let (deltas, dy, rdy) = (&*slabs.deltas, dy.view(), rdy.view());
    layer.r_backward(c, &p, &rp, at, r, dy, deltas, rdy, into_x, into_p, w);
    Results {
        y: y.numbers(),
        dx: dx.numbers(),
        dp: doubles(&dp),
        ry: ry.numbers(),
        rdx: rdx.numbers(),
        rdp: doubles(&rdp),
    }
}

/// A direction of parameters or of inputs, and the rows that it moves.
struct Direction {
    p: Vec<f64>,
    x: Vec<f64>,
    rows: Range<usize>,
    by_inputs: bool,
}

/// Coordinates or directions of the parameters, and of the inputs.
fn directions(params: usize, rows: usize, inputs: usize, seed: u64) -> Vec<Direction> {
    let mut random = Random::new(seed ^ 2);
    let by_p = coordinates(params, &mut random)
        .into_iter()
        .map(|(p, _)| Direction {
            p,
            x: vec![0.0; rows * inputs],
            rows: 0..rows,
            by_inputs: false,
        });
    let by_x = coordinates(rows * inputs, &mut random)
        .into_iter()
        .map(|(x, k)| Direction {
            p: vec![0.0; params],
            x,
            rows: k.map_or(0..rows, |k| k / inputs..k / inputs + 1),
            by_inputs: true,
        });
    by_p.chain(by_x).collect()
}

/// The reference's outputs along `direction` and the data's own, row by row of those that move.
fn outputs(map: &impl RowMap, data: &Data, d: &Direction, inputs: usize) -> Vec<Vec<Twice>> {
    let twice = |x: &[f64], u: &[f64], v: &[f64]| -> Vec<Twice> {
        x.iter()
            .zip(u)
            .zip(v)
            .map(|((&x, &u), &v)| Twice::twice(x, u, v))
            .collect()
    };
    let p = twice(&data.p, &d.p, &data.rp);
    let x = twice(&data.x, &d.x, &data.rx);
    d.rows
        .clone()
        .map(|i| map.row(i, &p, &x[i * inputs..][..inputs]))
        .collect()
}

/// Every verb in `T` at every level against the reference.
pub fn check<T: Real>(
    layer: &dyn Tangent<T>,
    map: &impl RowMap,
    params: usize,
    pass: &Pass,
) -> Result<(), TestCaseError> {
    let (inputs, width) = layer.width();
    let data = Data::new(pass, params, (inputs, width));
    let ranges = pass.ranges();
    let c = Ctx {
        groups: &ranges,
        ways: pass.ways,
        ..Ctx::train(pass.seed)
    };
    let results: Vec<Results> = levels()
        .into_iter()
        .map(|level| run(layer, pass, &c, &data, level))
        .collect();
    let directions = directions(params, pass.rows, inputs, pass.seed);
    for (k, d) in directions.into_iter().enumerate() {
        let moved = Moved {
            y: outputs(map, &data, &d, inputs),
            d,
            data: &data,
            width,
        };
        for r in &results {
            // Outputs do not depend on the direction; the first one, by a parameter, moves every row.
            if k == 0 || params == 0 {
                moved.check_outputs::<T>(r)?;
            }
            if moved.d.by_inputs {
                moved.check_inputs::<T>(r, pass)?;
            } else {
                moved.check_parameters::<T>(r, &c, pass.rows)?;
            }
        }
    }
    Ok(())
}

/// The reference's outputs along one direction.
struct Moved<'a> {
    d: Direction,
    /// Of the rows that move.
    y: Vec<Vec<Twice>>,
    data: &'a Data,
    width: usize,
}

impl Moved<'_> {
    fn check_outputs<T: Real>(&self, r: &Results) -> Result<(), TestCaseError> {
        let first = self.d.rows.start * self.width;
        for (k, y) in self.y.iter().flatten().enumerate() {
            close::<T>("y", r.y[first + k], y.value.value)?;
            close::<T>("ry", r.ry[first + k], y.value.slope)?;
        }
        Ok(())
    }

    /// `sum_ij dy_ij y_ij` over `rows`, whose cotangents begin `offset` rows on.
    fn phi(&self, rows: Range<usize>, offset: usize) -> Twice {
        let moves = |i: usize| rows.contains(&i).then_some(i);
        let term = |i: usize, j: usize| {
            let k = (i + offset) * self.width + j;
            let dy = Twice::twice(self.data.dy[k], 0.0, self.data.rdy[k]);
            dy * self.y[i - self.d.rows.start][j]
        };
        let rows = self.d.rows.clone().filter_map(moves);
        sum(rows
            .flat_map(|i| (0..self.width).map(move |j| (i, j)))
            .map(|(i, j)| term(i, j)))
    }

    /// `got . direction` and its derivative against those of `phi`, which were added to what was there.
    fn check_along<T: Real>(
        &self,
        [got, r_got]: [&[f64]; 2],
        direction: &[f64],
        phi: Twice,
    ) -> Result<(), TestCaseError> {
        let what = if self.d.by_inputs { "dx" } else { "dp" };
        let before: Bounded = sum(direction
            .iter()
            .map(|u| Bounded::exact(u * self.data.start)));
        close::<T>(what, inner(got, direction), before + phi.slope.value)?;
        close::<T>(
            &format!("r{what}"),
            inner(r_got, direction),
            before + phi.slope.slope,
        )
    }

    fn check_inputs<T: Real>(&self, r: &Results, pass: &Pass) -> Result<(), TestCaseError> {
        let size = self.d.x.len();
        for way in 0..pass.ways {
            let mine = way * size..(way + 1) * size;
            let phi = self.phi(0..pass.rows, way * pass.rows);
            let got = [&r.dx[mine.clone()], &r.rdx[mine]];
            self.check_along::<T>(got, &self.d.x, phi)?;
        }
        Ok(())
    }

    fn check_parameters<T: Real>(
        &self,
        r: &Results,
        c: &Ctx<'_>,
        rows: usize,
    ) -> Result<(), TestCaseError> {
        let size = self.d.p.len();
        for block in c.blocks(rows) {
            let mine = block.gradient * size..(block.gradient + 1) * size;
            let phi = self.phi(block.x.clone(), block.dy.start - block.x.start);
            let got = [&r.dp[mine.clone()], &r.rdp[mine]];
            self.check_along::<T>(got, &self.d.p, phi)?;
        }
        Ok(())
    }
}
