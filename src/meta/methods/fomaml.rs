//! First-order MAML (Finn, Abbeel and Levine 2017, section 5.2): the query gradient after the steps is taken for that by the start.
//!
//! A third of MAML's work; close to it after one short step, far behind after several.

use super::{MAML, Rule};
use crate::meta::MetaGradient;

/// MAML with the Hessian dropped.
pub const FOMAML: Rule = Rule {
    name: "fomaml",
    gradient: MetaGradient::FirstOrder,
    ..MAML
};
