//! What an optimiser says while it works and when it is done.

use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow;

/// Called after every iteration; `Break` stops the work and keeps the best point so far.
pub type Callback<'a> = &'a mut dyn FnMut(&Progress) -> ControlFlow<()>;

/// Where the work stands after an iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Iterations (or epochs) done.
    pub iteration: usize,
    /// Iterations allowed.
    pub max_iter: usize,
    /// Evaluations of the objective so far.
    pub evaluations: usize,
    /// The objective.
    pub value: f64,
    /// `max |gradient|`.
    pub gradient_norm: f64,
}

/// Why the work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The gradient is as small as was asked.
    Converged,
    /// An iteration improved the objective by less than was asked.
    SmallImprovement,
    /// What is left to gain is lost in rounding.
    Rounding,
    /// All iterations are used.
    MaxIterations,
    /// No step along the direction, nor along the gradient, lowers the objective: it is not smooth there, or its gradient is wrong.
    LineSearch,
    /// The objective or its gradient is not finite: at the start, or in the middle of a network's training.
    Diverged,
    /// The callback said so.
    Cancelled,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Converged => "converged",
            Self::SmallImprovement => "the last iteration improved too little",
            Self::Rounding => "what is left to gain is lost in rounding",
            Self::MaxIterations => "all iterations used",
            Self::LineSearch => "no step lowers the objective",
            Self::Diverged => "the objective is not finite",
            Self::Cancelled => "cancelled",
        })
    }
}

/// The outcome of an optimisation, about the point that it left.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations of the objective (with its gradient).
    pub evaluations: usize,
    /// Hessian or Gauss-Newton products.
    pub products: usize,
    /// The objective.
    pub value: f64,
    /// `max |gradient|`.
    pub gradient_norm: f64,
    /// Why the work ended.
    pub stopped: Stop,
    /// The objective at the start and after each iteration (the first 10,000 of them).
    pub history: Vec<f64>,
}

impl Report {
    /// Whether the gradient became as small as was asked: the only proof of an optimum.
    pub fn converged(&self) -> bool {
        self.stopped == Stop::Converged
    }
}
