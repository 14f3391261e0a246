//! Data: tables, splits, scalers, batches, generators, bundled real sets.
