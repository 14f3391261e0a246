//! The engine's workloads, one thread, named as in `benches/peers/README.md`; `benches/race.py` sets them against the peers.
//!
//!     cargo bench --bench engine [-- FILTER]

mod data;
mod heads;
mod limits;
mod logistic;
mod mixed;
mod multitask;
mod network;

criterion::criterion_group!(
    all,
    limits::benches,
    logistic::benches,
    network::benches,
    multitask::benches,
    mixed::benches,
    heads::benches
);
criterion::criterion_main!(all);
