//! Rows in chunks: the same bits on any number of threads.
