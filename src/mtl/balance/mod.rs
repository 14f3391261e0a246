//! Balancing: how much each of T tasks counts in one step of the parameters that they share.
//!
//! A rule turns what one batch says about the tasks into weights w, in f64. The shared parameters then move along
//! ```text
//! d = sum_t w_t g_t          g_t = the gradient of task t's loss w.r.t. the shared parameters
//! ```
//! and each task's own parameters along its own gradient, with weight 1.
//!
//! *By losses*, at the price of one backward pass: [`Equal`], [`Fixed`], [`Uncertainty`], [`ImtlL`], [`Dwa`], [`Geometric`], [`Random`],
//! [`Tchebycheff`], [`Famo`] (and one more forward pass), [`GradNorm`] (and the gradients' norms on one layer).
//!
//! *By gradients*, which can keep the tasks from harming each other: [`Mgda`], [`PcGrad`], [`GradVac`], [`CaGrad`], [`ImtlG`], [`NashMtl`],
//! [`FairGrad`], [`AlignedMtl`], [`UpGrad`], [`DualProj`], [`ConFig`], [`SdmGrad`]. All of them depend on the gradients through their
//! products alone, so they are given the Gram matrix `G_st = <g_s, g_t>` and never see a gradient; it is split into norms and cosines, so
//! that scales from 1e-150 to 1e150 do no harm.
//!
//! | what the weights add up to when tasks agree | rules |
//! |---|---|
//! | T: the step of summed losses | equal, dwa, gradnorm, pcgrad, gradvac, config |
//! | 1: the step of averaged losses | random, famo, mgda, imtl-g, aligned-mtl, upgrad, dualproj, sdmgrad; cagrad (up to 1 + c) |
//! | neither | fixed, uncertainty, imtl-l, geometric, tchebycheff; nash-mtl (`\|d\| = sqrt T`), fairgrad |
//!
//! No direction is worse for any task to first order, `<g_t, d> >= 0`: mgda, nash-mtl, fairgrad, upgrad, dualproj, cagrad with `c >= 1`.
//! The direction does not depend on the scales of the losses: nash-mtl, imtl-g, config (but for its length).

mod aligned;
mod cagrad;
mod config;
mod dual_cone;
mod dwa;
mod fair;
mod famo;
mod fixed;
mod geometric;
mod gradnorm;
mod gradvac;
mod imtl_g;
mod imtl_l;
mod learned;
mod mgda;
mod order;
mod pcgrad;
mod random;
mod rule;
mod sdmgrad;
mod shifted;
mod softmax;
mod spectrum;
mod state;
mod tchebycheff;
mod uncertainty;

use alloc::{vec, vec::Vec};

pub use aligned::{AlignedMtl, AlignedScale};
pub use cagrad::CaGrad;
pub use config::ConFig;
pub use dual_cone::{DualProj, UpGrad};
pub use dwa::Dwa;
pub use fair::{FairGrad, NashMtl};
pub use famo::Famo;
pub use fixed::{Equal, Fixed};
pub use geometric::Geometric;
pub use gradnorm::GradNorm;
pub use gradvac::GradVac;
pub use imtl_g::ImtlG;
pub use imtl_l::ImtlL;
pub use mgda::Mgda;
pub use order::Order;
pub use pcgrad::PcGrad;
pub use random::Random;
pub use rule::Needs;
pub use sdmgrad::SdmGrad;
pub use state::{BalanceState, Balanced, Outcome, Signals};
pub use tchebycheff::Tchebycheff;
pub use uncertainty::Uncertainty;

use crate::Result;
use rule::Rule;

/// A balancing rule and its settings: plain data.
///
/// ```
/// use cognate::mtl::balance::{Balance, Outcome, Signals};
/// let balance = Balance::named("mgda").unwrap();
/// let mut state = balance.start(2)?;
/// // The gradients (-4, 1, 1) and (6, 1, 1), of which the Gram matrix is:
/// let gram = [18.0, -22.0, -22.0, 38.0];
/// let mut weights = [0.0; 2];
/// let said = balance.weights(&mut state, &Signals::new(&[0.7, 0.9]).with_gram(&gram), &mut weights)?;
/// assert!((weights[0] - 0.6).abs() < 1e-12 && said.outcome == Outcome::Regular);
/// # Ok::<(), cognate::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Balance {
    /// Every weight is 1.
    Equal(Equal),
    /// Weights as given.
    Fixed(Fixed),
    /// Uncertainty weighting.
    Uncertainty(Uncertainty),
    /// IMTL-L.
    ImtlL(ImtlL),
    /// Dynamic weight average.
    Dwa(Dwa),
    /// Geometric mean of the losses.
    Geometric(Geometric),
    /// Random weights.
    Random(Random),
    /// Smooth Tchebycheff.
    Tchebycheff(Tchebycheff),
    /// FAMO.
    Famo(Famo),
    /// GradNorm.
    GradNorm(GradNorm),
    /// MGDA.
    Mgda(Mgda),
    /// PCGrad.
    PcGrad(PcGrad),
    /// GradVac.
    GradVac(GradVac),
    /// CAGrad.
    CaGrad(CaGrad),
    /// IMTL-G.
    ImtlG(ImtlG),
    /// Nash-MTL.
    NashMtl(NashMtl),
    /// FairGrad.
    FairGrad(FairGrad),
    /// Aligned-MTL.
    AlignedMtl(AlignedMtl),
    /// UPGrad.
    UpGrad(UpGrad),
    /// DualProj.
    DualProj(DualProj),
    /// ConFIG.
    ConFig(ConFig),
    /// SDMGrad.
    SdmGrad(SdmGrad),
}

impl Default for Balance {
    /// Equal weights.
    fn default() -> Self {
        Self::Equal(Equal)
    }
}

impl Balance {
    /// Every rule with its defaults, under its name.
    pub fn all() -> [(&'static str, Self); 22] {
        [
            ("equal", Self::Equal(Equal)),
            ("fixed", Self::Fixed(Fixed::default())),
            ("uncertainty", Self::Uncertainty(Uncertainty::default())),
            ("imtl-l", Self::ImtlL(ImtlL::default())),
            ("dwa", Self::Dwa(Dwa::default())),
            ("geometric", Self::Geometric(Geometric)),
            ("random", Self::Random(Random::default())),
            ("tchebycheff", Self::Tchebycheff(Tchebycheff::default())),
            ("famo", Self::Famo(Famo::default())),
            ("gradnorm", Self::GradNorm(GradNorm::default())),
            ("mgda", Self::Mgda(Mgda)),
            ("pcgrad", Self::PcGrad(PcGrad::default())),
            ("gradvac", Self::GradVac(GradVac::default())),
            ("cagrad", Self::CaGrad(CaGrad::default())),
            ("imtl-g", Self::ImtlG(ImtlG)),
            ("nash-mtl", Self::NashMtl(NashMtl)),
            ("fairgrad", Self::FairGrad(FairGrad::default())),
            ("aligned-mtl", Self::AlignedMtl(AlignedMtl::default())),
            ("upgrad", Self::UpGrad(UpGrad)),
            ("dualproj", Self::DualProj(DualProj)),
            ("config", Self::ConFig(ConFig)),
            ("sdmgrad", Self::SdmGrad(SdmGrad::default())),
        ]
    }

    /// The rule of that name with its defaults. Letters and digits count, not their case; `nash` is as good as `nash-mtl`.
    pub fn named(name: &str) -> Option<Self> {
        let letters = |name: &'static str| name.chars().filter(|c| *c != '-');
        let given = || {
            let all = name.chars().filter(|c| !matches!(c, '-' | '_' | ' '));
            all.flat_map(char::to_lowercase)
        };
        let fits = |(known, _): &(&'static str, Self)| {
            letters(known).eq(given())
                || known
                    .strip_suffix("-mtl")
                    .is_some_and(|short| short.chars().eq(given()))
        };
        Self::all().into_iter().find(fits).map(|(_, rule)| rule)
    }

    /// The rule's name.
    pub fn name(&self) -> &'static str {
        let same = |other: &Self| core::mem::discriminant(self) == core::mem::discriminant(other);
        let all = Self::all();
        let found = all.iter().find(|(_, rule)| same(rule));
        found.map_or("", |(name, _)| name)
    }

    /// The settings that are numbers, by name, to be read or set.
    pub fn settings(&mut self) -> Vec<(&'static str, &mut f64)> {
        match self {
            Self::Uncertainty(rule) => vec![("rate", &mut rule.rate)],
            Self::ImtlL(rule) => vec![("rate", &mut rule.rate)],
            Self::Dwa(rule) => vec![("temperature", &mut rule.temperature)],
            Self::Tchebycheff(rule) => vec![("mu", &mut rule.mu)],
            Self::Famo(rule) => vec![("rate", &mut rule.rate), ("decay", &mut rule.decay)],
            Self::GradNorm(rule) => vec![("alpha", &mut rule.alpha), ("rate", &mut rule.rate)],
            Self::GradVac(rule) => {
                vec![("beta", &mut rule.beta), ("epsilon", &mut rule.epsilon)]
            }
            Self::CaGrad(rule) => vec![("c", &mut rule.c)],
            Self::FairGrad(rule) => vec![("alpha", &mut rule.alpha)],
            Self::SdmGrad(rule) => vec![("lambda", &mut rule.lambda)],
            _ => vec![],
        }
    }

    /// Gives the rules that draw random numbers their seed.
    pub fn with_seed(mut self, seed: u64) -> Self {
        match &mut self {
            Self::Random(rule) => rule.seed = seed,
            Self::PcGrad(rule) => rule.order = rule.order.with_seed(seed),
            Self::GradVac(rule) => rule.order = rule.order.with_seed(seed),
            _ => {}
        }
        self
    }

    /// What [`Balance::weights`] looks at.
    #[inline]
    pub fn needs(&self) -> Needs {
        self.rule().needs()
    }

    /// The state before the first batch, for `tasks` tasks.
    ///
    /// # Errors
    /// [`crate::Error::Empty`] without tasks; [`crate::Error::Setting`] and [`crate::Error::Shape`] for settings that make no sense.
    #[inline]
    pub fn start(&self, tasks: usize) -> Result<BalanceState> {
        BalanceState::start(self, self.rule(), tasks)
    }

    /// A state that was saved as its [`BalanceState::steps`] and [`BalanceState::memory`].
    ///
    /// # Errors
    /// As [`Balance::start`]; [`crate::Error::Shape`] and [`crate::Error::NotFinite`] for a memory that is not this rule's.
    #[inline]
    pub fn resume(&self, tasks: usize, steps: u64, memory: &[f64]) -> Result<BalanceState> {
        let mut state = self.start(tasks)?;
        state.restore(steps, memory)?;
        Ok(state)
    }

    /// The weights for one batch, into `weights: T`; the state moves on. A task that is absent has weight 0 and is not looked at.
    ///
    /// # Errors
    /// [`crate::Error::NotFinite`] for a loss, norm or product that is NaN or infinite; the state is then as before.
    ///
    /// # Panics
    /// If a length is not that of the state's tasks, if the state is another rule's, or if `signals` lacks what [`Balance::needs`] says.
    #[track_caller]
    #[inline]
    pub fn weights(
        &self,
        state: &mut BalanceState,
        signals: &Signals<'_>,
        weights: &mut [f64],
    ) -> Result<Balanced> {
        self.owns(state);
        state.weights(self.rule(), signals, weights)
    }

    /// To be called with the losses of the *same* batch after the step, where [`Balance::needs`] says [`Needs::LossesAfter`].
    ///
    /// # Panics
    /// If there are not as many losses as tasks, or the state is another rule's.
    #[track_caller]
    #[inline]
    pub fn stepped(&self, state: &mut BalanceState, losses: &[f64]) {
        self.owns(state);
        state.stepped(self.rule(), losses);
    }

    /// To be called after each epoch; matters to [`Dwa`] only.
    ///
    /// # Panics
    /// If the state is another rule's.
    #[track_caller]
    #[inline]
    pub fn epoch_ended(&self, state: &mut BalanceState) {
        self.owns(state);
        state.epoch_ended(self.rule());
    }

    #[track_caller]
    fn owns(&self, state: &BalanceState) {
        let own = state.kind == core::mem::discriminant(self);
        assert!(own, "the state of another rule");
    }

    #[inline]
    fn rule(&self) -> &dyn Rule {
        match self {
            Self::Equal(rule) => rule,
            Self::Fixed(rule) => rule,
            Self::Uncertainty(rule) => rule,
            Self::ImtlL(rule) => rule,
            Self::Dwa(rule) => rule,
            Self::Geometric(rule) => rule,
            Self::Random(rule) => rule,
            Self::Tchebycheff(rule) => rule,
            Self::Famo(rule) => rule,
            Self::GradNorm(rule) => rule,
            Self::Mgda(rule) => rule,
            Self::PcGrad(rule) => rule,
            Self::GradVac(rule) => rule,
            Self::CaGrad(rule) => rule,
            Self::ImtlG(rule) => rule,
            Self::NashMtl(rule) => rule,
            Self::FairGrad(rule) => rule,
            Self::AlignedMtl(rule) => rule,
            Self::UpGrad(rule) => rule,
            Self::DualProj(rule) => rule,
            Self::ConFig(rule) => rule,
            Self::SdmGrad(rule) => rule,
        }
    }
}
