//! The linear models of all tasks, and of a task never seen where the method has one.

use alloc::{string::String, vec, vec::Vec};

use cognate_kernels::{MatMut, MatRef, Product, gemm, gemm_scratch};

use crate::check;
use crate::error::{Error, Result};
use crate::mtl::{Kind, Task};
use crate::workspace::default_level;

/// What a learned table's rows or columns are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// One a task.
    Tasks,
    /// One a feature.
    Features,
    /// One a feature, behind that for the intercept.
    Coefficients,
    /// Single numbers, or things without a name.
    Other,
}

/// What a method learned beside its coefficients: a relation of the tasks, a covariance, a support.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// What it is, such as `relation`: the tensor's name in files.
    pub name: &'static str,
    /// What its rows and columns are.
    pub axes: (Axis, Axis),
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Row-major.
    pub values: Vec<f64>,
}

/// One linear map a task: `W_t: k_t x d` and `b_t: k_t`, `k_t` being the links of its kind.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskLinear {
    features: usize,
    tasks: Vec<Place>,
    /// All tasks' rows, one below the other; those for a task never seen last.
    coef: Vec<f64>,
    intercept: Vec<f64>,
    shared: Option<Kind>,
    learned: Vec<Learned>,
}

/// Name, kind and first row of a task.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    name: String,
    kind: Kind,
    start: usize,
}

/// One task's linear map.
#[derive(Clone, Copy, Debug)]
pub struct LinearTask<'a> {
    /// What it predicts.
    pub kind: Kind,
    /// `k x d`.
    pub coef: MatRef<'a, f64>,
    /// `k`.
    pub intercept: &'a [f64],
}

impl TaskLinear {
    /// The model of `tasks` (names and kinds count, in this order) with `coef: K x d` and `intercept: K`, K being the sum of their links;
    /// if `shared`, as many rows more as a task has links, for a task never seen: the tasks must then be of one kind.
    ///
    /// # Errors
    /// If shapes do not fit, a number is not finite, or there is a shared part and tasks of two kinds.
    pub fn new<'t>(
        tasks: impl IntoIterator<Item = (&'t str, Kind)>,
        features: usize,
        coef: Vec<f64>,
        intercept: Vec<f64>,
        shared: bool,
    ) -> Result<Self> {
        let mut start = 0;
        let place = |(name, kind): (&str, Kind)| {
            start += kind.links();
            Place {
                name: name.into(),
                kind,
                start: start - kind.links(),
            }
        };
        let tasks: Vec<Place> = tasks.into_iter().map(place).collect();
        check::not_empty("tasks", tasks.len())?;
        let kind = tasks[0].kind;
        if let Some(other) = tasks.iter().find(|t| shared && t.kind != kind) {
            return Err(Error::task(
                &other.name,
                "is of another kind than the first",
            ));
        }
        let rows = start + if shared { kind.links() } else { 0 };
        check::shape("coef", (coef.len(), 1), (rows * features, 1))?;
        check::finite("coef", MatRef::planned(&coef, rows, features))?;
        check::shape("intercept", (intercept.len(), 1), (rows, 1))?;
        check::finite("intercept", MatRef::planned(&intercept, rows, 1))?;
        Ok(Self {
            features,
            tasks,
            coef,
            intercept,
            shared: shared.then_some(kind),
            learned: Vec::new(),
        })
    }

    /// As [`TaskLinear::new`], for the tasks of a set.
    ///
    /// # Errors
    /// The same.
    pub fn of(
        tasks: &[Task],
        features: usize,
        coef: Vec<f64>,
        intercept: Vec<f64>,
        shared: bool,
    ) -> Result<Self> {
        let named = tasks.iter().map(|t| (t.name.as_str(), t.kind));
        Self::new(named, features, coef, intercept, shared)
    }

    /// The same model with something more that was learned.
    pub fn with_learned(mut self, learned: Learned) -> Self {
        self.learned.push(learned);
        self
    }

    /// Number of tasks.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there are no tasks: never.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Number of features, `d`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The tasks' names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().map(|t| t.name.as_str())
    }

    /// The place of the task called `name`.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.tasks.iter().position(|t| t.name == name)
    }

    /// All coefficients, `K x d` (and those of a task never seen below).
    pub fn coef(&self) -> MatRef<'_, f64> {
        MatRef::planned(&self.coef, self.intercept.len(), self.features)
    }

    /// All intercepts, in the order of the coefficients' rows.
    pub fn intercept(&self) -> &[f64] {
        &self.intercept
    }

    /// What was learned beside them.
    pub fn learned(&self) -> &[Learned] {
        &self.learned
    }

    /// The map of task `t`.
    ///
    /// # Panics
    /// If there is no such task.
    #[track_caller]
    pub fn task(&self, t: usize) -> LinearTask<'_> {
        let Place { kind, start, .. } = self.tasks[t];
        self.map(kind, start)
    }

    /// The map for a task never seen, where the method has a shared part.
    pub fn unseen(&self) -> Option<LinearTask<'_>> {
        let kind = self.shared?;
        Some(self.map(kind, self.intercept.len() - kind.links()))
    }

    fn map(&self, kind: Kind, start: usize) -> LinearTask<'_> {
        let k = kind.links();
        let coef = &self.coef[start * self.features..][..k * self.features];
        LinearTask {
            kind,
            coef: MatRef::planned(coef, k, self.features),
            intercept: &self.intercept[start..][..k],
        }
    }
}

impl LinearTask<'_> {
    /// `X W' + 1 b'` for `x: n x d`: `n x k`, row-major.
    ///
    /// # Errors
    /// If `x` has other features or a number that is not finite.
    pub fn links(&self, x: MatRef<'_, f64>) -> Result<Vec<f64>> {
        let (n, d, k) = (x.rows(), self.coef.cols(), self.coef.rows());
        check::shape("x", (n, x.cols()), (n, d))?;
        check::finite("x", x)?;
        let mut z = vec![0.0; n * k];
        let mut scratch = vec![0.0; gemm_scratch::<f64>(default_level(), n, d, k)];
        let product = Product::new(x, self.coef.t()).bias(self.intercept);
        gemm(
            default_level(),
            product,
            MatMut::planned(&mut z, n, k),
            &mut scratch,
        );
        Ok(z)
    }
}
