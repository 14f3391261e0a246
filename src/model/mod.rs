//! Models: fit and predict, built on objectives and optimisers.
