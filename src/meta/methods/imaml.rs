//! Implicit MAML (Rajeswaran, Finn, Kakade and Levine 2019): a task's parameters are the optimum near the start, not the end of some steps.
//! ```text
//! theta_i = argmin L_S(theta) + mu / 2 ||theta - phi||^2
//! ```
//! The steps, which the pull is part of, must reach that optimum for the gradient to hold, which takes some ten of them, and a smooth
//! activation: a relu's optimum often lies on a kink. See [`Implicit`] for how that is checked; a report counts the tasks that failed.

use super::{MAML, Rule};
use crate::meta::{Implicit, MetaGradient};

/// The gradient through the optimum.
pub const IMAML: Rule = Rule {
    name: "imaml",
    gradient: MetaGradient::Implicit(Implicit::DEFAULT),
    proximal: 2.0,
    ..MAML
};
