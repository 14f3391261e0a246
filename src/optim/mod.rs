//! Optimisers over an [`Objective`](crate::objective::Objective) alone.
