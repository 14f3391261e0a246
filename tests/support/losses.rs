//! Losses, one row at a time.
