//! The gradient-based methods by name, one a file: each is a [`Rule`], plain data from which a network's learner follows.

mod anil;
mod boil;
mod cavia;
mod fomaml;
mod imaml;
mod lslr;
mod maml;
mod meta_sgd;
mod reptile;

pub use anil::ANIL;
pub use boil::BOIL;
pub use cavia::CAVIA;
pub use fomaml::FOMAML;
pub use imaml::IMAML;
pub use lslr::LSLR;
pub use maml::MAML;
pub use meta_sgd::META_SGD;
pub use reptile::REPTILE;

use super::learner::MetaGradient;
use super::rates::SharedBy;

/// Which part of a network a task adapts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All weights and biases.
    All,
    /// The last layer.
    Head,
    /// All layers but the last.
    Body,
    /// A context beside the inputs, which starts at 0 and is not meta-learned; the network itself stays shared.
    Context,
}

/// A rate that is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LearnedRate {
    /// Which parameters share one.
    pub shared_by: SharedBy,
    /// Whether each step has rates of its own.
    pub per_step: bool,
}

/// What tells one method from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The command's name for it.
    pub name: &'static str,
    /// What a task adapts.
    pub part: Part,
    /// The rates, where they are learned; they start at the inner rate.
    pub learned: Option<LearnedRate>,
    /// The way back.
    pub gradient: MetaGradient,
    /// The inner rate where none is given.
    pub inner_rate: f64,
    /// The pull towards the start where none is given.
    pub proximal: f64,
}

/// All of them.
pub const RULES: [Rule; 9] = [
    MAML, FOMAML, REPTILE, ANIL, BOIL, META_SGD, LSLR, CAVIA, IMAML,
];

impl Rule {
    /// The rule called `name`.
    pub fn named(name: &str) -> Option<Self> {
        RULES.into_iter().find(|rule| rule.name == name)
    }
}
