//! The settings.

use crate::check;
use crate::error::Result;

/// What is maximised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Likelihood {
    /// The likelihood: variances are biased downwards, as if phi were known.
    Ml,
    /// The restricted likelihood, of what is left when phi is taken out (Patterson and Thompson 1971): the default of lme4 and
    /// statsmodels.
    #[default]
    Reml,
}

/// What the covariance of the tasks' own coefficients may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Covariance {
    /// Any.
    #[default]
    Full,
    /// A variance for the intercept and for each feature, as given; none of them correlated.
    Diagonal,
    /// One variance for the intercept and all features, as given.
    Scalar,
    /// A variance for the intercept; the features' coefficients are shared.
    Intercept,
}

/// Random-effects regression, the settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomEffects {
    /// What is maximised. Default REML.
    pub likelihood: Likelihood,
    /// What the covariance may be. Default full.
    pub covariance: Covariance,
    /// How small the certificate must be. Default 1e-8.
    pub tolerance: f64,
    /// Most steps of the search. Default 200.
    pub max_iter: usize,
    /// Threads that `fit` may use; the result does not depend on it. Default 1.
    pub threads: usize,
}

impl Default for RandomEffects {
    fn default() -> Self {
        Self {
            likelihood: Likelihood::default(),
            covariance: Covariance::default(),
            tolerance: 1e-8,
            max_iter: 200,
            threads: 1,
        }
    }
}

impl RandomEffects {
    /// Sets [`RandomEffects::likelihood`].
    pub fn with_likelihood(self, likelihood: Likelihood) -> Self {
        Self { likelihood, ..self }
    }

    /// Sets [`RandomEffects::covariance`].
    pub fn with_covariance(self, covariance: Covariance) -> Self {
        Self { covariance, ..self }
    }

    /// Sets [`RandomEffects::tolerance`].
    pub fn with_tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Sets [`RandomEffects::max_iter`].
    pub fn with_max_iter(self, max_iter: usize) -> Self {
        Self { max_iter, ..self }
    }

    /// Sets [`RandomEffects::threads`].
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        let positive = self.tolerance > 0.0;
        check::setting("tolerance", "above 0", self.tolerance, positive)
    }
}
