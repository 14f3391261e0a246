//! What each task's rows say of its coefficients: value, gradient and Hessian of its loss.
//!
//! With `theta: k x (d + 1)` (a row a link: coefficients, then the intercept where there is one), flat, and `D` its numbers a link:
//! ```text
//! squared     from summaries: L = 1/2 (S_yy - 2 theta S_xy + theta S_xx theta' + n (mean_y - theta [mean_x, 1])^2)
//!             its Hessian is S_xx + n [mean_x, 1] [mean_x, 1]': rows are read once, whatever is fitted
//!             or from factors R: L = 1/2 ||R [theta, -1]||^2, its intercept first; R is not squared
//! classes     from the rows, a block at a time with a column of ones beside: H = sum_i w_i (diag p - p p') x x'
//! ```
//! Summaries are centred, so values and gradients lose no digits to a large mean; the Hessian is only what steps are made with.
//!
//! Rows are gathered into a block whenever they are needed: tasks that share rows share the memory too. Hessians are kept packed, a
//! triangle a task.

use alloc::{borrow::Cow, vec, vec::Vec};

use cognate_kernels::{axpy, dot};

use super::block::{Block, triangle};
use crate::check;
use crate::error::{Error, Result};
use crate::mtl::linear::convex::Source;
use crate::mtl::summaries::TaskFactor;
use crate::mtl::{Kind, Summaries, TaskFactors, TaskSet, TaskSummary};
use crate::workspace::default_level;

/// The losses of all tasks, and their expansions about the last point.
pub(super) struct Terms<'a> {
    /// Names and kinds.
    pub tasks: Vec<(&'a str, Kind)>,
    /// Of the tasks that predict a number.
    numbers: Numbers<'a>,
    /// The rows of those that predict classes.
    rows: Option<&'a TaskSet<'a, f64>>,
    /// Links of every task, `k`.
    pub links: usize,
    /// Numbers a link, `D`.
    pub width: usize,
    pub intercept: bool,
    /// Each task's place among the Hessians kept: none for summaries.
    place: Vec<Option<usize>>,
    /// Triangles.
    hessians: Vec<f64>,
    block: Block,
}

/// What is known of the rows of tasks that predict a number.
enum Numbers<'a> {
    Products(Cow<'a, Summaries>),
    Factors(&'a TaskFactors),
}

/// What [`Terms::expand`] says of a task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Expansion {
    pub value: f64,
    /// The least curvature of a row's loss between two links, where it changes with the links: infinite for squared loss.
    pub least_curvature: f64,
}

impl<'a> Terms<'a> {
    /// The losses of the tasks of `source`, with an intercept or without.
    ///
    /// # Errors
    /// If tasks differ in the number of links, and the first that does is named; if there are none, or not as many names as tasks.
    #[inline]
    pub fn new(source: Source<'a>, intercept: bool) -> Result<Self> {
        match source {
            Source::Rows(tasks) => Self::of_rows(tasks, intercept),
            Source::Products(names, summaries) => {
                let numbers = Numbers::Products(Cow::Borrowed(summaries));
                Self::of_numbers(names, summaries.tasks(), numbers, intercept)
            }
            Source::Factors(names, factors) => {
                let numbers = Numbers::Factors(factors);
                Self::of_numbers(names, factors.tasks(), numbers, intercept)
            }
        }
    }

    #[inline]
    fn of_rows(tasks: &'a TaskSet<'a, f64>, intercept: bool) -> Result<Self> {
        let all = tasks.tasks();
        let links = all[0].kind.links();
        if let Some(other) = all.iter().find(|t| t.kind.links() != links) {
            let problem =
                "cannot share coefficients with the first task: it has another number of classes";
            return Err(Error::task(&other.name, problem));
        }
        let mut block = Block::new(tasks.features() + usize::from(intercept), links);
        let summaries = match tasks.one_kind() {
            Some(Kind::Number) => Summaries::of(tasks, 1)?,
            _ => block.summaries(tasks)?,
        };
        let named = all.iter().map(|t| (t.name.as_str(), t.kind)).collect();
        let numbers = Numbers::Products(Cow::Owned(summaries));
        let terms = Self::over(named, numbers, block, intercept);
        Ok(Self {
            rows: Some(tasks),
            ..terms
        })
    }

    #[inline]
    fn of_numbers(
        names: &[&'a str],
        tasks: usize,
        numbers: Numbers<'a>,
        intercept: bool,
    ) -> Result<Self> {
        check::not_empty("tasks", names.len())?;
        check::shape("names", (names.len(), 1), (tasks, 1))?;
        let named = names.iter().map(|&name| (name, Kind::Number)).collect();
        let block = Block::new(numbers.features() + usize::from(intercept), 1);
        Ok(Self::over(named, numbers, block, intercept))
    }

    fn over(
        tasks: Vec<(&'a str, Kind)>,
        numbers: Numbers<'a>,
        block: Block,
        intercept: bool,
    ) -> Self {
        let mut kept = 0;
        let place = tasks.iter().map(|&(_, kind)| {
            kept += usize::from(kind != Kind::Number);
            (kind != Kind::Number).then(|| kept - 1)
        });
        let place = place.collect();
        let links = tasks[0].1.links();
        let width = numbers.features() + usize::from(intercept);
        Self {
            tasks,
            numbers,
            rows: None,
            links,
            width,
            intercept,
            place,
            hessians: vec![0.0; kept * triangle(links * width)],
            block,
        }
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.numbers.features()
    }

    /// Whether the labels of task `t` give its intercept a level of their own; those of classes that occur join `seen`.
    pub fn gives_level(&self, t: usize, seen: &mut Vec<u32>) -> bool {
        let Some(tasks) = self.rows.filter(|_| self.place[t].is_some()) else {
            return self.numbers.weight(t) > 0.0;
        };
        let (task, classes) = (&tasks.tasks()[t], self.links.max(2));
        for (&row, &label) in task.rows.iter().zip(&task.labels) {
            if seen.len() == classes {
                break;
            }
            if tasks.weight(row) > 0.0 && !seen.contains(&(label as u32)) {
                seen.push(label as u32);
            }
        }
        seen.len() == classes
    }

    /// Numbers a task, `m = k D`.
    pub fn size(&self) -> usize {
        self.links * self.width
    }

    /// The factor of the rows of task `t`, where there are factors.
    pub fn factor(&self, t: usize) -> Option<TaskFactor<'_>> {
        match &self.numbers {
            Numbers::Products(_) => None,
            Numbers::Factors(factors) => Some(factors.task(t)),
        }
    }

    /// Whether there are factors.
    pub fn factored(&self) -> bool {
        matches!(self.numbers, Numbers::Factors(_))
    }

    /// Whether every loss is quadratic.
    pub fn quadratic(&self) -> bool {
        self.hessians.is_empty()
    }

    /// The loss of task `t` at `theta`.
    #[inline]
    pub fn value(&mut self, t: usize, theta: &[f64]) -> f64 {
        match self.rows.filter(|_| self.place[t].is_some()) {
            Some(tasks) => self.block.pass(tasks, t, theta, None).value,
            None => self.numbers.expand(t, theta, None),
        }
    }

    /// The loss of task `t` at `theta`, its gradient into `g: m`; its Hessian is kept.
    #[inline]
    pub fn expand(&mut self, t: usize, theta: &[f64], g: &mut [f64]) -> Expansion {
        if let (Some(tasks), Some(place)) = (self.rows, self.place[t]) {
            let triangle = triangle(self.size());
            let into = &mut self.hessians[place * triangle..][..triangle];
            return self.block.pass(tasks, t, theta, Some((g, into)));
        }
        Expansion {
            value: self.numbers.expand(t, theta, Some(g)),
            least_curvature: f64::INFINITY,
        }
    }

    /// `out += factor H`, H the Hessian of task `t` at the point last expanded about, `m x m`, whole.
    ///
    /// # Panics
    /// If there are factors: they are not squared.
    pub fn add_hessian(&self, t: usize, factor: f64, out: &mut [f64]) {
        let Some(place) = self.place[t] else {
            let Numbers::Products(summaries) = &self.numbers else {
                unreachable!("factors are solved by rotations");
            };
            return add_products(summaries.task(t), self.intercept, factor, out);
        };
        let m = self.size();
        let packed = &self.hessians[place * triangle(m)..][..triangle(m)];
        for i in 0..m {
            for (j, h) in packed[triangle(i)..triangle(i + 1)].iter().enumerate() {
                out[i * m + j] += factor * h;
                if j < i {
                    out[j * m + i] += factor * h;
                }
            }
        }
    }
}

impl Numbers<'_> {
    fn features(&self) -> usize {
        match self {
            Self::Products(summaries) => summaries.features(),
            Self::Factors(factors) => factors.features(),
        }
    }

    /// Total weight of the rows of task `t`.
    fn weight(&self, t: usize) -> f64 {
        match self {
            Self::Products(summaries) => summaries.task(t).weight(),
            Self::Factors(factors) => factors.task(t).weight(),
        }
    }

    /// The loss of task `t` at `theta`, and its gradient if wanted.
    #[inline]
    fn expand(&self, t: usize, theta: &[f64], g: Option<&mut [f64]>) -> f64 {
        match self {
            Self::Products(summaries) => {
                let at = Squared::at(summaries.task(t), theta);
                if let Some(g) = g {
                    at.gradient(g);
                }
                at.value()
            }
            Self::Factors(factors) => {
                let factor = factors.task(t);
                let residual = factor.residual(theta);
                if let Some(g) = g {
                    factor.gradient(&residual, g);
                }
                0.5 * dot(default_level(), &residual, &residual)
            }
        }
    }
}

/// `1/2 sum_i w_i (y_i - theta [x_i, 1])^2` over a task's rows, for its coefficients, and its intercept behind them.
pub fn squared_loss(summary: TaskSummary<'_>, theta: &[f64]) -> f64 {
    Squared::at(summary, theta).value()
}

/// A summary's loss at a point.
struct Squared<'s> {
    summary: TaskSummary<'s>,
    coef: &'s [f64],
    /// `theta S_xx - S_yx`.
    slope: Vec<f64>,
    /// `mean_y - theta [mean_x, 1]`.
    miss: f64,
}

impl<'s> Squared<'s> {
    fn at(summary: TaskSummary<'s>, theta: &'s [f64]) -> Self {
        let (level, d) = (default_level(), summary.xy().len());
        let (coef, bias) = theta.split_at(d);
        let mut slope: Vec<f64> = summary.xy().iter().map(|v| -v).collect();
        for (j, &w) in coef.iter().enumerate() {
            axpy(level, w, summary.xx().row(j), &mut slope);
        }
        let offset = bias.iter().sum::<f64>() + dot(level, coef, summary.mean_x());
        Self {
            summary,
            coef,
            slope,
            miss: summary.mean_y() - offset,
        }
    }

    fn value(&self) -> f64 {
        let (level, s) = (default_level(), self.summary);
        let spread = s.yy() + dot(level, self.coef, &self.slope) - dot(level, self.coef, s.xy());
        0.5 * (spread.max(0.0) + s.weight() * self.miss * self.miss)
    }

    fn gradient(&self, g: &mut [f64]) {
        let d = self.slope.len();
        let pull = -self.summary.weight() * self.miss;
        for j in 0..d {
            g[j] = self.slope[j] + pull * self.summary.mean_x()[j];
        }
        g[d..].fill(pull);
    }
}

/// `out += factor (S_xx + n [mean_x, 1] [mean_x, 1]')`.
fn add_products(summary: TaskSummary<'_>, intercept: bool, factor: f64, out: &mut [f64]) {
    let (level, d) = (default_level(), summary.xy().len());
    let m = d + usize::from(intercept);
    let mean = |j: usize| if j < d { summary.mean_x()[j] } else { 1.0 };
    for (i, row) in out.chunks_exact_mut(m).enumerate() {
        if i < d {
            axpy(level, factor, summary.xx().row(i), &mut row[..d]);
        }
        let pull = factor * summary.weight() * mean(i);
        axpy(level, pull, summary.mean_x(), &mut row[..d]);
        if intercept {
            row[d] += pull;
        }
    }
}
